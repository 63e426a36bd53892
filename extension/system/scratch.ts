/**
 * Arrays that are used again. V8 gives large ones back when a few dozen megabytes of them have gathered, and what the system's allocator has
 * handed out between them stays: a job of many pictures grew by that.
 */
export class Scratch {
  private readonly kept: ArrayBuffer[] = [];

  /** `most`: how many are kept. */
  constructor(private readonly most: number) {}

  /** So many bytes at least, with whatever is in them. It is the caller's until it is given back, which it need not be. */
  take(bytes: number): ArrayBuffer {
    const kept = this.kept.pop();
    // with room for the next ones, which may be a little larger
    return kept && kept.byteLength >= bytes ? kept : new ArrayBuffer(Math.ceil(1.25 * bytes));
  }

  giveBack(buffer: ArrayBuffer): void {
    if (this.kept.length < this.most) this.kept.push(buffer);
  }
}
