/** What model the file is: the same facts as the report of ViT: Inspect Checkpoint. */
import * as l10n from '@vscode/l10n';
import type { EngineErrorShape } from '../../extension/errors/errorShape';
import type { Report } from '../../extension/models/report';
import { bySeverity, kindTable, modelFacts, verdictOf } from '../../extension/reports/modelReport';
import { say } from '../app/words';
import { findingItem } from '../facts/findings';
import { h, icon } from '../ui/dom';
import { facts, section } from '../ui/section';

export class ModelFacts {
  private readonly verdict = h('div', { class: 'verdict', role: 'status', 'data-testid': 'verdict' });
  private readonly findings = h('ul', { class: 'verdict-findings' });
  private readonly facts = h('div', {});
  /** Wider than the side bar: it scrolls, by keys too. */
  private readonly kinds = h('div', {
    ...{ class: 'kinds', tabindex: 0, role: 'group', 'aria-label': l10n.t('Weights by kind') },
  });
  private readonly architecture = section(l10n.t('Architecture'), 'architecture', true, this.facts);
  private readonly weights = section(l10n.t('Weights by kind'), 'kinds', true, this.kinds);
  readonly element = h(
    'div',
    { class: 'model-facts' },
    h('div', { class: 'verdict-part' }, this.verdict, this.findings),
    this.architecture,
    this.weights,
  );

  constructor() {
    this.architecture.hidden = true;
    this.weights.hidden = true;
  }

  show(report: Report | null, refusal: EngineErrorShape | null): void {
    const runnable = report?.runnable ?? false;
    const worst = !runnable
      ? 'error'
      : report?.findings.some(({ severity }) => severity === 'warning')
        ? 'warning'
        : null;
    this.verdict.replaceChildren(icon(worst ?? 'pass', worst ?? 'pass'), h('span', {}, say(verdictOf({ runnable }))));
    this.verdict.dataset.runnable = String(runnable);
    const findings = report ? bySeverity(report.findings) : [];
    this.findings.replaceChildren(
      ...(refusal ? [findingItem({ severity: 'error', ...refusal })] : []),
      ...findings.map(findingItem),
    );
    this.architecture.hidden = report === null;
    this.facts.replaceChildren(
      ...(report ? [facts(modelFacts(report).map(([name, text]) => [say(name), say(text)]))] : []),
    );
    const { kinds = [] } = report ?? {};
    this.weights.hidden = kinds.length === 0;
    this.kinds.replaceChildren(...(kinds.length > 0 ? [table(kindTable(kinds, say))] : []));
  }
}

function table([head = [], ...rows]: string[][]): HTMLElement {
  return h(
    'table',
    { class: 'ranking' },
    h('thead', {}, h('tr', {}, ...head.map((cell) => h('th', { scope: 'col' }, cell)))),
    h(
      'tbody',
      {},
      ...rows.map(([name, ...cells]) =>
        h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((cell) => h('td', {}, cell))),
      ),
    ),
  );
}
