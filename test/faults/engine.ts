/** Faults of the engine process, of what decodes its pictures, and of the files it has open. */
import { cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EngineClient } from '../../extension/engine/client';
import { toErrorShape } from '../../extension/errors/engineError';
import { kill } from '../../extension/system/kill';
import { descendants } from '../e2e/support/processes';
import type { Random } from '../fuzz/random';
import { makeClient, native, root, sample } from '../integration/support';
import type { Kind } from './faults';

const embedded = path.join(root, 'models/vit-cifar10');
const picture = sample('cat.webp');
const DEADLINE_MS = 20_000;

let shared: EngineClient | undefined;
let reference: string | undefined;
const engine = () => (shared ??= makeClient());

/** Logits of a picture, as text: the same pass gives the same numbers. */
async function logits(model: string, deadlineMs = DEADLINE_MS): Promise<string> {
  const client = engine();
  const given = { deadlineMs };
  const [{ loaded }, { imageId }] = await Promise.all([
    client.request('open-model', { model: { id: model }, options: native }, given),
    client.request('open-image', { path: picture, preview: false }, given),
  ]);
  const { modelId } = loaded;
  const run = { modelId, imageId, topK: 1, attention: true, tokens: true };
  const { runId } = await client.request('run', run, given);
  const { values } = await client.request('slice', { runId, what: { kind: 'logits' } }, given);
  await client.request('close-model', { modelId }, given);
  return values.join();
}

/** Null where it is one sentence of a code that belongs to such a fault. */
function badRefusal(error: unknown, codes: readonly string[]): string | null {
  const { code, message } = toErrorShape(error);
  if (!codes.includes(code)) return `${code}: ${message}`;
  return /^[^\n]+\.$/.test(message) ? null : `no sentence: ${message}`;
}

/** Once more, with nothing in its way: the same numbers as before the first fault. */
async function goesOn(): Promise<string | null> {
  const now = await logits(embedded).catch((error: unknown) => `refused: ${toErrorShape(error).message}`);
  return now === reference ? null : `the next request: ${now.slice(0, 200)}`;
}

/** Answered like every time, or refused with one of the codes; and then everything goes on. */
async function answeredOrRefused(asked: Promise<string>, codes: readonly string[]): Promise<string | null> {
  const problem = await asked.then(
    (given) => (given === reference ? null : `another answer: ${given.slice(0, 200)}`),
    (error: unknown) => badRefusal(error, codes),
  );
  return problem ?? goesOn();
}

const later = (ms: number, work: () => void) => new Promise<void>((done) => setTimeout(() => (work(), done()), ms));

/** An answer may come just before the kill: what is asked before the client sees the end would be asked of that process, and go with it. */
async function endIsSeen(killed: number | undefined): Promise<void> {
  for (const end = Date.now() + DEADLINE_MS; killed !== undefined && engine().pid === killed && Date.now() < end;)
    await later(5, () => {});
}

async function prepare(): Promise<null> {
  reference ??= await logits(embedded);
  return null;
}

/** A copy of the embedded model, to be spoilt while it is open. */
async function spoilt(random: Random, spoil: (folder: string) => void): Promise<string | null> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-fault-'));
  try {
    cpSync(embedded, folder, { recursive: true });
    const asked = logits(folder);
    asked.catch(() => undefined);
    await later(random.below(60), () => spoil(folder));
    const codes = ['ERR_MODEL', 'ERR_FILE', 'ERR_TENSOR', 'ERR_ENGINE_DIED'];
    return await answeredOrRefused(asked, codes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const end = async () => {
  shared?.dispose();
  shared = undefined;
};

export const engineKinds: Kind[] = [
  {
    name: 'engine killed',
    share: 4,
    prepare,
    end,
    async inject(random) {
      const asked = logits(embedded);
      asked.catch(() => undefined);
      let killed: number | undefined;
      await later(random.below(80), () => kill((killed = engine().pid), 'SIGKILL'));
      await endIsSeen(killed);
      return answeredOrRefused(asked, ['ERR_ENGINE_DIED', 'ERR_ENGINE_START']);
    },
  },
  {
    name: 'engine stopped',
    share: 1,
    prepare,
    end,
    async inject(random) {
      const started = performance.now();
      const asked = logits(embedded, 700);
      asked.catch(() => undefined);
      await later(random.below(30), () => kill(engine().pid, 'SIGSTOP'));
      const problem = await answeredOrRefused(asked, ['ERR_DEADLINE', 'ERR_ENGINE_DIED']);
      return problem ?? (performance.now() - started > DEADLINE_MS ? 'it took too long' : null);
    },
  },
  {
    name: 'decoder killed',
    share: 3,
    prepare,
    end,
    async inject(random) {
      const asked = logits(embedded);
      asked.catch(() => undefined);
      await later(random.below(40), () => {
        for (const { pid } of descendants(engine().pid ?? process.pid, 'decoder.js')) kill(pid, 'SIGKILL');
      });
      return answeredOrRefused(asked, ['ERR_IMAGE']);
    },
  },
  {
    name: 'weights cut short while they are open',
    share: 3,
    prepare,
    end,
    inject: (random) =>
      spoilt(random, (folder) => truncateSync(path.join(folder, 'model.safetensors'), random.below(1_000_000))),
  },
  {
    name: 'model deleted while it is open',
    share: 3,
    prepare,
    end,
    inject: (random) => spoilt(random, (folder) => rmSync(folder, { recursive: true })),
  },
];
