/** Attention maps as a graph leaves them, brought into the one shape (h, N, N), rows of queries over keys. */
import type { Slice } from '../requests';

/** An output that holds maps. Axes are counted from the end; the others are batch and heads, in that order. */
export interface MapOutput {
  output: string;
  key: number;
  query: number;
}

/** A layer's maps: one output, or several that are heads kept apart, or branches whose mean is the layer's map. */
export interface LayerMaps {
  parts: MapOutput[];
  combine: 'heads' | 'mean';
}

export interface Values {
  dims: readonly number[];
  data: Float32Array;
}

/** The sides of a map's axes; null when they are not there or not equal: no self-attention. */
export function tokensOf(dims: readonly number[], { key, query }: MapOutput): number | null {
  const [keys, queries] = [dims.at(key), dims.at(query)];
  return -key <= dims.length && -query <= dims.length && keys === queries && keys !== undefined ? keys : null;
}

/** Of image `image` among `batch`: (h, N, N). */
export function mapsOf(values: Values, where: MapOutput, image: number, batch: number): Slice {
  const { dims, data } = values;
  const tokens = tokensOf(dims, where) ?? 0;
  const [key, query] = [dims.length + where.key, dims.length + where.query];
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, side) => product * side, 1));
  const others = dims.map((_, axis) => axis).filter((axis) => axis !== key && axis !== query);
  const count = others.reduce((product, axis) => product * (dims[axis] ?? 1), 1);
  const heads = Math.floor(count / batch);
  const [keyStride, queryStride] = [strides[key] ?? 1, strides[query] ?? 1];
  const result = new Float32Array(heads * tokens * tokens);
  for (let head = 0, to = 0; head < heads; head++) {
    let rest = image * heads + head;
    let start = 0;
    for (const axis of [...others].reverse()) {
      const side = dims[axis] ?? 1;
      start += (rest % side) * (strides[axis] ?? 1);
      rest = Math.floor(rest / side);
    }
    for (let row = 0; row < tokens; row++) {
      const at = start + row * queryStride;
      if (keyStride === 1) {
        result.set(data.subarray(at, at + tokens), to);
        to += tokens;
      } else {
        for (let column = 0; column < tokens; column++) result[to++] = data[at + column * keyStride] ?? 0;
      }
    }
  }
  return { shape: [heads, tokens, tokens], values: result };
}

/** All parts of a layer as one (h, N, N). */
export function combine(parts: Slice[], how: LayerMaps['combine']): Slice {
  const [first] = parts;
  if (first === undefined) return { shape: [0, 0, 0], values: new Float32Array() };
  if (parts.length === 1) return first;
  if (how === 'heads') {
    const [, rows = 0, columns = 0] = first.shape;
    const size = parts.reduce((sum, { values }) => sum + values.length, 0);
    const values = new Float32Array(size);
    let at = 0;
    for (const part of parts) {
      values.set(part.values, at);
      at += part.values.length;
    }
    return { shape: [size / (rows * columns), rows, columns], values };
  }
  const values = new Float32Array(first.values.length);
  for (const part of parts) for (let i = 0; i < values.length; i++) values[i]! += (part.values[i] ?? 0) / parts.length;
  return { shape: first.shape, values };
}

/** Whether rows over the keys add up to one: what is multiplied with V is attention, and lies as it is read. */
export function isAttention(values: Values, where: MapOutput): boolean {
  if (tokensOf(values.dims, where) === null) return false;
  const { shape, values: maps } = mapsOf(values, where, 0, 1);
  const tokens = shape[2] ?? 0;
  if (tokens < 2) return false;
  for (let at = 0; at < maps.length; at += tokens) {
    let sum = 0;
    for (let i = 0; i < tokens; i++) sum += maps[at + i] ?? 0;
    if (!(Math.abs(sum - 1) < 0.02)) return false;
  }
  return true;
}
