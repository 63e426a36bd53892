/** Main of the forked engine process (dist/engine.js): one message loop over a Session. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EngineRequestName, EngineRequests, Progress } from '../requests';
import { EngineError, toErrorShape } from '../../errors/engineError';
import { packageRoot } from '../../files/packageRoot';
import { Turns } from '../batches/turns';
import { Decoders } from '../decoder/decoders';
import { kill } from '../../system/kill';
import { GENERATION_VARIABLE, PICTURES_VARIABLE, type FromEngine, type ToEngine } from '../wire';
import type { Session } from './session';
import { sentence } from '../../errors/sentence';

const IDS_A_GENERATION = 1_000_000;

function main(): void {
  offerToOutOfMemoryKiller();
  const generation = Number(process.env[GENERATION_VARIABLE] ?? 0);
  const decoder = path.join(packageRoot(), 'dist', 'decoder.js');
  const decoders = new Decoders(decoder);
  // before anything else is loaded: the first picture waits for that process
  if (process.env[PICTURES_VARIABLE] !== 'none') decoders.warm();
  const turns = new Turns();
  const session = openSession(decoder, decoders, turns, generation * IDS_A_GENERATION);
  const running = new Map<number, AbortController>();

  process.on('message', (message) => {
    const received = message as ToEngine;
    if (received.kind === 'cancel') running.get(received.id)?.abort();
    else if (received.name === 'classify-pictures') void answer(session, running, received);
    else void turns.first(() => answer(session, running, received));
  });
  // The window is gone. Nothing is worth saving, and an orderly exit would wait for the forward pass.
  process.on('disconnect', () => kill(process.pid));
  send({ kind: 'ready', pid: process.pid });
}

/** Linux ends the process with the highest score when memory runs out: rather this one, which is started again, than the editor. */
function offerToOutOfMemoryKiller(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // some containers allow no change; everything else goes on
  }
}

/** Loads the rest of the engine, while the decoder starts. */
async function openSession(decoder: string, decoders: Decoders, turns: Turns, idsAfter: number): Promise<Session> {
  const [{ Session }, { backend }, { batchesOf }, { loadBinding }] = await Promise.all([
    import('./session'),
    import('./backends'),
    import('./jobs'),
    import('../native/binding'),
  ]);
  const decode: Decoders['decode'] = (source, signal, memory) => decoders.decode(source, signal, memory);
  const batches = batchesOf(decoder, turns);
  return new Session({ batches, binding: loadBinding, backend, decode, idsAfter });
}

async function answer(
  opening: Promise<Session>,
  running: Map<number, AbortController>,
  { id, name, take }: Extract<ToEngine, { kind: 'request' }>,
): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const session = await opening;
    if (!Object.hasOwn(session.handlers, name))
      throw new EngineError('ERR_ARGUMENT', sentence('There is no request {0}.', name));
    const handler = session.handlers[name] as (
      take: unknown,
      signal: AbortSignal,
      report: (progress: Progress<EngineRequestName>) => void,
      larger: (ms: number) => void,
    ) => Promise<EngineRequests[EngineRequestName]['give']>;
    const report = (progress: Progress<EngineRequestName>) => send({ kind: 'progress', id, progress });
    const larger = (ms: number) => send({ kind: 'larger', id, ms });
    send({ kind: 'answer', id, give: await handler(take, controller.signal, report, larger) });
  } catch (error) {
    const shape = toErrorShape(error);
    send({ kind: 'refusal', id, error: shape });
    if (shape.code === 'ERR_INTERNAL') process.stderr.write(stackOf(error));
  } finally {
    running.delete(id);
  }
}

/** For the log. A thrown value may be anything, a proxy among them. */
function stackOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.stack ?? ''}\n` : '';
  } catch {
    return '';
  }
}

function send(message: FromEngine): void {
  // the callback keeps a channel that closed meanwhile from being an uncaught error
  process.send?.(message, undefined, undefined, () => undefined);
}

main();
