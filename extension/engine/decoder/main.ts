/** Main of a decoder process (dist/decoder.js): decodes what the engine process asks for until that ends. */
import { writeSync } from 'node:fs';
import { toErrorShape } from '../../errors/engineError';
import { decodePixels, loadSharp, type DecodedImage } from '../../image/decode';
import { preprocess, type Preprocessed } from '../../image/preprocess';
import type { Preprocessing } from '../../image/preprocessing';
import { collectAtRest } from '../../system/atRest';
import { kill } from '../../system/kill';
import { addonOrOwnResize } from '../native/resize';
import { PIECE_BYTES, pieceAt, PIECES, PIXELS_FD, type FromDecoder, type ImageFacts, type ToDecoder } from './wire';

const WATCH_MS = 20;

const never = new AbortController().signal;
/** Called when the engine has taken a piece of that picture. */
const takers = new Map<number, () => void>();
/** Bytes this process may hold, by the pictures under way. */
const limits = new Map<number, number>();

function main(): void {
  process.on('message', (message) => {
    const received = message as ToDecoder;
    if (received.kind === 'taken') takers.get(received.id)?.();
    else if (received.kind === 'prepare') void prepare(received);
    else void answer(received);
  });
  process.on('disconnect', end);
  watchMemory();
  const ready = () => send({ kind: 'ready' });
  loadSharp().then(ready, ready); // a failure is told by the first picture
}

/** Nothing is worth saving, and an orderly exit would wait for libvips. */
const end = () => kill(process.pid);

async function answer({ id, source, how, region, memory }: Extract<ToDecoder, { kind: 'decode' }>): Promise<void> {
  limits.set(id, memory);
  try {
    const sized = (pixels: number) => send({ kind: 'size', id, pixels });
    const { makePreview, modified: _modified, ...decoded } = await decodePixels(source, never, { sized, memory });
    const { image, input, values } = how ? await inputOf(decoded, how) : pixelsOf(decoded);
    send({ kind: 'decoded', id, image, input, valueBytes: values.length });
    const [preview] = await Promise.all([makePreview(), handOver(id, values, region)]);
    send({ kind: 'preview', id, preview, rss: process.memoryUsage.rss() });
  } catch (error) {
    send({ kind: 'refusal', id, error: toErrorShape(error) });
  } finally {
    limits.delete(id);
    collectAtRest();
  }
}

/** What is handed over of a picture. */
interface Given {
  image: ImageFacts;
  input: Omit<Preprocessed, 'values'> | null;
  values: Uint8Array;
}

const pixelsOf = ({ pixels, ...image }: Omit<DecodedImage, 'preview'>): Given => ({
  image,
  input: null,
  values: pixels,
});

async function inputOf(decoded: Omit<DecodedImage, 'preview'>, how: Preprocessing): Promise<Given> {
  const { values, ...input } = await preprocess(decoded, how, addonOrOwnResize);
  const { pixels: _pixels, exact: _exact, ...image } = decoded;
  return { image, input, values: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** Pictures of a batch, as the model takes them. */
async function prepare(asked: Extract<ToDecoder, { kind: 'prepare' }>): Promise<void> {
  const { id, memory } = asked;
  limits.set(id, memory);
  try {
    // a picture that somebody waits for does not wait for it
    const { prepareBatch } = await import('./prepareBatch');
    const pictures = await prepareBatch(asked, (pixels) => send({ kind: 'size', id, pixels }));
    send({ kind: 'prepared', id, pictures, rss: process.memoryUsage.rss() });
  } finally {
    limits.delete(id);
    collectAtRest();
  }
}

/** The engine reads a piece while the next ones are written. */
async function handOver(id: number, values: Uint8Array, region: number | null): Promise<void> {
  let taken = 0;
  let wake = () => {};
  takers.set(id, () => {
    taken++;
    wake();
  });
  for (let piece = 0; piece * PIECE_BYTES < values.length; piece++) {
    if (piece - taken >= PIECES) await new Promise<void>((resolve) => (wake = resolve));
    const bytes = values.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
    const written = region !== null && writePiece(bytes, pieceAt(region, piece));
    send({ kind: 'piece', id, bytes: written ? bytes.length : bytes });
  }
  takers.delete(id);
}

/** A copy in memory: not worth another thread. False when the file cannot take it, on a full disk for example. */
function writePiece(bytes: Uint8Array, position: number): boolean {
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(PIXELS_FD, bytes, done, bytes.length - done, position + done);
    }
    return true;
  } catch {
    return false;
  }
}

/** libvips allocates in threads of its own: this one is free to look. */
function watchMemory(): void {
  setInterval(() => {
    if (limits.size === 0) return;
    const limit = Math.min(...limits.values());
    if (limit < Infinity && process.memoryUsage.rss() > limit) send({ kind: 'memory', limit }, end);
  }, WATCH_MS);
}

function send(message: FromDecoder, sent: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, sent);
}

main();
