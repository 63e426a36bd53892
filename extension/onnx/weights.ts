/** Reads a model's tensors as float32 in TypeScript: the export and the engine of last resort must not need the addon. */
import { closeSync, readSync } from 'node:fs';
import { openRegularFileSync } from '../files/regularFile';
import { floatsOf } from '../files/floats';
import type { TensorPart, TensorSource } from '../architecture/description';

/** Looks a canonical tensor up; null when the model has none of that name. */
export type TensorReader = (name: string) => { shape: number[]; values: Float32Array } | null;

/** Tensors straight from weight files. Throws an Error naming the file when it is shorter than its header said. */
export function tensorsFromFiles(tensors: Record<string, TensorSource>): TensorReader {
  return (name) => {
    const source = tensors[name];
    if (source === undefined) return null;
    if ('values' in source) return { shape: source.shape, values: source.values };
    const bytes = new Uint8Array(source.parts.reduce((sum, part) => sum + bytesOf(part), 0));
    let at = 0;
    for (const part of source.parts) {
      if ('file' in part) readInto(part.file, part.begin, bytes.subarray(at, at + bytesOf(part)));
      at += bytesOf(part);
    }
    const values = floatsOf(bytes, source.dtype);
    return source.axes ? permuted(values, source.shape, source.axes) : { shape: source.shape, values };
  };
}

const bytesOf = (part: TensorPart): number => ('zeros' in part ? part.zeros : part.end - part.begin);

/** numpy.transpose(values, axes) */
function permuted(values: Float32Array, stored: number[], axes: number[]): { shape: number[]; values: Float32Array } {
  const shape = axes.map((axis) => stored[axis] ?? 0);
  const strides = stored.map((_, i) => stored.slice(i + 1).reduce((product, size) => product * size, 1));
  const at = shape.map(() => 0);
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = values[at.reduce((from, index, axis) => from + index * (strides[axes[axis] ?? 0] ?? 0), 0)] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at[axis] = (at[axis] ?? 0) + 1;
      if ((at[axis] ?? 0) < (shape[axis] ?? 0)) break;
      at[axis] = 0;
    }
  }
  return { shape, values: out };
}

function readInto(file: string, begin: number, target: Uint8Array): void {
  const descriptor = openRegularFileSync(file);
  try {
    for (let done = 0; done < target.length;) {
      const read = readSync(descriptor, target, done, target.length - done, begin + done);
      if (read === 0) throw new Error(`${file} is shorter than its header says`);
      done += read;
    }
  } finally {
    closeSync(descriptor);
  }
}
