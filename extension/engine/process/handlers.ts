import type { EngineRequestName, EngineRequests, Progress } from '../requests';

/** One for every request. What it throws becomes the refusal. */
export type Handlers = {
  [K in EngineRequestName]: (
    take: EngineRequests[K]['take'],
    signal: AbortSignal,
    report: (progress: Progress<K>) => void,
  ) => EngineRequests[K]['give'] | Promise<EngineRequests[K]['give']>;
};
