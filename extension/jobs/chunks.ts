/** Takes a few items at once from something that gives them one by one, which may be slow. */

/** What is there is not held back for what may come so much later. */
const PATIENCE_MS = 5;

export class Chunks<T> {
  private readonly iterator: AsyncIterator<T>;
  private pending: Promise<IteratorResult<T>> | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private isOver = false;

  constructor(items: AsyncIterable<T> | Iterable<T>) {
    this.iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : overAsync(items);
  }

  /** The next ones, one at least and `most` at the most; [] at the end. Those who ask at the same time get one chunk after the other. */
  take(most: number): Promise<T[]> {
    const taken = this.turn.then(() => this.next(most));
    this.turn = taken.catch(() => undefined);
    return taken;
  }

  /** Nothing more is taken. */
  async close(): Promise<void> {
    this.isOver = true;
    await this.iterator.return?.();
  }

  private async next(most: number): Promise<T[]> {
    const items: T[] = [];
    while (items.length < most && !this.isOver) {
      this.pending ??= this.iterator.next();
      const result = items.length === 0 ? await this.pending : await withPatience(this.pending);
      if (result === null) break;
      this.pending = null;
      if (result.done) this.isOver = true;
      else items.push(result.value);
    }
    return items;
  }
}

async function* overAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function withPatience<T>(promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), PATIENCE_MS)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
