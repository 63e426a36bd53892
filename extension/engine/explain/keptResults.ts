import { LRUCache } from 'lru-cache';
import { cancelled } from '../../errors/engineError';
import { untilAborted } from '../../system/waiting';

/** Float32 values kept a run, beyond which the least recently used go: 16 MB. */
const ROOM = 2 ** 22;

/** What was computed for a run, kept as long as the run; the same asked twice at a time is computed once. */
export class KeptResults {
  private readonly kept = new LRUCache<string, { value: unknown }>({ maxSize: ROOM });
  private readonly going = new Map<string, Promise<unknown>>();

  /** Computed by whoever asks first, for all who ask; kept when it succeeds. Whoever asked first may give up: the next one then starts anew. */
  async once<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (;;) {
      if (signal.aborted) throw cancelled();
      const kept = this.kept.get(key);
      if (kept) return kept.value as T;
      const other = this.going.get(key);
      if (!other) break;
      await untilAborted(
        other.catch(() => undefined),
        signal,
      );
    }
    const going = work();
    this.going.set(key, going);
    try {
      const value = await going;
      this.kept.set(key, { value }, { size: Math.min(ROOM, sizeOf(value)) });
      return value;
    } finally {
      this.going.delete(key);
    }
  }
}

/** How many numbers something holds, at least 1. */
function sizeOf(value: unknown): number {
  if (value instanceof Float32Array) return Math.max(1, value.length);
  if (typeof value !== 'object' || value === null) return 1;
  return Math.max(
    1,
    Object.values(value).reduce((sum: number, each: unknown) => sum + sizeOf(each), 0),
  );
}
