/** Main of a decoder process (dist/decoder.js): decodes what the engine process asks for until that ends. */
import { write } from 'node:fs';
import { promisify } from 'node:util';
import { toErrorShape } from '../../errors/engineError';
import { decodePixels, loadSharp } from '../../image/decode';
import { kill } from '../../system/kill';
import { CHUNK_BYTES, MEMORY_VARIABLE, PIXELS_FD, type FromDecoder, type ToDecoder } from './wire';

const WATCH_MS = 20;

const never = new AbortController().signal;
const writeFile = promisify(write);
/** Called when the engine has taken a chunk of that picture. */
const takers = new Map<number, () => void>();
let working = 0;

function main(): void {
  process.on('message', (message) => {
    const received = message as ToDecoder;
    if (received.kind === 'taken') takers.get(received.id)?.();
    else void answer(received);
  });
  process.on('disconnect', end);
  watchMemory(Number(process.env[MEMORY_VARIABLE] ?? Infinity));
  const ready = () => send({ kind: 'ready' });
  loadSharp().then(ready, ready); // a failure is told by the first picture
}

/** Nothing is worth saving, and an orderly exit would wait for libvips. */
const end = () => kill(process.pid);

async function answer({ id, source, region }: Extract<ToDecoder, { kind: 'decode' }>): Promise<void> {
  working++;
  try {
    const sized = (width: number, height: number) => send({ kind: 'size', id, pixels: width * height });
    const { pixels, makePreview, ...image } = await decodePixels(source, never, sized);
    send({ kind: 'decoded', id, image, pixelBytes: pixels.byteLength });
    const [preview] = await Promise.all([makePreview(), handOver(id, pixels, region)]);
    send({ kind: 'preview', id, preview, rss: process.memoryUsage.rss() });
  } catch (error) {
    send({ kind: 'refusal', id, error: toErrorShape(error) });
  } finally {
    working--;
  }
}

async function handOver(id: number, pixels: Uint8Array, region: number | null): Promise<void> {
  for (let at = 0; at < pixels.length; at += CHUNK_BYTES) {
    if (at > 0) await new Promise<void>((resolve) => takers.set(id, resolve));
    const chunk = pixels.subarray(at, at + CHUNK_BYTES);
    const written = region !== null && (await inRegion(chunk, region));
    send({ kind: 'chunk', id, bytes: written ? chunk.length : chunk });
  }
  takers.delete(id);
}

/** False when the file cannot take it, on a full disk for example. */
async function inRegion(chunk: Uint8Array, region: number): Promise<boolean> {
  try {
    for (let done = 0; done < chunk.length;) {
      const left = chunk.length - done;
      done += (await writeFile(PIXELS_FD, chunk, done, left, region * CHUNK_BYTES + done)).bytesWritten;
    }
    return true;
  } catch {
    return false;
  }
}

/** libvips allocates in threads of its own: this one is free to look. */
function watchMemory(limit: number): void {
  setInterval(() => {
    if (working > 0 && process.memoryUsage.rss() > limit) send({ kind: 'memory' }, end);
  }, WATCH_MS);
}

function send(message: FromDecoder, sent: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, sent);
}

main();
