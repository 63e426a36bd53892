import type { EngineClient } from '../engine/client';
import type { EngineRequests } from '../engine/requests';

/** What panels need of the engine process' client. Requests reject with { code, message }. */
export type EnginePort = Pick<EngineClient, 'request' | 'pid'>;

/** Closes what the engine keeps. When its process has ended there is nothing to close: none is started for it. */
export function closeQuietly<K extends 'close-image' | 'close-model' | 'close-run'>(
  engine: EnginePort,
  name: K,
  what: EngineRequests[K]['take'],
): void {
  if (engine.pid !== undefined) void engine.request(name, what).catch(() => null);
}
