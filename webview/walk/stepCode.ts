/** The code of a step, shown in place when it is asked for: the function that computes it, from the package's own sources. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import { sayError } from '../app/words';
import { h, setText } from '../ui/dom';

interface Source {
  file: string;
  /** 1-based. */
  line: number;
}

export function stepCode({ host }: App, source: Source): HTMLElement {
  const name = h('p', { class: 'caption' });
  const code = h('pre', {
    class: 'walk-source',
    'data-testid': 'source-lines',
    role: 'group',
    tabindex: 0,
    'aria-label': source.file,
    hidden: true,
  });
  let asked = false;
  const fill = async () => {
    if (asked || !element.open) return;
    asked = true;
    try {
      const { first, lines } = await host.request('source', source);
      setText(name, l10n.t('{0}, lines {1} to {2}', source.file, first, first + lines.length - 1));
      const digits = String(first + lines.length).length;
      code.replaceChildren(
        ...lines.map((text, i) =>
          h(
            'span',
            { class: first + i === source.line ? 'marked' : null },
            `${String(first + i).padStart(digits)}  ${text}\n`,
          ),
        ),
      );
      code.hidden = false;
    } catch (error) {
      asked = false;
      setText(name, sayError(error));
    }
  };
  const element = h(
    'details',
    { class: 'walk-code', 'data-testid': 'step-code', ontoggle: () => void fill() },
    h('summary', {}, l10n.t('Show the code')),
    name,
    code,
  );
  return element;
}
