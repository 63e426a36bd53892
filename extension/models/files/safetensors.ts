/**
 * The header of a safetensors file, and nothing but the header: 8 bytes of length, that many bytes of JSON, then data.
 * The file comes from anywhere, so every number in it is checked before it is believed.
 * Format: https://huggingface.co/docs/safetensors (its reader refuses holes and overlaps too).
 */
import { visit } from 'jsonc-parser';
import { ModelError, fileError } from '../../errors/modelError';
import { count, grouped } from '../../errors/count';
import { MOST_NESTING, nestedTooDeep } from '../../files/jsonLimits';
import { withRegularFile } from '../../files/regularFile';
import { refusedByMagic } from './unsupportedFormats';
import { sentence, type Sentence } from '../../errors/sentence';

/** Bits of one element. Some are only recognised (to be named in a refusal), see USABLE in ./bind.ts. */
const DTYPE_BITS: Record<string, number> = {
  F64: 64, F32: 32, F16: 16, BF16: 16, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F6_E2M3: 6, F6_E3M2: 6, F4: 4, C64: 64,
  I64: 64, I32: 32, I16: 16, I8: 8, U64: 64, U32: 32, U16: 16, U8: 8, BOOL: 8,
}; // prettier-ignore

/** A ViT-22B header is below 1 MiB; this leaves room and still cannot be used to fill the memory. */
export const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_RANK = 8;

export interface StoredTensor {
  name: string;
  dtype: string;
  shape: number[];
  /** Absolute path, and byte range from the start of the file (end exclusive). */
  file: string;
  begin: number;
  end: number;
}

interface SafetensorsHeader {
  file: string;
  /** Size of the whole file. */
  bytes: number;
  headerBytes: number;
  metadata: Record<string, string>;
  /** In file order. */
  tensors: Map<string, StoredTensor>;
}

/** Reads and checks the header of `file`. Throws ModelError. */
export async function readSafetensorsHeader(file: string): Promise<SafetensorsHeader> {
  try {
    return await withRegularFile(file, async (opened) => {
      const { size } = opened;
      const start = Buffer.alloc(Math.min(64, size));
      await opened.read(start, 0);
      const text = Buffer.alloc(headerLength(file, start, size));
      if ((await opened.read(text, 8)) < text.length)
        throw new ModelError('corrupt', sentence('{0} changed while it was read.', file));
      return parseHeader(file, text, size);
    });
  } catch (error) {
    throw fileError(file, error);
  }
}

function headerLength(file: string, start: Buffer, size: number): number {
  if (size === 0) throw new ModelError('corrupt', sentence('{0} is empty.', file));
  const refusal = refusedByMagic(file, start);
  if (refusal) throw refusal;
  if (size < 8)
    throw new ModelError(
      'corrupt',
      sentence('{0} is too short for a safetensors file ({1}).', file, count(size, 'byte')),
    );
  const length = start.readBigUInt64LE(0);
  // Eight characters of text read as a number are far beyond any header.
  if (length > BigInt(MAX_HEADER_BYTES)) {
    if (isText(start)) throw new ModelError('corrupt', sentence('{0} is a text file, not a safetensors file.', file));
    throw new ModelError(
      'corrupt',
      sentence('{0} claims a header of {1} bytes; more than 16 MiB is not believed.', file, grouped(length)),
    );
  }
  if (8n + length > BigInt(size)) {
    throw new ModelError(
      'corrupt',
      sentence(
        '{0} is truncated: its header should be {1} long, the file ends after {2} of it.',
        file,
        count(Number(length), 'byte'),
        count(size - 8, 'byte'),
      ),
    );
  }
  return Number(length);
}

const isText = (bytes: Buffer) =>
  bytes.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));

/** Checks header text against the size of the file it was found in. */
export function parseHeader(file: string, text: Buffer, fileSize: number): SafetensorsHeader {
  const bad = (reason: Sentence) =>
    new ModelError('corrupt', sentence('{0} has a broken safetensors header: {1}.', file, reason));
  const json = text.toString('utf8');
  if (nestedTooDeep(json) !== null) throw bad(sentence('it is nested deeper than {0} levels', MOST_NESTING));
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw bad(sentence('it is not JSON'));
  }
  if (!isObject(parsed)) throw bad(sentence('it is not a JSON object'));
  const twice = duplicateKey(json);
  if (twice !== undefined) throw bad(sentence('"{0}" appears twice', twice));

  const dataStart = 8 + text.length;
  const metadata: Record<string, string> = {};
  const tensors: StoredTensor[] = [];
  for (const [name, entry] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      if (!isObject(entry) || Object.values(entry).some((value) => typeof value !== 'string')) {
        throw bad(sentence('__metadata__ is not a table of strings'));
      }
      for (const [key, value] of Object.entries(entry)) metadata[key] = value as string;
      continue;
    }
    const tensor = parseEntry(name, entry, bad);
    if (dataStart + tensor.end > fileSize) {
      throw new ModelError(
        'corrupt',
        sentence(
          '{0} is truncated: tensor "{1}" should end at byte {2}, the file has {3}.',
          file,
          name,
          dataStart + tensor.end,
          fileSize,
        ),
      );
    }
    tensors.push({
      name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      file,
      begin: dataStart + tensor.begin,
      end: dataStart + tensor.end,
    });
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkContiguous(tensors, dataStart, fileSize, bad);
  return {
    file,
    bytes: fileSize,
    headerBytes: text.length,
    metadata,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
  };
}

type Bad = (reason: Sentence) => ModelError;

function parseEntry(
  name: string,
  entry: unknown,
  bad: Bad,
): { dtype: string; shape: number[]; begin: number; end: number } {
  if (!isObject(entry)) throw bad(sentence('tensor "{0}" is not described by an object', name));
  const { dtype, shape, data_offsets: offsets } = entry;
  const bits = typeof dtype === 'string' && Object.hasOwn(DTYPE_BITS, dtype) ? DTYPE_BITS[dtype] : undefined;
  if (typeof dtype !== 'string' || bits === undefined)
    throw bad(
      dtype === undefined
        ? sentence('tensor "{0}" has no dtype', name)
        : sentence('tensor "{0}" has the unknown dtype {1}', name, JSON.stringify(dtype)),
    );
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize))
    throw bad(sentence('tensor "{0}" has an impossible shape', name));
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw bad(sentence('tensor "{0}" has impossible data_offsets', name));
  const [begin, end] = offsets as [number, number];
  if (end < begin) throw bad(sentence('tensor "{0}" ends before it begins', name));
  const elements = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(elements * bits) || elements * bits !== (end - begin) * 8) {
    throw bad(
      sentence(
        'tensor "{0}" of shape [{1}] and dtype {2} does not fill its {3}',
        name,
        shape.join(', '),
        dtype,
        count(end - begin, 'byte'),
      ),
    );
  }
  return { dtype, shape: shape, begin, end };
}

function checkContiguous(sorted: StoredTensor[], dataStart: number, fileSize: number, bad: Bad): void {
  let at = dataStart;
  for (const [i, tensor] of sorted.entries()) {
    // the first one cannot begin earlier: offsets count from the end of the header
    if (tensor.begin < at) throw bad(sentence('tensors "{0}" and "{1}" overlap', sorted[i - 1]!.name, tensor.name));
    if (tensor.begin > at)
      throw bad(sentence('{0} before tensor "{1}" belong to none', count(tensor.begin - at, 'byte'), tensor.name));
    at = tensor.end;
  }
  if (at < fileSize) throw bad(sentence('{0} after the last tensor belong to none', count(fileSize - at, 'byte')));
}

/** Duplicate keys are refused: JSON.parse keeps the last of them, other readers the first. */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let found: string | undefined;
  visit(json, {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty: (key) => {
      const keys = open[open.length - 1];
      if (keys?.has(key)) found ??= key;
      keys?.add(key);
    },
  });
  return found;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSize = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
