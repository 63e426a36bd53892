import type { EngineRequestName, EngineRequests, Progress } from '../requests';

/** One for every request. What it throws becomes the refusal. `larger` gives it more time than it was asked with. */
export type Handlers = {
  [K in EngineRequestName]: (
    take: EngineRequests[K]['take'],
    signal: AbortSignal,
    report: (progress: Progress<K>) => void,
    larger: (ms: number) => void,
  ) => EngineRequests[K]['give'] | Promise<EngineRequests[K]['give']>;
};
