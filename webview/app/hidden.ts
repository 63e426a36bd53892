/** Which patches are hidden from the model, and the ways there and back. */

export interface History {
  /** What was hidden before, the newest last. */
  past: readonly (readonly number[])[];
  /** What was undone, the next one to come back last. */
  future: readonly (readonly number[])[];
}

export const noHistory: History = { past: [], future: [] };

/** More than anybody takes back; a thousand patches each are a few megabytes. */
const MOST = 200;

interface Hidden {
  /** 0-based, ascending. */
  hidden: readonly number[];
  history: History;
}

/** Hides these and shows all others (0-based, ascending). */
export function hide({ hidden, history }: Hidden, next: readonly number[]): Hidden {
  if (isSame(hidden, next)) return { hidden, history };
  return { hidden: next, history: { past: [...history.past, hidden].slice(-MOST), future: [] } };
}

export function undo({ hidden, history: { past, future } }: Hidden): Hidden {
  const before = past.at(-1);
  if (!before) return { hidden, history: { past, future } };
  return { hidden: before, history: { past: past.slice(0, -1), future: [...future, hidden] } };
}

export function redo({ hidden, history: { past, future } }: Hidden): Hidden {
  const next = future.at(-1);
  if (!next) return { hidden, history: { past, future } };
  return { hidden: next, history: { past: [...past, hidden], future: future.slice(0, -1) } };
}

const isSame = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((x, i) => x === b[i]);
