/** Model files made on the spot: safetensors from names and shapes, whole directories, all below a folder of the test's own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';

/** A folder that is removed when the test file ends. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vit-models-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function write(folder: string, name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** A file of this header and `dataBytes` zeros; `headerLength` lies when given. */
export function file(header: unknown, dataBytes: number, headerLength?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerLength ?? BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
}

/** A sound file of float32 zeros. */
export function tensors(shapes: Record<string, number[]>, dtype = 'F32', bytes = 4): Buffer {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((product, side) => product * side, bytes);
    header[name] = { dtype, shape, data_offsets: [at, at + size] };
    at += size;
  }
  return file(header, at);
}

export interface Entry {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

/** A sound file's tensors, to be changed and written again with `pack`. */
export function unpack(path: string): Map<string, Entry> {
  const content = readFileSync(path);
  const length = Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.subarray(8, 8 + length).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const data = content.subarray(8 + length);
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    entries.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [name, { dtype, shape, bytes: data.subarray(begin, end) }],
    ),
  );
}

export function pack(entries: Map<string, Entry>): Buffer {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of entries) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  return Buffer.concat([file(header, 0), ...[...entries.values()].map(({ bytes }) => bytes)]);
}
