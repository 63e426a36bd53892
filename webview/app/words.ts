/**
 * The reader's language. Texts are written `l10n.t('…')`, with l10n from '@vscode/l10n'; what comes from the host (errors,
 * findings) are sentences, put into words here. Import this first: texts are looked up when modules are loaded.
 */
import { config, t as translate } from '@vscode/l10n';
import { isSentence, render, type Sentence } from '../../extension/errors/sentence';

/** The host puts the translations into the page as data (panel/html.ts); in English there are none. */
const bundle = globalThis.document?.getElementById('words')?.textContent;
if (bundle) config({ contents: bundle });

export function say(sentence: Pick<Sentence, 'template' | 'args'>): string {
  return render(sentence, (template) => translate(template));
}

/** Whatever was thrown, as one line. */
export function sayError(error: unknown): string {
  if (isSentence(error)) return say(error);
  return error instanceof Error ? error.message : String(error);
}
