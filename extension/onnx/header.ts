/**
 * What an .onnx file says about itself, without its weights: read by position, skipping every initializer, so that a
 * gigabyte of model costs a few kilobytes.
 */
import { withRegularFile, type RegularFile } from '../files/regularFile';
import { readModel, type OnnxModel } from './schema';

const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
/** Structure larger than this is no model a person made. */
const MOST_STRUCTURE = 256 * 2 ** 20;
/** Fields of a model and of its graph: a node or a weight each. */
const MOST_FIELDS = 1e6;

export interface OnnxHeader {
  /** With no initializers in it. */
  model: OnnxModel;
  /** Size of the whole file. */
  bytes: number;
}

/** Throws an Error with a plain reason, to be put after the file's name, a FileRefusal, or the operating system's. */
export function readOnnxHeader(file: string): Promise<OnnxHeader> {
  return withRegularFile(file, async (opened) => {
    const { size } = opened;
    if (size === 0) throw new Error('it is empty');
    const source = new FileWindow(opened);
    // An ONNX file is a ModelProto: it begins with one of its fields, a number or a message. Text and pickles do not.
    const [first = 0] = await source.read(0, 1);
    if (first >> 3 === 0 || first >> 3 > 20 || ![0, 2].includes(first & 7)) throw new Error('it is not an ONNX model');
    const kept: Uint8Array[] = [];
    let total = 0;
    const keep = async (to: Uint8Array[], from: number, end: number): Promise<void> => {
      total += end - from;
      if (total > MOST_STRUCTURE) throw new Error('it is not an ONNX model (its structure is too large)');
      to.push(await source.read(from, end));
    };
    for (const field of await fieldsOf(source, 0, size)) {
      if (field.tag !== MODEL_GRAPH) {
        await keep(kept, field.start, field.end);
        continue;
      }
      const graph: Uint8Array[] = [];
      for (const inner of await fieldsOf(source, field.value, field.end)) {
        if (inner.tag !== GRAPH_INITIALIZER) await keep(graph, inner.start, inner.end);
      }
      const body = Buffer.concat(graph);
      kept.push(Uint8Array.of((MODEL_GRAPH << 3) | 2), varint(body.length), body);
    }
    return { model: readModel(Buffer.concat(kept)), bytes: size };
  });
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
async function fieldsOf(source: FileWindow, from: number, to: number): Promise<Field[]> {
  const fields: Field[] = [];
  for (let at = from; at < to;) {
    if (fields.length >= MOST_FIELDS) throw new Error('it is not an ONNX model (it has too many fields)');
    const head = new Reader(await source.read(at, Math.min(to, at + 20)));
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

const WINDOW = 64 * 1024;

/** A file read by position; what lies close together comes from one read. */
class FileWindow {
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
    if (done < least) throw new Error('it is cut short');
    return target.subarray(0, done);
  }
}
