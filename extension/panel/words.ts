import * as vscode from 'vscode';
import { render, type Sentence } from '../errors/sentence';

/** A sentence from below (an error, a finding) in the language of VS Code. */
export function say(sentence: Pick<Sentence, 'template' | 'args'>): string {
  return render(sentence, (template) => vscode.l10n.bundle?.[template] ?? template);
}
