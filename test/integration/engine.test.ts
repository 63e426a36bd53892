import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { EngineClient } from '../../extension/engine/client';
import type { LoadedModel, OpenedImage, RunSummary, SliceRequest } from '../../extension/engine/requests';
import type { ModelDescription } from '../../extension/architecture/description';
import { kill } from '../../extension/system/kill';
import { openModel } from '../../extension/models/open';
import { ModelPool } from '../../extension/inspect/modelPool';
import { isRunning, makeClient, native, root, sample, untilGone } from './support';

const embedded = () => openModel('embedded', { root });
const rgb = path.join(root, 'test', 'golden', 'images', 'rgb.png');

/** Work for seconds on any machine: a batch of 64 through the embedded model's shape, five times as deep. */
async function slowModel(): Promise<ModelDescription> {
  const description = await embedded();
  assert.ok(description.architecture);
  const architecture = { ...description.architecture, depth: 60 };
  return { ...description, architecture, weights: { kind: 'seed', seed: 1 } };
}
const slowInput = { values: new Float32Array(64 * 3 * 128 * 128), shape: [64, 3, 128, 128] };

describe('one engine, asked', () => {
  let client: EngineClient;
  let description: ModelDescription;
  let image: OpenedImage;
  let model: LoadedModel;
  let run: RunSummary;

  before(async () => {
    client = makeClient();
    description = await embedded();
    image = await client.request('open-image', { path: sample('harbour.jpg') });
    model = await client.request('load-model', { description, options: native });
    run = await client.request('run', {
      ...{ modelId: model.modelId, imageId: image.imageId },
      ...{ topK: 3, attention: true, tokens: true },
    });
  });
  after(() => client.dispose());

  const slice = (what: SliceRequest) => client.request('slice', { runId: run.runId, what });

  test('info comes from another process', async () => {
    const info = await client.request('info', null);
    assert.equal(info.pid, client.pid);
    assert.notEqual(info.pid, process.pid);
    assert.ok(info.cores >= 1 && info.blas.length > 0);
  });

  test('the model says what it is', () => {
    assert.deepEqual(
      [model.engine, model.numTokens, model.numPrefix, model.prefixNames, model.grid, model.layers, model.heads],
      ['native', 65, 1, ['class'], [8, 8], description.architecture?.depth, description.architecture?.block.heads],
    );
    assert.equal(model.attention, true);
  });

  test('a run gives probabilities, energy, geometry and measured times', async () => {
    const { values: logits, shape } = await slice({ kind: 'logits' });
    assert.deepEqual(shape, [10]);
    const exps = [...logits].map((logit) => Math.exp(logit));
    const sum = exps.reduce((a, b) => a + b, 0);
    assert.equal(run.predictions.length, 3);
    for (const { index, probability, logit, label } of run.predictions) {
      assert.equal(logit, logits[index]);
      assert.equal(label, description.labels?.[index]);
      assert.ok(Math.abs((probability ?? NaN) - exps[index]! / sum) < 1e-9);
    }
    assert.deepEqual(run.predictions[0]?.logit, Math.max(...logits));
    assert.ok(Math.abs(run.energy - Math.log(sum)) < 1e-9);
    const { region, imageWidth, imageHeight } = run.geometry;
    assert.deepEqual([imageWidth, imageHeight], [image.width, image.height]);
    const side = Math.min(image.width, image.height);
    assert.ok(Math.abs(region.right - region.left - side) <= side / 32);
    for (const time of Object.values(run.timings)) assert.ok(time > 0);
  });

  test('slices have the shapes they say, and attention rows sum to one', async () => {
    const { heads, numTokens, layers } = model;
    const rows = await slice({ kind: 'attention-rows', layer: 1, query: 7 });
    const maps = await slice({ kind: 'attention', layer: 1 });
    assert.deepEqual(rows.shape, [heads, numTokens]);
    assert.deepEqual(maps.shape, [heads, numTokens, numTokens]);
    for (let head = 0; head < heads; head++) {
      const row = rows.values.subarray(head * numTokens, (head + 1) * numTokens);
      assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-5);
      const begin = (head * numTokens + 7) * numTokens;
      assert.deepEqual(row, maps.values.subarray(begin, begin + numTokens));
    }
    const dim = description.architecture?.dim;
    assert.deepEqual((await slice({ kind: 'tokens', layer: layers })).shape, [numTokens, dim]);
    assert.deepEqual((await slice({ kind: 'prediction-by-depth' })).shape, [layers, 10]);
    const rollout = await slice({
      kind: 'rollout',
      query: 0,
      from: 0,
      to: layers - 1,
      fusion: 'mean',
      discardRatio: 0,
    });
    assert.ok(Math.abs(rollout.values.reduce((sum, value) => sum + value, 0) - 1) < 1e-4);
    assert.deepEqual((await slice({ kind: 'tensor', name: 'cls_token' })).values.length, dim);
  });

  test('what changes with depth is made of the same tokens and maps', async () => {
    const { depth, block } = description.architecture!;
    const norms = await slice({ kind: 'token-norms' });
    assert.deepEqual(norms.shape, [depth + 1, 65]);
    const { values } = await slice({ kind: 'tokens', layer: 2 });
    const length = values.length / 65;
    const norm = (token: number) => Math.hypot(...values.subarray(token * length, (token + 1) * length));
    for (let token = 0; token < 65; token++) assert.ok(Math.abs(norms.values[2 * 65 + token]! - norm(token)) < 1e-3);
    // after block 2, which is the third row of tokens
    const cosines = await slice({ kind: 'token-cosines', layer: 1, query: 7 });
    const dot = values.subarray(0, length).reduce((sum, x, d) => sum + x * values[7 * length + d]!, 0);
    assert.ok(Math.abs(cosines.values[0]! - dot / norm(0) / norm(7)) < 1e-5);
    assert.ok(Math.abs(cosines.values[7]! - 1) < 1e-5);
    assert.deepEqual((await slice({ kind: 'token-components', layer: depth - 1 })).shape, [64, 3]);
    const heads = await slice({ kind: 'head-statistics' });
    assert.deepEqual(heads.shape, [2, depth, block.heads]);
    heads.values.forEach((x, i) =>
      assert.ok(x > 0 && x < (i < depth * block.heads ? Math.hypot(7, 7) : Math.log2(65))),
    );
    await assert.rejects(slice({ kind: 'token-cosines', layer: 1, query: 65 }), /no token 65 among 65/);
    await assert.rejects(slice({ kind: 'token-components', layer: depth }), { code: 'ERR_ARGUMENT' });
  });

  test('the input is what preprocess gives, and running it as a tensor gives the same logits', async () => {
    const tensor = await client.request('preprocess', { imageId: image.imageId, description });
    const input = await slice({ kind: 'input' });
    assert.deepEqual(
      [tensor.shape, input.shape],
      [
        [1, 3, 128, 128],
        [3, 128, 128],
      ],
    );
    assert.deepEqual(input.values, tensor.values);
    assert.deepEqual(tensor.geometry, run.geometry);
    const { modelId } = model;
    const again = await client.request('run-tensor', { modelId, ...tensor, attention: false, tokens: false });
    const logits = await client.request('slice', { runId: again.runId, what: { kind: 'logits' } });
    const { values } = await slice({ kind: 'logits' });
    logits.values.forEach((logit, i) => assert.ok(Math.abs(logit - values[i]!) < 1e-5));
  });

  test('hidden patches change the prediction', async () => {
    const hidden = await client.request('run', {
      ...{ modelId: model.modelId, imageId: image.imageId, topK: 10, attention: false, tokens: false },
      maskedPatches: Uint32Array.from({ length: 64 }, (_, i) => i),
    });
    const best = run.predictions[0];
    assert.notEqual(hidden.predictions.find(({ index }) => index === best?.index)?.logit, best?.logit);
  });

  test('pictures can come as bytes', async () => {
    const bytes = new Uint8Array(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="5"/>'));
    const opened = await client.request('open-image', { name: 'virtual.svg', bytes });
    assert.deepEqual([opened.name, opened.width, opened.height], ['virtual.svg', 9, 5]);
  });

  test('what is wrong is refused with a code and a sentence', async () => {
    const { modelId } = model;
    const flags = { attention: false, tokens: false };
    await assert.rejects(
      client.request('run-tensor', { modelId, values: new Float32Array(12), shape: [1, 3, 2, 2], ...flags }),
      { code: 'ERR_ARGUMENT', message: 'The input has shape (1, 3, 2, 2), but the model takes (B, 3, 128, 128).' },
    );
    await assert.rejects(
      client.request('run-tensor', { modelId, values: new Float32Array(12), shape: [1, 3, 128, 128], ...flags }),
      { code: 'ERR_ARGUMENT', message: /12 values, which is not its shape/ },
    );
    await assert.rejects(slice({ kind: 'attention-rows', layer: 99, query: 0 }), { code: 'ERR_ARGUMENT' });
    await assert.rejects(slice({ kind: 'tensor', name: 'no.such.tensor' }), /no\.such\.tensor/);
    await assert.rejects(client.request('slice', { runId: run.runId, image: 1, what: { kind: 'logits' } }), {
      code: 'ERR_ARGUMENT',
    });
    await assert.rejects(client.request('open-image', { path: sample('nothing.png') }), {
      code: 'ERR_IMAGE',
      message: /nothing\.png does not exist\.$/,
    });
  });

  test('a run outlives its model, but not the weights', async () => {
    const { modelId } = await client.request('load-model', { description, options: native });
    const values = new Float32Array(3 * 128 * 128);
    const request = { modelId, values, shape: [1, 3, 128, 128], attention: true, tokens: false };
    const [{ runId }] = await Promise.all([
      client.request('run-tensor', request),
      client.request('close-model', { modelId }),
    ]);
    const maps = await client.request('slice', { runId, what: { kind: 'attention', layer: 0 } });
    assert.deepEqual(maps.shape, [model.heads, 65, 65]);
    const weights = client.request('slice', { runId, what: { kind: 'tensor', name: 'cls_token' } });
    await assert.rejects(weights, { code: 'ERR_GONE', message: 'vit-cifar10 was closed; open it again.' });
    await assert.rejects(client.request('run-tensor', request), { code: 'ERR_GONE' });
  });

  test('what was closed is gone, and so is the oldest of too many', async () => {
    const first = await client.request('open-image', { path: rgb });
    await client.request('close-image', { imageId: first.imageId });
    await assert.rejects(client.request('preprocess', { imageId: first.imageId, description }), { code: 'ERR_GONE' });
    const oldest = await client.request('open-image', { path: rgb });
    for (let i = 0; i < 16; i++) await client.request('open-image', { path: rgb, preview: false });
    await assert.rejects(client.request('preprocess', { imageId: oldest.imageId, description }), { code: 'ERR_GONE' });
  });
});

describe('an engine that dies', () => {
  test('kill -9 in the middle of a request: one sentence, then a new process does the next', async () => {
    const client = makeClient();
    try {
      const { modelId } = await client.request('load-model', { description: await slowModel(), options: native });
      const image = await client.request('open-image', { path: rgb });
      const before = { pid: client.pid, generation: client.generation };
      const pending = client.request('run-tensor', { modelId, ...slowInput, attention: false, tokens: false });
      const another = client.request('preprocess', { imageId: image.imageId, description: await embedded() });
      assert.ok(kill(before.pid));
      const died = {
        code: 'ERR_ENGINE_DIED',
        message:
          'The engine process was ended by SIGKILL while it worked; nothing else was affected, and the next request starts a new one.',
      };
      await assert.rejects(pending, died);
      await another.catch((error: unknown) => assert.equal((error as { code: string }).code, 'ERR_ENGINE_DIED'));
      assert.equal(client.generation, before.generation);

      const again = await client.request('open-image', { path: rgb });
      assert.deepEqual([again.width, again.height], [29, 19]);
      assert.notEqual(client.pid, before.pid);
      assert.equal(client.generation, before.generation + 1);
      // an id of the process that died is never taken for one of this one
      assert.notEqual(again.imageId, image.imageId);
      await assert.rejects(
        client.request('run', { modelId, imageId: image.imageId, topK: 1, attention: false, tokens: false }),
        {
          code: 'ERR_GONE',
        },
      );
    } finally {
      client.dispose();
    }
  });

  test('a process that hangs is killed when a cancelled request does not end', async () => {
    const client = makeClient({ cancelGraceMs: 50 });
    try {
      const { pid } = await client.request('info', null);
      assert.ok(kill(pid, 'SIGSTOP'));
      const controller = new AbortController();
      const pending = client.request('open-image', { path: rgb }, { signal: controller.signal });
      const bystander = client.request('open-image', { path: rgb });
      controller.abort();
      await assert.rejects(pending, { code: 'ERR_CANCELLED' });
      await assert.rejects(bystander, { code: 'ERR_ENGINE_DIED', message: /did not stop a cancelled request/ });
      await untilGone(pid);
      assert.notEqual((await client.request('info', null)).pid, pid);
    } finally {
      client.dispose();
    }
  });

  test('a request past its deadline is refused in one sentence, its process killed, and the next request served', async () => {
    const client = makeClient();
    try {
      const { pid } = await client.request('info', null);
      assert.ok(kill(pid, 'SIGSTOP'));
      const late = client.request('open-image', { path: rgb }, { deadlineMs: 200 });
      const bystander = client.request('open-image', { path: rgb });
      await assert.rejects(late, {
        code: 'ERR_DEADLINE',
        message:
          'The engine did not finish within 200 milliseconds, so its process was ended; the next request starts a new one.',
      });
      await assert.rejects(bystander, {
        code: 'ERR_ENGINE_DIED',
        message: /^The engine process was ended because another request took too long while it worked; nothing else/,
      });
      // asked before the killed process has been seen to end
      const again = await client.request('open-image', { path: rgb }, { deadlineMs: 60_000 });
      assert.deepEqual([again.width, client.generation], [29, 2]);
      await untilGone(pid);
    } finally {
      client.dispose();
    }
  });

  test('an answer that arrived while this process was busy past the deadline counts', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-engine-'));
    const client = makeClient();
    try {
      const { pid } = await client.request('info', null);
      const file = path.join(folder, 'later.onnx');
      const answer = client.request('info', null, { deadlineMs: 50 });
      // asked after it and written after its answer, which therefore lies in the channel when the file is there
      const later = client.request('export-onnx', {
        model: { id: 'embedded' },
        file,
        attention: false,
        tokens: false,
      });
      const asked = performance.now();
      while (!existsSync(file) || performance.now() < asked + 100) assert.ok(performance.now() < asked + 120_000);
      assert.equal((await answer).pid, pid);
      assert.equal(client.generation, 1);
      await later;
    } finally {
      client.dispose();
      await rm(folder, { recursive: true });
    }
  });

  test('a process that closes its channel and stays is ended', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-engine-'));
    try {
      const file = path.join(folder, 'deaf.js');
      await writeFile(
        file,
        "process.send({ kind: 'ready', pid: process.pid }, () => process.disconnect()); setInterval(() => {}, 1000);",
      );
      const client = makeClient({ processFile: file });
      await assert.rejects(client.request('info', null), {
        code: 'ERR_ENGINE_DIED',
        message: /^The engine process was ended because it (stopped listening|could not be reached)/,
      });
      client.dispose();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('what cannot be sent is refused alone', async () => {
    const client = makeClient();
    try {
      const { pid } = await client.request('info', null);
      const request = { name: 'x', bytes: (() => 0) as unknown as Uint8Array };
      await assert.rejects(client.request('open-image', request), { code: 'ERR_INTERNAL' });
      assert.equal((await client.request('info', null)).pid, pid);
    } finally {
      client.dispose();
    }
  });

  test('a process that cannot start says why', async () => {
    const missing = makeClient({ processFile: path.join(root, 'dist', 'nothing.js') });
    await assert.rejects(missing.request('info', null), {
      code: 'ERR_ENGINE_START',
      message: /nothing\.js is missing/,
    });
    const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-engine-'));
    try {
      const file = path.join(folder, 'broken.js');
      await writeFile(file, "console.error('the disk is upside down'); process.exit(3);");
      const broken = makeClient({ processFile: file });
      await assert.rejects(broken.request('info', null), {
        code: 'ERR_ENGINE_START',
        message: 'The engine process could not start (it ended with exit code 3: the disk is upside down).',
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('where the addon cannot be loaded', () => {
  test('the native engine says what to do, and onnxruntime computes the same', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-engine-'));
    await mkdir(path.join(folder, 'dist'));
    for (const bundle of ['engine.js', 'session.js', 'decoder.js']) {
      await copyFile(path.join(root, 'dist', bundle), path.join(folder, 'dist', bundle));
    }
    await copyFile(path.join(root, 'package.json'), path.join(folder, 'package.json'));
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
    const without = makeClient({ processFile: path.join(folder, 'dist', 'engine.js') });
    const usual = makeClient();
    try {
      const description = await embedded();
      await assert.rejects(without.request('load-model', { description, options: native }), {
        code: 'ERR_ENGINE_START',
        message: /^The native engine was not built for \S+: .*"npm run build:native", or choose the ONNX engine\.$/,
      });
      const logits = async (client: EngineClient, engine: 'native' | 'onnx') => {
        const { imageId } = await client.request('open-image', { path: sample('cat.webp'), preview: false });
        const { modelId } = await client.request('load-model', { description, options: { ...native, engine } });
        const flags = { topK: 1, attention: false, tokens: false };
        const { runId } = await client.request('run', { modelId, imageId, ...flags });
        const input = await client.request('slice', { runId, what: { kind: 'input' } });
        return { input, logits: await client.request('slice', { runId, what: { kind: 'logits' } }) };
      };
      const [onnx, addon] = [await logits(without, 'onnx'), await logits(usual, 'native')];
      assert.deepEqual(onnx.input, addon.input);
      const reasons: string[] = [];
      const pool = new ModelPool(without, undefined, (reason) => reasons.push(reason.message));
      for (const threads of [1, 2]) {
        const id = path.join(root, 'models', 'vit-cifar10');
        const { loaded } = await pool.lease({ id, options: { ...native, threads } });
        assert.equal(loaded.engine, 'onnx');
      }
      assert.equal(reasons.length, 1, 'the user is told once');
      assert.match(reasons[0]!, /^The native engine was not built/);
      onnx.logits.values.forEach((logit, i) => assert.ok(Math.abs(logit - addon.logits.values[i]!) < 1e-4));
    } finally {
      without.dispose();
      usual.dispose();
      await rm(folder, { recursive: true });
    }
  });

  test('an addon that does not load says so', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-engine-'));
    await mkdir(path.join(folder, 'dist'));
    await mkdir(path.join(folder, 'build', 'Release'), { recursive: true });
    for (const bundle of ['engine.js', 'session.js', 'decoder.js']) {
      await copyFile(path.join(root, 'dist', bundle), path.join(folder, 'dist', bundle));
    }
    await copyFile(path.join(root, 'package.json'), path.join(folder, 'package.json'));
    await writeFile(path.join(folder, 'build', 'Release', 'vit_inspector.node'), 'not a library');
    const client = makeClient({ processFile: path.join(folder, 'dist', 'engine.js') });
    try {
      await assert.rejects(client.request('info', null), {
        code: 'ERR_ENGINE_START',
        message: /^The native engine cannot be loaded on \S+ \(.+\): rebuild it .*choose the ONNX engine\.$/,
      });
    } finally {
      client.dispose();
      await rm(folder, { recursive: true });
    }
  });
});

describe('cancelling', () => {
  test('a forward pass stops between two blocks and the process goes on', async () => {
    const client = makeClient();
    try {
      const { modelId } = await client.request('load-model', { description: await slowModel(), options: native });
      const { pid } = client;
      const controller = new AbortController();
      const request = { modelId, ...slowInput, attention: false, tokens: false };
      const running = client.request('run-tensor', request, { signal: controller.signal });
      const queued = client.request('run-tensor', request, { signal: controller.signal });
      controller.abort();
      await assert.rejects(running, { code: 'ERR_CANCELLED', message: 'The request was cancelled.' });
      await assert.rejects(queued, { code: 'ERR_CANCELLED' });
      const small = {
        values: new Float32Array(3 * 128 * 128),
        shape: [1, 3, 128, 128],
        attention: false,
        tokens: false,
      };
      const { batch } = await client.request('run-tensor', { modelId, ...small });
      assert.deepEqual([batch, client.pid], [1, pid]);
    } finally {
      client.dispose();
    }
  });

  test('a request that was cancelled before it was made starts nothing', async () => {
    const client = makeClient();
    await assert.rejects(client.request('info', null, { signal: AbortSignal.abort() }), { code: 'ERR_CANCELLED' });
    assert.equal(client.pid, undefined);
  });
});

describe('the end', () => {
  test('dispose ends the process and what waits for it', async () => {
    const client = makeClient();
    const { pid } = await client.request('info', null);
    const pending = client.request('open-image', { path: rgb });
    client.dispose();
    await assert.rejects(pending, { code: 'ERR_CANCELLED', message: 'The engine was closed.' });
    await assert.rejects(client.request('info', null), { code: 'ERR_CANCELLED' });
    await untilGone(pid);
  });

  test('the process does not outlive the one that started it', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-engine-'));
    try {
      const script = path.join(folder, 'parent.ts');
      const url = (file: string) => JSON.stringify(pathToFileURL(path.join(root, file)).href);
      await writeFile(
        script,
        `import { EngineClient } from ${url('extension/engine/client.ts')};
         const client = new EngineClient({ processFile: ${JSON.stringify(path.join(root, 'dist', 'engine.js'))} });
         void client.request('info', null).then(({ pid }) => console.log(pid));`,
      );
      const parent = spawn(process.execPath, ['--import', 'tsx', script], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const pid = Number(await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve)));
      assert.ok(isRunning(pid));
      parent.kill('SIGKILL');
      await untilGone(pid);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
