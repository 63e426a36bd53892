import { open, type FileHandle } from 'node:fs/promises';
import { npyBody, npyHeader } from '../files/npyEncoding';

/** A float32 .npy file written piece by piece, in row-major order. */
export class NpyWriter {
  private constructor(
    private readonly file: FileHandle,
    private missing: number,
  ) {}

  static async create(path: string, shape: readonly number[]): Promise<NpyWriter> {
    const file = await open(path, 'w');
    await file.writeFile(npyHeader(shape));
    return new NpyWriter(
      file,
      shape.reduce((product, side) => product * side, 1),
    );
  }

  /** Throws when more values come than the shape has. */
  async append(values: Float32Array): Promise<void> {
    this.missing -= values.length;
    if (this.missing < 0) throw new Error(`${-this.missing} values more than the .npy file's shape has`);
    await this.file.writeFile(npyBody(values));
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
