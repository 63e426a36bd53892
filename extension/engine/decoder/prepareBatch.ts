/** Batches of pictures in a decoder process: read, decoded, resized and normalised there, several at once, whatever batch they are of. */
import { writeSync } from 'node:fs';
import { toErrorShape } from '../../errors/engineError';
import { decodePixels, loadSharp } from '../../image/decode';
import type { ImageSource } from '../../image/opened';
import { preprocess } from '../../image/preprocess';
import { addonOrOwnResize } from '../native/resize';
import { PIXELS_FD, type PreparedOnWire, type ToDecoder } from './wire';

/**
 * As many as libuv has threads for, on few cores too: each picture goes to and fro between this thread and those, and with as many as
 * there are cores one of them waits a quarter of the time. libvips then takes one thread for each.
 */
const AT_ONCE = 4;
/** The engine is told of pictures as large as that: they may take longer. */
const LARGE_PIXELS = 2e6;

const never = new AbortController().signal;
const waiting: (() => Promise<void>)[] = [];
let busy = 0;
let isSet = false;

type Asked = Extract<ToDecoder, { kind: 'prepare' }>;

/** Never rejects: what is wrong with a picture is its outcome. `large` is called with the pixels of large ones. */
export async function prepareBatch(asked: Asked, large: (pixels: number) => void): Promise<PreparedOnWire[]> {
  if (!isSet) {
    isSet = true;
    const sharp = await loadSharp().catch(() => null);
    // pictures side by side, not threads within one: a small one is done before its threads have started
    sharp?.concurrency(1);
  }
  const room = { at: asked.room?.begin ?? 0, end: asked.room ? asked.room.begin + asked.room.bytes : 0 };
  return Promise.all(asked.sources.map((source) => inTurn(() => prepareOne(source, asked, room, large))));
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve) => {
    waiting.push(async () => resolve(await work()));
    next();
  });
}

function next(): void {
  while (busy < AT_ONCE && waiting.length > 0) {
    busy++;
    void waiting.shift()!().finally(() => {
      busy--;
      next();
    });
  }
}

async function prepareOne(
  source: ImageSource,
  { how, memory }: Asked,
  room: { at: number; end: number },
  large: (pixels: number) => void,
): Promise<PreparedOnWire> {
  try {
    const sized = (pixels: number) => {
      if (pixels > LARGE_PIXELS) large(pixels);
    };
    const image = await decodePixels(source, never, { sized, memory });
    const { values, shape, ms } = await preprocess(image, how, addonOrOwnResize);
    const { width, height, bytes, modified, decodeMs } = image;
    const [, channels, rows, columns] = shape;
    const facts = { width, height, bytes, modified, decodeMs, preprocessMs: ms };
    return { shape: [channels, rows, columns], ...facts, values: handOver(values, room) };
  } catch (error) {
    return { error: toErrorShape(error) };
  }
}

/** Into the file where there is room; on a full disk, for example, with the message. */
function handOver(values: Float32Array, room: { at: number; end: number }): { at: number } | Float32Array {
  const { at } = room;
  if (at + values.byteLength > room.end) return values;
  room.at += values.byteLength;
  try {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length;) {
      done += writeSync(PIXELS_FD, bytes, done, bytes.length - done, at + done);
    }
    return { at };
  } catch {
    return values;
  }
}
