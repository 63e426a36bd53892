/** A text with a comment for translators has the key `text/comment`. */
export function textsOfSources(): Promise<Record<string, string | { message: string; comment: string[] }>>;
export function textsNotLiteral(): string[];
export function languages(): string[];
