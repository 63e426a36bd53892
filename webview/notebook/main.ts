/** Entry of the renderer of notebook outputs: an ES module that VS Code loads into a notebook's page. Nothing from the network. */
import { config } from '@vscode/l10n';
import { isSentence } from '../../extension/errors/sentence';
import { say, sayError } from '../app/words';
import { onThemeChange } from '../drawing/theme';
import { h } from '../ui/dom';
import { MapView } from './mapView';
import { readOutput } from './output';
import { styles } from './styles';

/** What VS Code hands to a renderer, as far as it is used here. */
interface RendererContext {
  postMessage?: (message: unknown) => void;
  onDidReceiveMessage?: (listener: (message: unknown) => void) => void;
}
interface OutputItem {
  id: string;
  json(): unknown;
}

/** Without the extension's answer the texts are English. */
const PATIENCE_MS = 3000;

export function activate(context: RendererContext) {
  const shown = new Map<string, MapView>();
  document.head.append(h('style', {}, styles));
  onThemeChange(() => shown.forEach((view) => view.update()));
  const words = translated(context);
  return {
    async renderOutputItem(item: OutputItem, element: HTMLElement): Promise<void> {
      await words;
      try {
        const output = readOutput(item.json());
        if (isSentence(output)) return element.replaceChildren(h('p', { role: 'alert' }, say(output)));
        const view = new MapView(output, await createImageBitmap(output.picture));
        shown.set(item.id, view);
        element.replaceChildren(view.element);
        // it has its width only now
        view.update();
      } catch (error) {
        element.replaceChildren(h('p', { role: 'alert' }, sayError(error)));
      }
    },
    disposeOutputItem(id?: string): void {
      if (id === undefined) shown.clear();
      else shown.delete(id);
    },
  };
}

/** Asks the extension for the texts in the reader's language (panel/notebookWords.ts). */
function translated({ postMessage, onDidReceiveMessage }: RendererContext): Promise<void> {
  if (!postMessage || !onDidReceiveMessage) return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS);
    onDidReceiveMessage((message) => {
      const { words } = (message ?? {}) as { words?: Record<string, string> };
      if (words) config({ contents: words });
      resolve();
    });
    postMessage('words');
  });
}
