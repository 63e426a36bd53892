/**
 * What an .onnx file says about itself, without its weights: read by position, skipping every initializer, so that a
 * gigabyte of model costs a few kilobytes.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { readModel, type OnnxModel } from './schema';

const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
/** Structure larger than this is no model a person made. */
const MOST_STRUCTURE = 256 * 2 ** 20;

/** The model with no initializers in it. Throws an Error with a plain reason, to be put after the file's name. */
export async function readOnnxHeader(file: string): Promise<OnnxModel> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const kept: Uint8Array[] = [];
    for (const field of await fieldsOf(handle, 0, size)) {
      if (field.tag !== MODEL_GRAPH) {
        kept.push(await readRange(handle, field.start, field.end));
        continue;
      }
      const graph: Uint8Array[] = [];
      for (const inner of await fieldsOf(handle, field.value, field.end)) {
        if (inner.tag !== GRAPH_INITIALIZER) graph.push(await readRange(handle, inner.start, inner.end));
      }
      const body = Buffer.concat(graph);
      kept.push(Uint8Array.of((MODEL_GRAPH << 3) | 2), varint(body.length), body);
    }
    return readModel(Buffer.concat(kept));
  } finally {
    await handle.close();
  }
}

interface Field {
  tag: number;
  /** Of the field with its key. */
  start: number;
  /** Of what a length-delimited field holds. */
  value: number;
  end: number;
}

/** Every field between two places of the file, one level deep. */
async function fieldsOf(handle: FileHandle, from: number, to: number): Promise<Field[]> {
  const fields: Field[] = [];
  for (let at = from; at < to;) {
    const head = new Reader(await readRange(handle, at, Math.min(to, at + 20)));
    const key = head.varint();
    const length = lengthOf(key & 7, head);
    const value = at + head.at;
    const end = value + length;
    if (end > to) throw new Error('it is cut short');
    fields.push({ tag: key >>> 3, start: at, value, end });
    at = end;
  }
  return fields;
}

function lengthOf(wireType: number, head: Reader): number {
  switch (wireType) {
    case 0:
      head.varint();
      return 0;
    case 1:
      return 8;
    case 2:
      return head.varint();
    case 5:
      return 4;
    default:
      throw new Error('it is not an ONNX model (its protobuf cannot be read)');
  }
}

class Reader {
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined || scale > 2 ** 63)
        throw new Error('it is not an ONNX model (its protobuf cannot be read)');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.from([...bytes, value]);
}

async function readRange(handle: FileHandle, from: number, to: number): Promise<Uint8Array> {
  if (to - from > MOST_STRUCTURE) throw new Error('it is not an ONNX model (its structure is too large)');
  const bytes = Buffer.alloc(to - from);
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done);
    if (bytesRead === 0) throw new Error('it is cut short');
    done += bytesRead;
  }
  return bytes;
}
