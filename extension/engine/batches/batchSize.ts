/** A panel that opens waits for a batch at most, and larger ones are hardly faster: their activations leave the caches. */
const TARGET_MS = 20;
const LARGEST = 64;

/** How many pictures go through a model at once, by how long the last ones took. */
export class BatchSize {
  private largest = LARGEST;
  /** Of one picture; 0: not known yet. */
  private ms = 0;

  get next(): number {
    if (this.ms === 0) return Math.min(4, this.largest);
    return Math.max(1, Math.min(this.largest, Math.floor(TARGET_MS / this.ms)));
  }

  took(pictures: number, ms: number): void {
    const each = ms / pictures;
    this.ms = this.ms === 0 ? each : 0.8 * this.ms + 0.2 * each;
  }

  /** So many need more memory than there is. False: there is no smaller batch. */
  tooMany(pictures: number): boolean {
    this.largest = Math.max(1, Math.floor(pictures / 2));
    return pictures > 1;
  }
}
