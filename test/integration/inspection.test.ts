/** Inspections against the real engine process, run from its sources, and the embedded model. */
import assert from 'node:assert/strict';
import { sentence } from '../../extension/errors/sentence';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { kill } from '../../extension/system/kill';
import { EngineClient, type RequestOptions } from '../../extension/engine/client';
import type { EngineRequestName, EngineRequests } from '../../extension/engine/requests';
import { EMBEDDED } from '../../extension/models/modelId';
import { Inspection } from '../../extension/inspect/inspection';
import type { InspectionSettings } from '../../extension/inspect/inspection';
import { ModelPool } from '../../extension/inspect/modelPool';
import type { HostEvent } from '../../extension/protocol/panel';

const root = path.resolve(import.meta.dirname, '../..');
const sample = (name: string) => path.join(root, 'samples', name);
const settings: InspectionSettings = {
  model: { id: EMBEDDED, options: { engine: 'native', threads: 1, gemm: 'packed', precision: 'fp32' } },
  atPictureSize: false,
  topK: 5,
};

let folder: string;
let engine: EngineClient;
let models: ModelPool;
const log: string[] = [];
let opened = 0;
const inspections: Inspection[] = [];

/** Counts the models that are opened. */
class CountingClient extends EngineClient {
  override request<K extends EngineRequestName>(name: K, take: EngineRequests[K]['take'], options?: RequestOptions) {
    if (name === 'open-model') opened++;
    return super.request(name, take, options);
  }
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'inspection-'));
  engine = new CountingClient({
    processFile: path.join(root, 'dist/engine.js'),
    log: (line) => log.push(line),
  });
  models = new ModelPool(engine);
});
afterEach(() => {
  for (const inspection of inspections.splice(0)) inspection.dispose();
});
after(async () => {
  engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

function inspect(file: string, changed: Partial<InspectionSettings> = {}) {
  const events: HostEvent[] = [];
  const picture = { uri: `file://${file}`, source: () => Promise.resolve({ path: file }) };
  const inspection = new Inspection(
    engine,
    models,
    picture,
    { ...settings, ...changed },
    (event) => events.push(event),
    (work) => work,
  );
  inspections.push(inspection);
  const last = <T extends HostEvent['type']>(type: T): Extract<HostEvent, { type: T }> | undefined => {
    const found = events.filter((event): event is Extract<HostEvent, { type: T }> => event.type === type);
    return found.at(-1);
  };
  return { inspection, events, last };
}

const types = (events: HostEvent[]) =>
  events.map((event) => (event.type === 'busy' ? `busy ${event.what ?? 'no more'}` : event.type));

test('the picture is shown first, then the model and its run, and slices of it can be asked for', async () => {
  const { inspection, events, last } = inspect(sample('ship.png'));
  await inspection.refresh();
  assert.deepEqual(types(events), ['busy opening', 'image', 'busy running', 'model', 'run', 'busy no more']);

  const { loaded, labels, architecture } = last('model')!.model;
  const { runId, predictions, geometry } = last('run')!.run;
  assert.equal(predictions.length, 5);
  assert.equal(labels?.length, 10);
  const { image } = last('image')!;
  assert.deepEqual([geometry.imageWidth, geometry.imageHeight], [image.width, image.height]);
  assert.ok(image.preview.bytes.length > 100);
  assert.equal(image.preview.bytes.constructor, Uint8Array, 'postMessage sends a Buffer as JSON');

  const logits = await inspection.slice(runId, { kind: 'logits' });
  assert.deepEqual(logits.shape, [10]);
  const exponentials = [...logits.values].map(Math.exp);
  const sum = exponentials.reduce((a, b) => a + b);
  for (const { index, label, probability, logit } of predictions) {
    assert.equal(label, labels?.[index]);
    assert.equal(logit, logits.values[index]);
    assert.ok(Math.abs((probability ?? NaN) - exponentials[index]! / sum) < 1e-6);
  }
  const best = Math.max(...logits.values);
  assert.equal(predictions[0]!.logit, best);

  const { numTokens, heads, layers } = loaded;
  assert.equal(architecture?.depth, layers);
  const rows = await inspection.slice(runId, { kind: 'attention-rows', layer: layers - 1, query: 0 });
  assert.deepEqual(rows.shape, [heads, numTokens]);
  for (let head = 0; head < heads; head++) {
    const row = rows.values.subarray(head * numTokens, (head + 1) * numTokens);
    assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
  }
});

test('a webview that starts late is told everything it missed', async () => {
  const { inspection, last } = inspect(sample('car.png'));
  await inspection.refresh();
  assert.deepEqual(types(inspection.snapshot()), ['image', 'model', 'run', 'busy no more']);
  assert.deepEqual(inspection.snapshot()[2], last('run'));
});

test('panels share a loaded model; another choice is loaded beside it', async () => {
  const loads = opened;
  const first = inspect(sample('car.png'));
  const second = inspect(sample('frog.png'));
  await Promise.all([first.inspection.refresh(), second.inspection.refresh()]);
  assert.equal(opened, loads);
  assert.equal(first.last('model')!.model.loaded.modelId, second.last('model')!.model.loaded.modelId);

  const before = first.last('run')!.run;
  const blas = { ...settings.model, options: { ...settings.model.options, gemm: 'blas' as const } };
  await first.inspection.change({ ...settings, model: blas, topK: 3 });
  const { run } = first.last('run')!;
  assert.equal(opened, loads + 1);
  assert.equal(run.predictions.length, 3);
  assert.notEqual(first.last('model')!.model.loaded.modelId, second.last('model')!.model.loaded.modelId);
  for (const [i, { index, logit }] of run.predictions.entries()) {
    assert.equal(index, before.predictions[i]!.index);
    assert.ok(Math.abs(logit - before.predictions[i]!.logit) < 1e-3);
  }
});

test('hidden patches change the result, and showing them again restores it', async () => {
  const { inspection, last } = inspect(sample('ship.png'));
  await inspection.refresh();
  const whole = last('run')!.run.predictions;
  await inspection.mask(Uint32Array.from({ length: 32 }, (_, i) => i + 16));
  assert.notDeepEqual(last('run')!.run.predictions, whole);
  await inspection.mask(new Uint32Array());
  assert.deepEqual(last('run')!.run.predictions, whole);
});

test('another picture takes the place of the one before: nothing hidden, nothing left of its run', async () => {
  const { inspection, events, last } = inspect(sample('ship.png'));
  await inspection.refresh();
  const { runId } = last('run')!.run;
  await inspection.mask(Uint32Array.of(1, 2));
  events.length = 0;
  const file = sample('frog.png');
  const picture = { uri: `file://${file}`, source: () => Promise.resolve({ path: file }) };
  const replaced = inspection.replace(picture, settings);
  assert.deepEqual(types(inspection.snapshot()), ['busy no more']);
  await replaced;
  assert.equal(last('image')!.image.uri, picture.uri);
  const alone = inspect(file);
  await alone.inspection.refresh();
  assert.deepEqual(last('run')!.run.predictions, alone.last('run')!.run.predictions);
  await assert.rejects(inspection.slice(runId, { kind: 'logits' }), { code: 'ERR_GONE' });
});

test('what the weights were read from is named with its SHA-256', async () => {
  const { inspection, last } = inspect(sample('ship.png'));
  await inspection.refresh();
  const file = path.join(root, 'models/vit-cifar10/model.safetensors');
  const bytes = await readFile(file);
  assert.deepEqual(await inspection.weightFiles(last('run')!.run.runId), {
    files: [
      {
        name: 'model.safetensors',
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    ],
    seed: null,
  });
});

test('at the size of the picture the grid has its shape', async () => {
  const { inspection, last } = inspect(sample('mountain-dusk.png'), { atPictureSize: true });
  await inspection.refresh();
  const { width, height } = last('image')!.image;
  const { loaded, architecture } = last('model')!.model;
  assert.ok(architecture?.tokenizer.kind === 'patch');
  const [ph, pw] = architecture.tokenizer.patch;
  assert.deepEqual(loaded.grid, [Math.round(height / ph), Math.round(width / pw)]);
  assert.equal(loaded.numTokens, loaded.numPrefix + loaded.grid[0] * loaded.grid[1]);
});

test('a run that is not on screen any more is not sliced', async () => {
  const { inspection, last } = inspect(sample('ship.png'));
  await inspection.refresh();
  const { runId } = last('run')!.run;
  await inspection.refresh();
  assert.notEqual(last('run')!.run.runId, runId);
  await assert.rejects(inspection.slice(runId, { kind: 'logits' }), { code: 'ERR_GONE' });
});

test('a picture that cannot be read is one sentence that names it; once it can, Retry works', async () => {
  const file = path.join(folder, 'late.png');
  const { inspection, last, events } = inspect(file);
  await inspection.refresh();
  const { error, retry } = last('error')!;
  assert.equal(error.code, 'ERR_IMAGE');
  assert.match(error.message, /late\.png/);
  assert.equal(error.message.split('\n').length, 1);
  assert.equal(retry, true);
  assert.deepEqual(await inspection.settled(), { error });
  assert.equal(types(events).filter((type) => type === 'error').length, 1);

  await copyFile(sample('ship.png'), file);
  await inspection.refresh();
  assert.equal(last('run')!.run.predictions.length, 5);
  assert.deepEqual(types(inspection.snapshot()), ['image', 'model', 'run', 'busy no more']);
});

test('a picture that changes on disk is opened again', async () => {
  const file = path.join(folder, 'changing.png');
  await copyFile(sample('ship.png'), file);
  const { inspection, last } = inspect(file);
  await inspection.refresh();
  const before = last('run')!.run.predictions;
  await copyFile(sample('frog.png'), file);
  await inspection.reopen();
  assert.notDeepEqual(last('run')!.run.predictions, before);
  await writeFile(file, 'not a picture');
  await inspection.reopen();
  assert.equal(last('error')!.error.code, 'ERR_IMAGE');
});

test('a model that cannot be opened is one sentence that names it; another choice works', async () => {
  const { inspection, last } = inspect(sample('ship.png'), {
    model: { ...settings.model, id: path.join(folder, 'nowhere') },
  });
  await inspection.refresh();
  assert.equal(last('error')!.error.code, 'ERR_MODEL');
  assert.match(last('error')!.error.message, /nowhere/);
  assert.equal(last('image')!.image.name, 'ship.png');
  await inspection.change(settings);
  const outcome = await inspection.settled();
  assert.ok('run' in outcome);
  assert.equal(outcome.run.predictions.length, 5);
});

test('cancelling ends with one message; newer requests replace older ones without any', async () => {
  const { inspection, events, last } = inspect(sample('ship.png'));
  const running = inspection.refresh();
  inspection.cancel();
  await running;
  assert.deepEqual(last('error')!.error, {
    code: 'ERR_CANCELLED',
    ...sentence('The request was cancelled.'),
  });
  events.length = 0;

  const all = [inspection.refresh(), inspection.refresh(), inspection.refresh()];
  await Promise.all(all);
  assert.equal(types(events).filter((type) => type === 'error').length, 0);
  assert.equal(types(events).filter((type) => type === 'run').length, 1);
});

test('an engine killed in the middle of a request is one message; Retry starts another', async () => {
  const { inspection, last, events } = inspect(sample('ship.png'));
  await inspection.refresh();
  const { pid } = engine;
  events.length = 0;
  const running = inspection.refresh();
  await Promise.resolve(); // the request is on its way
  assert.ok(kill(pid));
  await running;
  assert.equal(last('error')!.error.code, 'ERR_ENGINE_DIED');
  assert.equal(types(events).filter((type) => type === 'error').length, 1);

  await inspection.refresh();
  assert.notEqual(engine.pid, pid);
  assert.equal(last('run')!.run.predictions.length, 5);
  assert.deepEqual(types(inspection.snapshot()), ['image', 'model', 'run', 'busy no more']);
});

test('a slice of a run that died with the engine is answered by running again', async () => {
  const { inspection, last, events } = inspect(sample('ship.png'));
  await inspection.refresh();
  const before = last('run')!.run;
  const logits = await inspection.slice(before.runId, { kind: 'logits' });
  const { pid } = engine;
  assert.ok(kill(pid));
  while (engine.pid === pid) await setTimeout(10);
  events.length = 0;

  const again = await inspection.slice(before.runId, { kind: 'logits' });
  assert.deepEqual(again, logits);
  assert.notEqual(last('run')!.run.runId, before.runId);
  assert.equal(last('error'), undefined);
});
