/** The weights of a model as they lie in its files, one after the other. */
import type { DType, ModelDescription, TensorSource } from '../architecture/description';
import { fileError } from '../errors/modelError';
import { bytesOf } from '../files/finite';
import { RegularFile } from '../files/regularFile';
import { initializersOf } from '../onnx/initializers';
import { readSafetensorsHeader, type StoredTensor } from './files/safetensors';

export interface StoredWeight {
  /** Of the architecture; in an ONNX graph the file's own. */
  canonical: string;
  /** The file's own tensor: several of them may be one of the architecture's, and parts of one several. */
  name: string;
  shape: readonly number[];
  dtype: DType;
  /** Index of the first value in the file's own tensor. */
  first: number;
  /** Its little-endian bytes, whole values in each piece; a piece is valid until the next one. */
  pieces: () => AsyncGenerator<Uint8Array>;
}

const PIECE = 4 * 2 ** 20;

/** Every weight the model has in a file, in the order of the computation where that is known. Throws ModelError when a file cannot be read. */
export async function* storedWeights({ weights }: ModelDescription): AsyncGenerator<StoredWeight> {
  if (weights.kind === 'seed') return;
  const files = new OpenFiles();
  try {
    if (weights.kind === 'onnx') yield* inGraph(files, weights.file);
    else for (const [canonical, source] of Object.entries(weights.tensors)) yield* inTensors(files, canonical, source);
  } finally {
    await files.close();
  }
}

async function* inGraph(files: OpenFiles, path: string): AsyncGenerator<StoredWeight> {
  for (const { name, dims, begin, end, dtype } of await files.use(path, initializersOf)) {
    const pieces = () => files.pieces(path, begin, end);
    yield { canonical: name, name, shape: dims, dtype, first: 0, pieces };
  }
}

async function* inTensors(files: OpenFiles, canonical: string, source: TensorSource): AsyncGenerator<StoredWeight> {
  if ('values' in source) return;
  const { dtype } = source;
  for (const part of source.parts) {
    if ('zeros' in part) continue;
    const pieces = () => files.pieces(part.file, part.begin, part.end);
    const tensor = await files.tensorAt(part.file, part.begin);
    yield tensor
      ? { canonical, ...tensor, dtype, first: (part.begin - tensor.begin) / bytesOf(dtype), pieces }
      : { canonical, name: canonical, shape: source.shape, dtype, first: 0, pieces };
  }
}

/** The files of a model: one of them is open at a time, and each header is read once. */
class OpenFiles {
  private current: RegularFile | null = null;
  private readonly headers = new Map<string, StoredTensor[]>();
  private readonly buffer = new Uint8Array(PIECE);

  async use<T>(path: string, work: (file: RegularFile) => Promise<T>): Promise<T> {
    try {
      if (this.current?.path !== path) {
        await this.close();
        this.current = await RegularFile.open(path);
      }
      return await work(this.current);
    } catch (error) {
      throw fileError(path, error);
    }
  }

  async *pieces(path: string, begin: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = begin; at < end; at += PIECE) {
      const piece = this.buffer.subarray(0, Math.min(PIECE, end - at));
      yield piece.subarray(0, await this.use(path, (file) => file.read(piece, at)));
    }
  }

  /** The file's own tensor that a byte belongs to. */
  async tensorAt(path: string, byte: number): Promise<StoredTensor | undefined> {
    let tensors = this.headers.get(path);
    if (!tensors) {
      tensors = [...(await readSafetensorsHeader(path)).tensors.values()].sort((a, b) => a.begin - b.begin);
      this.headers.set(path, tensors);
    }
    let [low, high] = [0, tensors.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tensors[middle]!.end <= byte) low = middle + 1;
      else high = middle;
    }
    const found = tensors[low];
    return found && found.begin <= byte ? found : undefined;
  }

  async close(): Promise<void> {
    const { current } = this;
    this.current = null;
    await current?.close();
  }
}
