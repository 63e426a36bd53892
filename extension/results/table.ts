/**
 * A results file as a table: of each picture the numbers that are sorted and filtered by, and where its line lies in the file. Lines are
 * read again when they are shown. A row keeps its number for as long as the table lives; a later line of the same id takes its place.
 */
import { float32, float64, int32, uint32, uint8 } from './column';
import { MOST_ROWS } from './limits';
import { TAGS, type FailedRow, type PictureRow, type ResultPrediction, type Tag } from './format';

/** Classes of each row that are kept, the most probable ones. */
export const BEST = 5;

const FAILED = 1;
const UNFAMILIAR = 2;

/** What a table keeps of a picture that was classified. */
export interface KeptRow extends Pick<PictureRow, 'kind' | 'id' | 'energy' | 'unfamiliar' | 'embedding'> {
  /** Best first; the logit where there is no probability. */
  predictions: (Pick<ResultPrediction, 'index' | 'probability'> & { logit?: number })[];
}

export class ResultsTable {
  readonly ids: string[] = [];
  /** Byte offset of each row's line, and its length. */
  readonly offset = float64();
  readonly length = uint32();
  /** (rows, BEST) class numbers, best first, -1 fills up. */
  readonly top = int32(BEST);
  /** Most probable class, -1: none. */
  readonly predicted = int32();
  /** Its probability (or its value), how far the next one lies below it, and the energy; NaN: not known. */
  readonly confidence = float32();
  readonly margin = float32();
  readonly energy = float32();
  /** Row of the embeddings file, -1: none. */
  readonly embedding = int32();
  /** 0, or the number of a tag from 1 on. */
  readonly tag = uint8();
  private readonly flags = uint8();
  private readonly rowOf = new Map<string, number>();
  /** Tags of pictures that have no row yet. */
  private readonly waiting = new Map<string, number>();
  failed = 0;
  unfamiliar = 0;
  tagged = 0;
  /** Grows with every change. */
  version = 0;

  /** @param classes how many there are: predictions of others are left out */
  constructor(private readonly classes: number) {}

  get rows(): number {
    return this.ids.length;
  }

  find(id: string): number | undefined {
    return this.rowOf.get(id);
  }

  isFailed(row: number): boolean {
    return (this.flags.get(row) & FAILED) !== 0;
  }

  isUnfamiliar(row: number): boolean {
    return (this.flags.get(row) & UNFAMILIAR) !== 0;
  }

  tagOf(row: number): Tag | null {
    return TAGS[this.tag.get(row) - 1] ?? null;
  }

  /** False when the table is full. */
  put(line: KeptRow | FailedRow, offset: number, length: number): boolean {
    let row = this.rowOf.get(line.id);
    if (row === undefined) {
      if (this.rows >= MOST_ROWS) return false;
      row = this.rows;
      this.rowOf.set(line.id, row);
      this.ids.push(line.id);
      this.setTag(row, this.waiting.get(line.id) ?? 0);
      this.waiting.delete(line.id);
    } else this.count(row, -1);
    this.version++;
    this.offset.upTo(row)[row] = offset;
    this.length.upTo(row)[row] = length;
    const isFailed = line.kind === 'failed';
    const top = this.top.upTo(row).fill(-1, row * BEST, (row + 1) * BEST);
    let [first, second] = [NaN, NaN];
    let known = 0;
    if (!isFailed) {
      for (const { index, probability, logit = NaN } of line.predictions) {
        if (index >= this.classes) continue;
        if (known === 0) first = probability ?? logit;
        if (known === 1) second = probability ?? logit;
        if (known < BEST) top[row * BEST + known] = index;
        known++;
      }
    }
    this.predicted.upTo(row)[row] = top[row * BEST]!;
    this.confidence.upTo(row)[row] = first;
    this.margin.upTo(row)[row] = first - (known > 1 ? second : 0);
    this.energy.upTo(row)[row] = isFailed ? NaN : (line.energy ?? NaN);
    this.embedding.upTo(row)[row] = isFailed ? -1 : (line.embedding ?? -1);
    this.flags.upTo(row)[row] = isFailed ? FAILED : line.unfamiliar ? UNFAMILIAR : 0;
    this.count(row, 1);
    return true;
  }

  private count(row: number, by: 1 | -1): void {
    if (this.isFailed(row)) this.failed += by;
    if (this.isUnfamiliar(row)) this.unfamiliar += by;
  }

  putTag(id: string, tag: Tag | null): void {
    const number = tag === null ? 0 : TAGS.indexOf(tag) + 1;
    const row = this.rowOf.get(id);
    this.version++;
    if (row !== undefined) this.setTag(row, number);
    else if (this.waiting.size < MOST_ROWS) this.waiting.set(id, number);
  }

  private setTag(row: number, number: number): void {
    this.tagged += Number(number > 0) - Number(row < this.tag.rows && this.tag.get(row) > 0);
    this.tag.upTo(row)[row] = number;
  }
}
