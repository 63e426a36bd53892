import { LRUCache } from 'lru-cache';
import { EngineError } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';

interface StoreLimits {
  count: number;
  /** Together; the newest entry stays even when it alone is over. */
  bytes: number;
}

/** Things the engine process keeps by number. The least recently used go, released, when there are too many or too big. */
export class Store<T> {
  private readonly entries: LRUCache<number, { value: T }>;

  constructor(
    private readonly noun: string,
    limits: StoreLimits,
    private nextId: number,
    release: (value: T) => void,
  ) {
    this.entries = new LRUCache({
      max: limits.count,
      ...(Number.isFinite(limits.bytes) ? { maxSize: Math.floor(limits.bytes) } : {}),
      dispose: ({ value }) => release(value),
    });
  }

  add(value: T, bytes: number): number {
    const id = this.nextId++;
    const { maxSize } = this.entries;
    // the cache counts from one, and refuses what is larger than all of it
    this.entries.set(id, { value }, maxSize ? { size: Math.min(Math.max(1, Math.ceil(bytes)), maxSize) } : {});
    return id;
  }

  /** Throws ERR_GONE when it is not kept (any more). */
  get(id: number): T {
    const entry = this.entries.get(id);
    if (!entry)
      throw new EngineError('ERR_GONE', sentence('The engine no longer keeps {0} {1}; open it again.', this.noun, id));
    return entry.value;
  }

  /** Nothing happens when it is already gone. */
  remove(id: number): void {
    this.entries.delete(id);
  }
}
