/** What needs more memory than the limit is refused with the numbers before it is made, by every engine. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { EngineClient } from '../../extension/engine/client';
import { availableMemory, groupLimit, inWords } from '../../extension/engine/memory';
import { loadingMs } from '../../extension/engine/deadlines';
import { openModel } from '../../extension/models/open';
import { exportedBytes, passBytes } from '../../extension/onnx/size';
import { descendants } from '../e2e/support/processes';
import { makeClient, native, root, sample } from './support';

const folder = mkdtempSync(path.join(tmpdir(), 'vit-memory-'));
let client: EngineClient;

before(() => {
  client = makeClient();
});
after(() => {
  client.dispose();
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const MESSAGE = /needs \d+(\.\d)? [GM]B of memory.*; the limit is \d+(\.\d)? [GM]B/;

test('16384 wide and 1000 deep is a sentence with the numbers, whatever computes', async () => {
  const deep = { architecture: 'ViT_Model', img_size: [1, 60, 100], patch_size: 20, token_len: 16384, depth: 1000 };
  const soft = { architecture: 'T2T_ViT', img_size: [3, 700, 700], softsplit_kernels: [255, 3, 3], depth: 1 };
  const pid = (await client.request('info', null)).pid;
  for (const [i, config] of [deep, soft].entries()) {
    const model = { id: write(`vast-${i}.vit.json`, JSON.stringify(config)) };
    const { report } = await client.request('describe-model', { model, values: true });
    assert.ok(report.parameters && report.parameters > 1e7);
    for (const engine of ['native', 'onnx'] as const) {
      // the soft splits are small where they are not written as convolutions
      if (i === 1 && engine === 'native') continue;
      const options = { ...native, engine, memoryLimit: 4e9 };
      await assert.rejects(
        client.request('open-model', { model, options }),
        (error: { code: string; message: string }) => {
          assert.equal(error.code, 'ERR_MEMORY');
          assert.match(error.message, MESSAGE);
          assert.match(error.message, /the limit is 4\.0 GB/);
          assert.match(error.message, /vast-\d/);
          return true;
        },
      );
    }
    const file = path.join(folder, 'vast.onnx');
    const take = { model, file, attention: false, tokens: false, memoryLimit: 4e9 };
    await assert.rejects(client.request('export-onnx', take), { code: 'ERR_MEMORY', message: MESSAGE });
  }
  assert.equal(client.pid, pid);
});

test('the limit is what was set: the embedded model, its runs, and an .onnx file', async () => {
  const model = { id: 'embedded' };
  const options = (engine: 'native' | 'onnx', memoryLimit: number) => ({ ...native, engine, memoryLimit });
  for (const engine of ['native', 'onnx'] as const)
    await assert.rejects(client.request('open-model', { model, options: options(engine, 1e6) }), {
      code: 'ERR_MEMORY',
      message: MESSAGE,
    });

  const large = { ...model, inputSize: { height: 1024, width: 1024 } };
  for (const engine of ['native', 'onnx'] as const) {
    const { loaded } = await client.request('open-model', { model: large, options: options(engine, 1e9) });
    const { imageId } = await client.request('open-image', { path: sample('car.png'), preview: false });
    const take = { modelId: loaded.modelId, imageId, topK: 1, attention: true, tokens: true };
    await assert.rejects(client.request('run', take), { code: 'ERR_MEMORY', message: MESSAGE });
  }

  const file = path.join(folder, 'embedded.onnx');
  await client.request('export-onnx', { model, file, attention: false, tokens: false });
  await assert.rejects(client.request('open-model', { model: { id: file }, options: options('onnx', 1e6) }), {
    code: 'ERR_MEMORY',
    message: MESSAGE,
  });
});

test('an export is as large as its estimate', async () => {
  for (const name of ['timm-plain', 'seed-t2t', 'hf-siglip']) {
    const model = { id: path.join(root, 'test/golden/cases', name) };
    const { architecture } = await openModel(model.id, { root });
    const file = path.join(folder, `${name}.onnx`);
    const { bytes } = await client.request('export-onnx', { model, file, attention: false, tokens: false });
    const estimate = exportedBytes(architecture!);
    assert.ok(
      bytes > 0.8 * estimate && bytes < 1.5 * estimate + 100_000,
      `${name}: ${bytes} bytes, estimated ${estimate}`,
    );
    assert.ok(
      passBytes(architecture!, 2, { attention: true, tokens: true }) >
        passBytes(architecture!, 1, { attention: true, tokens: true }),
    );
  }
});

test('limits of control groups count, those of the groups around it too', () => {
  const group = path.join(folder, 'cgroup');
  write('cgroup/memory.max', 'max\n');
  write('cgroup/outer/memory.max', '8000000000\n');
  write('cgroup/outer/inner/memory.max', '12000000000\n');
  assert.equal(groupLimit(group, '/outer/inner'), 8e9);
  assert.equal(groupLimit(group, '/elsewhere/deep'), Infinity);
  assert.equal(groupLimit(path.join(folder, 'nowhere'), '/'), Infinity);
  assert.ok(availableMemory() > 0 && availableMemory() <= totalmem());
  assert.deepEqual([inWords(24.06e9), inWords(3.1e7)], ['24.1 GB', '31 MB']);
});

test(
  'the engine process offers itself to the out-of-memory killer',
  { skip: process.platform !== 'linux' },
  async () => {
    const { pid } = await client.request('info', null);
    const score = (of: number) => Number(readFileSync(`/proc/${of}/oom_score_adj`, 'utf8'));
    await client.request('open-image', { path: sample('car.png'), preview: false });
    const [decoder] = descendants(pid, 'decoder.js');
    assert.equal(score(decoder!.pid), 1000, 'what decodes hostile pictures, too');
    assert.equal(score(pid), 1000);
    assert.ok(score(process.pid) < 1000);
  },
);

test('a seed draws so many weights and no more, whatever draws them', async () => {
  const wide = {
    architecture: 'ViT_Model',
    img_size: [1, 60, 100],
    patch_size: 20,
    token_len: 4096,
    depth: 3,
    seed: 1,
  };
  const model = { id: write('drawn.vit.json', JSON.stringify(wide)) };
  const { report } = await client.request('describe-model', { model, values: true });
  assert.equal(report.runnable, false);
  assert.equal(
    report.findings.find(({ severity }) => severity === 'error')?.message,
    '605 million weights are more than the 536 million that are drawn from a seed.',
  );
  for (const engine of ['native', 'onnx'] as const) {
    await assert.rejects(client.request('open-model', { model, options: { ...native, engine, memoryLimit: 64e9 } }), {
      code: 'ERR_ARCHITECTURE',
      message: /605 million weights are more than the 536 million that are drawn from a seed/,
    });
  }
});

/** Processor time a process has used, in ticks (/proc/PID/stat, fields 14 and 15). */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Until it computes no more; what it has used since `before`. */
async function ticksUntilIdle(pid: number, before: number): Promise<number> {
  for (let last = -1; ;) {
    const now = ticks(pid);
    if (now === last) return now - before;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

test(
  'drawing stops when nobody waits for it, and the process keeps what it had',
  { skip: process.platform !== 'linux' && 'reads /proc' },
  async () => {
    const own = makeClient({ cancelGraceMs: 120_000 });
    try {
      const { pid } = await own.request('info', null);
      const drawn = (depth: number) => {
        const wide = {
          architecture: 'ViT_Model',
          img_size: [1, 60, 100],
          patch_size: 20,
          token_len: 2048,
          depth,
          seed: 1,
        };
        return {
          model: { id: write(`drawn-${depth}.vit.json`, JSON.stringify(wide)) },
          options: { ...native, memoryLimit: 64e9 },
        };
      };
      const begun = ticks(pid);
      const { loaded } = await own.request('open-model', drawn(4));
      const half = await ticksUntilIdle(pid, begun);
      await own.request('close-model', { modelId: loaded.modelId });

      const controller = new AbortController();
      const again = ticks(pid);
      const opening = own.request('open-model', drawn(8), { signal: controller.signal });
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(opening, { code: 'ERR_CANCELLED' });
      const used = await ticksUntilIdle(pid, again);
      assert.ok(used < half, `${used} ticks of processor time, where half of the model takes ${half}`);
      assert.equal((await own.request('info', null)).pid, pid);
    } finally {
      own.dispose();
    }
  },
);

test('the time for opening grows with what is to be drawn', async () => {
  const wide = {
    architecture: 'ViT_Model',
    img_size: [1, 60, 100],
    patch_size: 20,
    token_len: 1024,
    depth: 4,
    seed: 1,
  };
  const model = { id: write('timed.vit.json', JSON.stringify(wide)) };
  assert.equal(loadingMs(4 * 50e6), 20_000);
  // 50 million weights: not within a second on a busy machine, but within one and twenty
  const opened = await client.request('open-model', { model, options: native }, { deadlineMs: 1000 });
  assert.ok(opened.loaded.parameters > 50e6);
});
