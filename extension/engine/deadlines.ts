/**
 * Milliseconds after which an engine process that has not answered is ended: no file, however it was made, holds up those who ask
 * for longer. The process may have to start first.
 */
export const deadlines = {
  /** What a model is, from its config and headers. */
  describe: 60_000,
  /** With a look at every weight: minutes for the largest on a slow disk. */
  readWeights: 600_000,
  /** The models of the hub's cache and of the workspace. */
  list: 60_000,
  /** Until a model's files tell how much there is to load; `loadingMs` comes to it. */
  open: 60_000,
  /** A text that somebody is writing. */
  check: 15_000,
} as const;

/** For loading so many bytes of weights, from a slow network or drawn from a seed on a busy machine. */
export const loadingMs = (bytes: number): number => Math.ceil((1000 * bytes) / 10e6);
