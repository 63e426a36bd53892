/** The full path of the first of these programs found on PATH, or null. */
export function which(...names: string[]): string | null;
