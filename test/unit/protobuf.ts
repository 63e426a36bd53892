/** Messages of the protobuf format byte by byte, as https://protobuf.dev/programming-guides/encoding says them. */
import type { RegularFile } from '../../extension/files/regularFile';

export type Bytes = number[];

export function varint(value: number | bigint): Bytes {
  const bytes: Bytes = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}
const key = (tag: number, wireType: number): Bytes => varint((tag << 3) | wireType);
export const number = (tag: number, value: number | bigint): Bytes => [...key(tag, 0), ...varint(value)];
export const bytes = (tag: number, value: ArrayLike<number>): Bytes => [...key(tag, 2), ...varint(value.length), ...Array.from(value)]; // prettier-ignore
export const text = (tag: number, value: string): Bytes => bytes(tag, Buffer.from(value));
export const message = (tag: number, ...fields: Bytes[]): Bytes => bytes(tag, fields.flat());
export const packed = (tag: number, values: number[]): Bytes => bytes(tag, values.flatMap(varint));
export const fixed32 = (tag: number, value: number): Bytes => [...key(tag, 5), ...new Uint8Array(Float32Array.of(value).buffer)]; // prettier-ignore
export const fixed64 = (tag: number): Bytes => [...key(tag, 1), ...Array<number>(8).fill(255)];

/** ModelProto with one graph of these fields. */
export const model = (graph: Bytes[], ...more: Bytes[]): Uint8Array =>
  Uint8Array.from([...number(1, 9), ...message(7, ...graph), ...more.flat()]);

/** A file in memory that gives what is asked for, and records it. */
export function memoryFile(content: Uint8Array) {
  const asked: [from: number, length: number][] = [];
  const file = {
    size: content.length,
    modified: 0,
    read(target: Uint8Array, from: number) {
      asked.push([from, target.length]);
      const part = content.subarray(from, from + target.length);
      target.set(part);
      return Promise.resolve(part.length);
    },
  } as unknown as RegularFile;
  return { file, asked };
}
