/** What a job of many pictures holds does not grow with them (Linux, where a process's memory can be read). */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { startJob } from '../../extension/jobs/job';
import { onlyModel } from '../../extension/jobs/onlyModel';
import { makeClient, native, sample } from './support';

const folder = mkdtempSync(path.join(tmpdir(), 'vit-job-memory-'));
after(() => rmSync(folder, { recursive: true }));

const SIDE = 384;
const INPUT_BYTES = 4 * 3 * SIDE * SIDE;
const BATCH = 1;

const resident = (pid: number): number => {
  const pages = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (
    1024 * ['RssAnon', 'RssShmem'].reduce((sum, key) => sum + Number(RegExp(`${key}:\\s+(\\d+)`).exec(pages)![1]), 0)
  );
};

test(
  'the engine holds the inputs of the batches under way, and none of those before',
  { skip: process.platform !== 'linux' },
  async () => {
    const id = path.join(folder, 'wide.vit.json');
    const shape = { img_size: [3, SIDE, SIDE], patch_size: 128, token_len: 8, depth: 1, num_heads: 1 };
    writeFileSync(id, JSON.stringify({ architecture: 'ViT_Model', ...shape }));
    const client = makeClient();
    try {
      const pictures = Array.from({ length: 200 }, (_, i) => {
        return { id: String(i), image: String(i), source: { path: sample('car.png') } };
      });
      await client.request('open-model', { model: { id }, options: native });
      const { pid } = await client.request('info', null);
      const before = resident(pid);
      let most = 0;
      const measure = setInterval(() => (most = Math.max(most, resident(pid))), 20);
      let rows = 0;
      const sink = {
        claim: () => true,
        append: (more: readonly unknown[]) => Promise.resolve(void (rows += more.length)),
      };
      const job = startJob(client, onlyModel(client, { id }, native), pictures, {
        open: () => Promise.resolve({ ...sink, close: () => Promise.resolve() }),
        ...{ root: '', precision: native.precision, topK: 1, logits: false, embeddings: null, batch: BATCH },
      });
      await job.finished.finally(() => clearInterval(measure));
      assert.equal(rows, pictures.length);
      // three batches, what a pass takes of one, and what the process itself needs by then: 11 of them; when each batch had new arrays, 30
      const inputs = (most - before) / (BATCH * INPUT_BYTES);
      assert.ok(inputs < 18, `${inputs.toFixed(1)} batches' inputs`);
    } finally {
      client.dispose();
    }
  },
);
