/** Many pictures through the real engine process: rows, embeddings, order, what is skipped, what goes wrong, and what ends a process. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { EngineClient } from '../../extension/engine/client';
import { onlyModel } from '../../extension/jobs/onlyModel';
import { startJob, type JobOptions, type JobProgress } from '../../extension/jobs/job';
import type { JobPicture } from '../../extension/jobs/picture';
import { parseLine, type FailedRow, type PictureRow } from '../../extension/results/format';
import { readLines } from '../../extension/results/reader';
import { ResultsWriter } from '../../extension/results/writer';
import { Graph } from './onnxGraphs';
import { makeClient, native, root, untilGone } from './support';

let folder: string;
let client: EngineClient;
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-job-'));
  client = makeClient();
});
after(() => {
  client.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const samples = readdirSync(path.join(root, 'samples')).filter((name) => /\.(png|jpg|webp|gif|bmp)$/.test(name));

const picture = (id: string, file = path.join(folder, id)): JobPicture => ({ id, image: id, source: { path: file } });

/** `count` pictures, copies of the samples, in folders. */
function pictures(count: number): JobPicture[] {
  return Array.from({ length: count }, (_, i) => {
    const name = samples[i % samples.length]!;
    const id = `${i % 3}/${i}${path.extname(name)}`;
    mkdirSync(path.join(folder, String(i % 3)), { recursive: true });
    copyFileSync(path.join(root, 'samples', name), path.join(folder, id));
    return picture(id);
  });
}

/** What a job of these tests is asked for, where its test does not say otherwise. */
const into = (file: string, options: Partial<JobOptions> = {}): JobOptions => ({
  open: (header) => ResultsWriter.open(file, header),
  root: folder,
  precision: 'fp32',
  topK: 3,
  logits: false,
  embeddings: null,
  ...options,
});

const start = (
  of: JobPicture[],
  file: string,
  options: Partial<JobOptions> = {},
  onProgress?: (progress: JobProgress) => void,
) => startJob(client, onlyModel(client, { id: 'embedded' }, native), of, into(file, options), onProgress);

async function rowsOf(file: string): Promise<(PictureRow | FailedRow)[]> {
  const rows = [];
  for await (const { text } of readLines(file)) {
    const line = parseLine(text);
    assert.ok(line, text);
    if (line.kind === 'picture' || line.kind === 'failed') rows.push(line);
  }
  return rows;
}

test('rows are in the order of the pictures, say what one picture alone says, and what is wrong with a picture is its row', async () => {
  const file = path.join(folder, 'a.vitresults.jsonl');
  const all = pictures(30);
  writeFileSync(path.join(folder, 'broken.png'), 'no picture at all');
  all.splice(7, 0, picture('broken.png'), picture('missing.png'));
  const reports: JobProgress[] = [];
  const done = await start(all, file, { logits: true, embeddings: 'a.f32' }, (p) => reports.push(p)).finished;
  assert.deepEqual({ ...done, rate: 0 }, { state: 'done', done: 32, failed: 2, skipped: 0, total: null, rate: 0 });
  assert.deepEqual([reports[0]!.state, reports.at(-1)!.state], ['running', 'done']);
  const rows = await rowsOf(file);
  assert.deepEqual(
    rows.map(({ id }) => id),
    all.map(({ id }) => id),
  );
  const [broken, missing] = rows.slice(7, 9) as [FailedRow, FailedRow];
  assert.match(broken.error.message, /broken\.png is not a picture/);
  assert.equal(broken.error.code, 'ERR_IMAGE');
  assert.match(missing.error.message, /missing\.png does not exist/);

  const { loaded, description } = await client.request('open-model', { model: { id: 'embedded' }, options: native });
  const weight = await tensor('head.weight');
  const bias = await tensor('head.bias');
  const vectors = readFileSync(path.join(folder, 'a.f32'));
  for (const row of rows.filter((each) => each.kind === 'picture').slice(0, 10)) {
    const { imageId } = await client.request('open-image', { path: path.join(folder, row.id), preview: false });
    const run = await client.request('run', { ...loaded, imageId, topK: 3, attention: false, tokens: false });
    row.predictions.forEach((prediction, i) => {
      const alone = run.predictions[i]!;
      assert.deepEqual([prediction.index, prediction.label], [alone.index, alone.label]);
      assert.ok(Math.abs(prediction.probability! - alone.probability!) < 1e-5);
    });
    assert.ok(Math.abs(row.energy! - run.energy) < 1e-4);
    assert.deepEqual(row.size, [run.geometry.imageWidth, run.geometry.imageHeight]);
    assert.equal(row.bytes, readFileSync(path.join(folder, row.id)).length);
    // the embedding is what the head reads
    const length = weight.length / bias.length;
    row.logits!.forEach((logit, c) => {
      let sum = bias[c]!;
      for (let j = 0; j < length; j++)
        sum += weight[c * length + j]! * vectors.readFloatLE(4 * (row.embedding! * length + j));
      assert.ok(Math.abs(sum - logit) < 1e-4, `class ${c} of ${row.id}: ${sum}, ${logit}`);
    });
  }
  assert.equal(description.labels?.length, bias.length);

  async function tensor(name: string): Promise<Float32Array> {
    const { imageId } = await client.request('open-image', { path: path.join(folder, all[0]!.id), preview: false });
    const { runId } = await client.request('run', { ...loaded, imageId, topK: 1, attention: false, tokens: false });
    return (await client.request('slice', { runId, what: { kind: 'tensor', name } })).values;
  }
});

test('a job that was stopped goes on: rows that are there are skipped, the others follow, none is there twice', async () => {
  const file = path.join(folder, 'b.vitresults.jsonl');
  const all = pictures(60);
  const stopped = start(all, file, { batch: 4 }, ({ done }) => done >= 12 && stopped.cancel());
  const first = await stopped.finished;
  assert.equal(first.state, 'cancelled');
  assert.ok(first.done >= 12 && first.done < 60, `${first.done}`);
  const paused: string[] = [];
  let hasPaused = false;
  const job = start(all, file, { batch: 4 }, ({ done, state }) => {
    if (state !== paused.at(-1)) paused.push(state);
    if (done >= 8 && !hasPaused) {
      hasPaused = true;
      job.pause();
      setTimeout(() => job.resume(), 100);
    }
  });
  const second = await job.finished;
  assert.deepEqual([second.state, second.done + second.skipped], ['done', 60]);
  assert.ok(second.skipped >= 12);
  assert.deepEqual(paused, ['running', 'paused', 'running', 'done']);
  assert.deepEqual(
    (await rowsOf(file)).map(({ id }) => id),
    all.map(({ id }) => id),
  );
  const third = await start(all, file).finished;
  assert.deepEqual([third.done, third.skipped], [0, 60]);
});

test('a panel is answered in the middle of a job, and the job keeps every picture', async () => {
  const file = path.join(folder, 'c.vitresults.jsonl');
  const all = pictures(120);
  let isOver = false;
  const finished = start(all, file, { batch: 8 }).finished.finally(() => (isOver = true));
  let answers = 0;
  const { loaded } = await client.request('open-model', { model: { id: 'embedded' }, options: native });
  while (!isOver && answers < 20) {
    const { imageId } = await client.request('open-image', { path: path.join(folder, all[0]!.id) });
    const run = await client.request('run', { ...loaded, imageId, topK: 1, attention: true, tokens: true });
    await client.request('slice', { runId: run.runId, what: { kind: 'tokens', layer: 1 } });
    answers++;
  }
  assert.ok(answers > 0);
  assert.equal((await finished).failed, 0);
  assert.equal((await rowsOf(file)).length, 120);
});

describe('what ends a process', { skip: process.platform !== 'linux' && 'children are found in /proc' }, () => {
  const children = (pid: number): number[] =>
    execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .split('\n')
      .map(Number)
      .filter((child) => child > 0);

  test('the decoder of a job: its pictures are decoded again one by one, and the job goes on', async () => {
    const file = path.join(folder, 'd.vitresults.jsonl');
    const all = pictures(90);
    const killed: number[] = [];
    const progress = await start(all, file, { batch: 6 }, ({ done }) => {
      if (killed.length > 0 || done < 12) return;
      for (const pid of children(client.pid!)) {
        process.kill(pid, 'SIGKILL');
        killed.push(pid);
      }
    }).finished;
    assert.ok(killed.length > 0);
    assert.deepEqual([progress.done, progress.failed], [90, 0]);
    assert.equal(new Set((await rowsOf(file)).map(({ id }) => id)).size, 90);
  });

  test('the engine itself: it is started again, its model loaded again, and the job goes on', async () => {
    const file = path.join(folder, 'e.vitresults.jsonl');
    const all = pictures(90);
    let gone: number | undefined;
    const progress = await start(all, file, { batch: 6 }, ({ done }) => {
      if (gone !== undefined || done < 12) return;
      gone = client.pid!;
      process.kill(gone, 'SIGKILL');
    }).finished;
    await untilGone(gone!);
    assert.deepEqual([progress.done, progress.failed], [90, 0]);
    assert.equal((await rowsOf(file)).length, 90);
    assert.notEqual(client.pid, gone);
  });
});

test('where nothing resizes pictures, one of another size than the model takes is its row, and the others are not', async () => {
  const graph = new Graph();
  const pixels = graph.input('pixels', ['batch', 3, 'height', 'width']);
  const means = graph.node('GlobalAveragePool', [pixels]);
  graph.node('Flatten', [means], { axis: 1 }, { as: 'scores' });
  graph.output('scores', ['batch', 3]);
  const model = path.join(folder, 'means');
  mkdirSync(model);
  writeFileSync(path.join(model, 'model.onnx'), graph.bytes());
  const processor = { do_resize: false, do_center_crop: false, image_mean: [0, 0, 0], image_std: [1, 1, 1] };
  writeFileSync(path.join(model, 'preprocessor_config.json'), JSON.stringify(processor));
  const sizes = [[224, 224], [64, 32], [224, 224], [224, 224]] as const; // prettier-ignore
  const all: JobPicture[] = [];
  for (const [i, [width, height]] of sizes.entries()) {
    const background = { r: 40 * i, g: 255 - 40 * i, b: 20 * i };
    await sharp({ create: { width, height, channels: 3, background } }).png().toFile(path.join(folder, `means-${i}.png`)); // prettier-ignore
    all.push(picture(`means-${i}.png`));
  }
  const file = path.join(folder, 'means.vitresults.jsonl');
  const onnx = { ...native, engine: 'onnx' as const };
  await startJob(client, onlyModel(client, { id: model }, onnx), all, into(file, { logits: true })).finished;
  const rows = (await rowsOf(file)).map((row) => (row.kind === 'picture' ? row.logits!.map((x) => Math.round(255 * x)) : row.error.message)); // prettier-ignore
  const wrong = 'The input has shape (1, 3, 32, 64), but the model takes (B, 3, 224, 224).';
  assert.deepEqual(rows, [[0, 255, 0], wrong, [80, 175, 40], [120, 135, 60]]);
});

test('a model without embeddings is classified without them where that is allowed', async () => {
  const [file, onnx] = [path.join(folder, 'without.vitresults.jsonl'), { ...native, engine: 'onnx' as const }];
  const options = into(file, { embeddings: 'without.f32', embeddingsIfAny: true });
  const { done, failed } = await startJob(client, onlyModel(client, { id: 'embedded' }, onnx), pictures(3), options)
    .finished;
  assert.deepEqual([done, failed], [3, 0]);
  const header = parseLine(readFileSync(file, 'utf8').split('\n', 1)[0]!);
  assert.ok(header?.kind === 'header');
  assert.deepEqual([header.engine, header.embeddings], ['onnx', null]);
  for (const row of await rowsOf(file)) assert.ok(row.kind === 'picture' && row.predictions.length === 3);
  assert.ok(!existsSync(path.join(folder, 'without.f32')));
});

test('what no job can be done with is one sentence: no such model, no embeddings, no place to write', async () => {
  const file = path.join(folder, 'f.vitresults.jsonl');
  const of = (id: string, options: Partial<JobOptions> = {}, engine = native) =>
    startJob(client, onlyModel(client, { id }, engine), pictures(2), into(file, options)).finished;
  await assert.rejects(of(path.join(folder, 'nothing')), /nothing does not exist|no model/);
  await assert.rejects(of('embedded', { embeddings: 'f.f32' }, { ...native, engine: 'onnx' }), {
    code: 'ERR_UNSUPPORTED',
  });
  await assert.rejects(
    of('embedded', { open: (header) => ResultsWriter.open(path.join(folder, 'no/where.jsonl'), header) }),
    /directory does not exist/,
  );
});
