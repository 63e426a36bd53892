/** Longer than there is between the requests of one click. */
const REST_MS = 250;

let rest: NodeJS.Timeout | undefined;

/**
 * Says that a piece of work has ended. When no other does for a while, what it left is collected: V8 looks only when more is made, and the
 * pixels of a photograph would stay until the next one. Needs --expose-gc (./nodeEnvironment.ts), and does nothing without.
 */
export function collectAtRest(): void {
  clearTimeout(rest);
  rest = setTimeout(() => globalThis.gc?.(), REST_MS).unref();
}
