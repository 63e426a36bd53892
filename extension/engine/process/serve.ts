/** What the engine's processes have in common: requests arrive over the channel to the parent, and each is answered. */
import type { EngineRequestName, EngineRequests, Progress } from '../requests';
import { EngineError, toErrorShape } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';
import { collectAtRest } from '../../system/atRest';
import { kill } from '../../system/kill';
import { GENERATION_VARIABLE, type FromEngine, type ToEngine } from '../wire';
import type { Handlers } from './handlers';

const IDS_A_GENERATION = 1_000_000;

type Request = Extract<ToEngine, { kind: 'request' }>;

/**
 * Answers requests with `handlers`, which may still be loading; `order` says when one's work begins. The process ends with its parent:
 * nothing is worth saving, and an orderly exit would wait for what is computed.
 */
export function serve(
  handlers: Promise<Partial<Handlers>>,
  order: (name: EngineRequestName, work: () => Promise<void>) => Promise<void> = (_name, work) => work(),
): void {
  const running = new Map<number, AbortController>();
  process.on('message', (message) => {
    const received = message as ToEngine;
    if (received.kind === 'cancel') running.get(received.id)?.abort();
    else void order(received.name, () => answer(handlers, running, received));
  });
  process.on('disconnect', () => kill(process.pid));
  send({ kind: 'ready', pid: process.pid });
}

/** Where the numbers a process hands out begin: those of an earlier process are never mistaken for its own. */
export const firstId = (): number => Number(process.env[GENERATION_VARIABLE] ?? 0) * IDS_A_GENERATION + 1;

async function answer(
  handlers: Promise<Partial<Handlers>>,
  running: Map<number, AbortController>,
  { id, name, take }: Request,
): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const known = await handlers;
    if (!Object.hasOwn(known, name)) throw new EngineError('ERR_ARGUMENT', sentence('There is no request {0}.', name));
    const handler = known[name] as (
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
    collectAtRest();
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
