/** The tensors of a weight file as it stores them, whatever model they are of, and what their values are like. */
import { cancelled, EngineError } from '../errors/engineError';
import { FileFault } from '../errors/fileFault';
import { fileError, ModelError } from '../errors/modelError';
import { plainText } from '../errors/plainText';
import { sentence } from '../errors/sentence';
import { bytesOf } from '../files/finite';
import { withRegularFile, type RegularFile } from '../files/regularFile';
import { emptySummary, joined } from '../files/values';
import { everyInitializer } from '../onnx/initializers';
import type { Binding, DType, ValueSummary } from '../../native/binding';
import type { FileTensor, FileTensors, TensorStatistics } from './fileTensor';
import { assertConfined } from './files/namedFile';
import { readSafetensorsHeader } from './files/safetensors';

/** More are counted, not listed. */
const MOST_TENSORS = 20_000;
const MOST_NAME = 500;
const PIECE = 4 * 2 ** 20;

/** Where the values of a tensor lie in its file. */
export interface StoredValues {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** How its numbers are read; null: they are not. */
  format: DType | null;
  begin: number;
  end: number;
}

interface Reading {
  /** What reads values, too; null: they are not read. */
  addon: Pick<Binding, 'summarise'> | null;
  /** As in ModelQuery. */
  confinedTo?: string[];
  signal: AbortSignal;
  /** Told how many bytes of values will be read. */
  opened: (bytes: number) => void;
  report: (progress: { done: number; total: number }) => void;
}

/** Throws ModelError when the file cannot be read, ERR_CANCELLED between two pieces. */
export async function fileTensors(file: string, reading: Reading): Promise<FileTensors> {
  const stored = await storedValues(file, reading.confinedTo);
  const listed = stored.slice(0, MOST_TENSORS);
  const readable = listed.reduce((sum, { format, begin, end }) => sum + (format ? end - begin : 0), 0);
  if (reading.addon) reading.opened(readable);
  try {
    return await withRegularFile(file, async (opened) => {
      const tensors: FileTensor[] = [];
      let [done, reported] = [0, 0];
      for (const { name, dtype, shape, format, begin, end } of listed) {
        const statistics =
          reading.addon && format
            ? await statisticsOf(opened, { format, begin, end }, reading.addon, reading.signal)
            : null;
        tensors.push({ name: plainText(name).slice(0, MOST_NAME), dtype, shape, bytes: end - begin, statistics });
        if (!statistics) continue;
        done += end - begin;
        if (done - reported < readable / 100) continue;
        reading.report({ done, total: readable });
        reported = done;
      }
      return { bytes: opened.size, readable, tensors, total: stored.length };
    });
  } catch (error) {
    throw error instanceof EngineError ? error : fileError(file, error);
  }
}

/** In the file's order. Throws ModelError. */
export async function storedValues(file: string, confinedTo?: string[]): Promise<StoredValues[]> {
  await assertConfined(file, [file], confinedTo);
  if (file.toLowerCase().endsWith('.onnx')) return inGraph(file);
  const { tensors } = await readSafetensorsHeader(file);
  return [...tensors.values()].map(({ name, dtype, shape, begin, end }) => {
    return { name, dtype, shape, format: formatOf(dtype), begin, end };
  });
}

async function inGraph(file: string): Promise<StoredValues[]> {
  try {
    const found = await withRegularFile(file, everyInitializer);
    return found.map(({ name, type, dtype, dims, begin, end }) => {
      return { name, dtype: type, shape: dims, format: begin < end ? dtype : null, begin, end };
    });
  } catch (error) {
    if (!(error instanceof FileFault)) throw fileError(file, error);
    throw new ModelError('corrupt', sentence('{0} cannot be used: {1}.', file, error));
  }
}

const formatOf = (dtype: string): DType | null =>
  dtype === 'F32' || dtype === 'F16' || dtype === 'BF16' ? dtype : null;

async function statisticsOf(
  file: RegularFile,
  { format, begin, end }: { format: DType; begin: number; end: number },
  addon: Pick<Binding, 'summarise'>,
  signal: AbortSignal,
): Promise<TensorStatistics> {
  let summary = emptySummary();
  const size = bytesOf(format);
  const piece = new Uint8Array(Math.min(PIECE, Math.max(size, end - begin)));
  for (let at = begin; at < end; at += piece.length) {
    if (signal.aborted) throw cancelled();
    const part = piece.subarray(0, Math.min(piece.length, end - at));
    const bytes = part.subarray(0, await file.read(part, at));
    summary = joined(summary, addon.summarise({ bytes, dtype: format }));
  }
  return shown(summary);
}

function shown({ count, notFinite, squares, least, most, zeros }: ValueSummary): TensorStatistics {
  const finite = count - notFinite;
  if (finite === 0) return { rms: NaN, least: NaN, most: NaN, zeros, notFinite };
  return { rms: Math.sqrt(squares / finite), least, most, zeros, notFinite };
}
