/**
 * Most of the forked engine process (dist/session.js; ./start.ts is first): pictures, models and runs. Tables of results have a process of
 * their own (./resultsMain.ts).
 */
import path from 'node:path';
import { packageRoot } from '../../files/packageRoot';
import { Turns } from '../batches/turns';
import { Decoders } from '../decoder/decoders';
import type { StartedDecoder } from '../decoder/fork';
import { serve } from './serve';
import type { Session } from './session';

/** `started`: what decodes pictures, if that is running already. */
export function main(started: StartedDecoder | null): void {
  const decoder = path.join(packageRoot(), 'dist', 'decoder.js');
  const decoders = new Decoders(decoder);
  if (started) decoders.take(started);
  const turns = new Turns();
  const session = openSession(decoder, decoders, turns);
  // a job's pictures wait for each other and for everything else
  serve(
    session.then(({ handlers }) => handlers),
    (name, work) => (name === 'classify-pictures' ? work() : turns.first(work)),
  );
}

/** Loads the rest of the engine, while the decoder starts. */
async function openSession(decoder: string, decoders: Decoders, turns: Turns): Promise<Session> {
  const [{ Session }, { backend }, { batchesOf }, { loadBinding }] = await Promise.all([
    import('./session'),
    import('./backends'),
    import('./jobs'),
    import('../native/binding'),
  ]);
  const batches = batchesOf(decoder, turns);
  return new Session({ batches, binding: loadBinding, backend, decoders });
}
