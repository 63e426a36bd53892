/**
 * First part of the forked engine process (dist/engine.js): starts the process that decodes pictures, which the first one waits for. The
 * rest of the engine (dist/session.js, ./main.ts) is loaded beside that.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from '../../files/packageRoot';
import { offerToOutOfMemoryKiller } from '../../system/outOfMemory';
import { startDecoder, type StartedDecoder } from '../decoder/fork';
import { PICTURES_VARIABLE } from '../wire';
import type { main } from './main';

const dist = path.join(packageRoot(), 'dist');

/** Null where it cannot be started: the first picture tries again, and says why. */
function decoder(): StartedDecoder | null {
  if (process.env[PICTURES_VARIABLE] === 'none') return null;
  try {
    const started = startDecoder(path.join(dist, 'decoder.js'));
    started.child.on('error', () => undefined);
    return started.child.pid === undefined ? null : started;
  } catch {
    return null;
  }
}

// before the decoder is started, which inherits it
offerToOutOfMemoryKiller();
const started = decoder();
const session = createRequire(import.meta.url)(path.join(dist, 'session.js')) as { main: typeof main };
session.main(started);
