import { plainMessage, plainText } from './plainText';

/**
 * What a person reads, before it is in a language. The English template is the key of its translations (l10n/), as in
 * vscode.l10n.t; the arguments go into its places {0}, {1}. Plain data: it crosses processes and reaches the webview as it
 * is, and whoever shows it renders it. `message` is it in English, for logs and the command line.
 */
export interface Sentence {
  message: string;
  template: string;
  args: readonly Argument[];
}

/**
 * A string is from outside (a file's name, what is in a file) and becomes plain text. A sentence as an argument loses its full stop: it is a clause of another one. A list is joined by commas.
 */
export type Argument = string | number | Sentence | readonly Argument[];

/** The template's text in the reader's language, or the template itself. */
type Translate = (template: string) => string;

/**
 * `sentence('{0} does not exist.', file)`. The template is one literal, so that it is found for translation; what varies
 * in its wording (a plural, an optional half) is a template of its own.
 */
export function sentence(template: string, ...given: Argument[]): Sentence {
  return plainData({ template, args: given });
}

/**
 * A sentence as nothing but one, its English made anew as plain text: what clones errors drops their template, and what
 * the addon says holds names from files as they are.
 */
export function plainData({ template, args: given }: Pick<Sentence, 'template' | 'args'>): Sentence {
  const args = given.map(plainArgument);
  return { message: render({ template, args }, (english) => english), template, args };
}

function plainArgument(value: Argument): Argument {
  if (isSentence(value)) return plainData(value);
  return Array.isArray(value) ? value.map(plainArgument) : value;
}

/** Somebody else's words (the operating system's, a library's): the same in every language. */
export function verbatim(text: string): Sentence {
  return sentence('{0}', text);
}

/** `12`, `12 or 16`, `12 or 16 or 24`; nothing of nothing. */
export const either = ([first = '', ...others]: readonly Argument[]): Argument =>
  others.reduce((all, other) => sentence('{0} or {1}', all, other), first);

/** Between the items of a list. */
const comma: Pick<Sentence, 'template'> = sentence(', ');

export function render({ template, args }: Pick<Sentence, 'template' | 'args'>, translate: Translate): string {
  return translate(template).replace(/\{(\d+)\}/g, (place, n: string) => {
    const value = args[Number(n)];
    // a message as a whole, see verbatim
    if (template === '{0}' && typeof value === 'string') return plainMessage(value);
    return value === undefined ? place : renderArgument(value, translate);
  });
}

function renderArgument(value: Argument, translate: Translate): string {
  if (typeof value === 'string') return plainText(value);
  if (typeof value === 'number') return String(value);
  if ('template' in value) return render(value, translate).replace(/[.\u3002]$/, '');
  return value.map((item) => renderArgument(item, translate)).join(translate(comma.template));
}

/** Whether something that was thrown, or has arrived, is a sentence. */
export function isSentence(value: unknown): value is Sentence {
  const { message, template, args } = (value ?? {}) as Partial<Record<keyof Sentence, unknown>>;
  return typeof message === 'string' && typeof template === 'string' && Array.isArray(args);
}
