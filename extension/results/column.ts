/** Numbers of a table's column, one a row, in a typed array that grows by doubling. */

type Numbers = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

export class Column<T extends Numbers> {
  private values: T;
  private room: number;
  /** Rows up to the last one that was set. */
  rows = 0;

  constructor(
    private readonly make: (length: number) => T,
    /** Values a row. */
    private readonly width = 1,
  ) {
    this.room = 64;
    this.values = make(this.room * width);
  }

  get(row: number, k = 0): number {
    return this.values[row * this.width + k]!;
  }

  /**
   * The array with room for that row, whose values are written there: who writes it knows which kind of array it is, where a method for all
   * kinds takes several times as long.
   */
  upTo(row: number): T {
    if (row >= this.room) this.grow(row + 1);
    if (row >= this.rows) this.rows = row + 1;
    return this.values;
  }

  private grow(rows: number): void {
    this.room = Math.max(rows, 2 * this.room);
    const larger = this.make(this.room * this.width);
    larger.set(this.values);
    this.values = larger;
  }

  /** Of the first rows; not to be written to. */
  first(rows: number): T {
    return this.values.subarray(0, rows * this.width) as T;
  }
}

export const float64 = (): Column<Float64Array> => new Column((length) => new Float64Array(length));
export const float32 = (): Column<Float32Array> => new Column((length) => new Float32Array(length));
export const int32 = (width = 1): Column<Int32Array> => new Column((length) => new Int32Array(length), width);
export const uint32 = (): Column<Uint32Array> => new Column((length) => new Uint32Array(length));
export const uint8 = (): Column<Uint8Array> => new Column((length) => new Uint8Array(length));
