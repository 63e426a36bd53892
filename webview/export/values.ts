/** Numbers of the map on screen, and of every layer and head, as files. */
import { writeNpy } from '../../extension/files/npyEncoding';

export interface Values {
  /** (rows, columns) of a map, (layers, heads, tokens) of all of them. */
  shape: readonly number[];
  values: Float32Array;
  /** What each axis counts: the columns of a CSV file before the value. Counted from 1. */
  axes: readonly string[];
}

export const npyFile = ({ shape, values }: Values): Uint8Array => writeNpy(shape, values);

/** One line for each value, with its place on every axis. Shortest digits that give the same float32. */
export function csvFile({ shape, values, axes }: Values): Uint8Array {
  const lines = [[...axes, 'value'].join(',')];
  const place = shape.map(() => 1);
  for (const value of values) {
    lines.push(`${place.join(',')},${shortest(value)}`);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++place[axis]! <= shape[axis]!) break;
      place[axis] = 1;
    }
  }
  return new TextEncoder().encode(`${lines.join('\n')}\n`);
}

/** A float32 needs nine digits at most. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}
