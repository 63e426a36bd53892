/** Protobuf by position: which fields lie where in a file, so that large ones need not be read. */
import type { RegularFile } from '../files/regularFile';
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';

/** Fields of a model and of its graph: a node or a weight each. */
const MOST_FIELDS = 1e6;

/** Where a field of a protobuf message lies in a file. */
export interface Field {
  tag: number;
  /** 0: a number, 1: 8 bytes, 2: what has a length, 5: 4 bytes. */
  wireType: number;
  /** Of the field with its key. */
  start: number;
  /** Of what a length-delimited field holds. */
  value: number;
  end: number;
}

/** Every field between two places of the file, one level deep. */
export async function fieldsOf(source: FileWindow, from: number, to: number): Promise<Field[]> {
  const fields: Field[] = [];
  for (let at = from; at < to;) {
    if (fields.length >= MOST_FIELDS) throw new FileFault(sentence('it is not an ONNX model (it has too many fields)'));
    const head = new VarintReader(await source.read(at, Math.min(to, at + 20)));
    const key = head.varint();
    const length = lengthOf(key & 7, head);
    const value = at + head.at;
    const end = value + length;
    if (end > to) throw new FileFault(sentence('it is cut short'));
    fields.push({ tag: key >>> 3, wireType: key & 7, start: at, value, end });
    at = end;
  }
  return fields;
}

function lengthOf(wireType: number, head: VarintReader): number {
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
      throw new FileFault(sentence('it is not an ONNX model (its protobuf cannot be read)'));
  }
}

export class VarintReader {
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined || scale > 2 ** 63)
        throw new FileFault(sentence('it is not an ONNX model (its protobuf cannot be read)'));
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

const WINDOW = 64 * 1024;

/** A file read by position; what lies close together comes from one read. */
export class FileWindow {
  private start = 0;
  private bytes: Uint8Array = new Uint8Array();

  constructor(private readonly file: RegularFile) {}

  async read(from: number, to: number): Promise<Uint8Array> {
    if (to - from >= WINDOW) return this.fill(from, Buffer.alloc(to - from), to - from);
    if (from < this.start || to > this.start + this.bytes.length) {
      this.bytes = await this.fill(from, Buffer.alloc(WINDOW), to - from);
      this.start = from;
    }
    return this.bytes.slice(from - this.start, to - this.start);
  }

  /** Reads as much as fits; throws when there is less than `least`. */
  private async fill(from: number, target: Uint8Array, least: number): Promise<Uint8Array> {
    const done = await this.file.read(target, from);
    if (done < least) throw new FileFault(sentence('it is cut short'));
    return target.subarray(0, done);
  }
}
