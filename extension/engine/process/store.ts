import { EngineError } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';

interface Entry<T> {
  value: T;
  bytes: number;
}

interface StoreLimits {
  count: number;
  /** Together; the newest entry stays even when it alone is over. */
  bytes: number;
}

/** Things the engine process keeps by number. The least recently used go, released, when there are too many or too big. */
export class Store<T> {
  private readonly entries = new Map<number, Entry<T>>();
  private total = 0;

  constructor(
    private readonly noun: string,
    private readonly limits: StoreLimits,
    private nextId: number,
    private readonly release: (value: T) => void,
  ) {}

  add(value: T, bytes: number): number {
    const id = this.nextId++;
    this.entries.set(id, { value, bytes });
    this.total += bytes;
    for (const oldest of this.entries.keys()) {
      if (oldest === id || (this.entries.size <= this.limits.count && this.total <= this.limits.bytes)) break;
      this.remove(oldest);
    }
    return id;
  }

  /** Throws ERR_GONE when it is not kept (any more). */
  get(id: number): T {
    const entry = this.entries.get(id);
    if (!entry)
      throw new EngineError('ERR_GONE', sentence('The engine no longer keeps {0} {1}; open it again.', this.noun, id));
    // last in insertion order is the most recently used
    this.entries.delete(id);
    this.entries.set(id, entry);
    return entry.value;
  }

  /** Nothing happens when it is already gone. */
  remove(id: number): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    this.total -= entry.bytes;
    this.release(entry.value);
  }
}
