/** Over so long a rate is taken. */
const WINDOW_MS = 10_000;

/** How many a second, of late. */
export class Rate {
  private points: { at: number; done: number }[] = [];

  /** `done` of all so far. */
  add(done: number, now = performance.now()): void {
    this.points.push({ at: now, done });
    const first = this.points.findIndex(({ at }) => at >= now - WINDOW_MS);
    if (first > 1) this.points = this.points.slice(first - 1);
  }

  /** After a pause. */
  restart(): void {
    this.points = [];
  }

  /** 0 while it is not known. */
  get perSecond(): number {
    const [first, last] = [this.points[0], this.points.at(-1)];
    if (!first || !last || last.at <= first.at) return 0;
    return (1000 * (last.done - first.done)) / (last.at - first.at);
  }
}
