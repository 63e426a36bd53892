/** The command line was wrong: exit code 2. Everything else that fails is exit code 1. */
export class UsageError extends Error {}

/** An error as the one line people see. */
export const lineOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ').trim();

export function complain(error: unknown): void {
  console.error(`vit-inspector: ${lineOf(error)}`);
}
