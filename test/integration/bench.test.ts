import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { bench, profile, type BenchRow } from '../../extension/bench/bench';
import { measureFolder } from '../../extension/bench/folder';
import { measureStart } from '../../extension/bench/start';
import { loadBinding } from '../../extension/engine/native/binding';
import { folderPictures } from '../../extension/jobs/folderPictures';
import type { JobPicture } from '../../extension/jobs/picture';
import { packageRoot } from '../../extension/files/packageRoot';
import { openModel } from '../../extension/models/open';

const embedded = () => openModel('embedded', { root: packageRoot() });

test('bench: every engine runs the embedded model, and all but 8-bit weights agree', async () => {
  const takesBf16 = loadBinding().info().kernels === 'avx512-amx';
  const seen: BenchRow[] = [];
  const report = await bench([await embedded()], { threads: [1, 2], batches: [1, 3], rounds: 1 }, (row) =>
    seen.push(row),
  );
  assert.deepEqual(report.rows, seen);
  assert.deepEqual(
    seen.map(({ threads, batch, precision, maps }) => [threads, batch, precision, maps]),
    [1, 2].flatMap((threads) =>
      [1, 3].flatMap((batch) => [
        [threads, batch, 'fp32', false],
        [threads, batch, 'fp32', true],
        ...(takesBf16 ? [[threads, batch, 'bf16', false]] : []),
        [threads, batch, 'int8', false],
      ]),
    ),
  );
  for (const row of seen) {
    const exact = row.precision === 'fp32';
    assert.ok(exact ? row.difference < 1e-4 : row.difference > 0 && row.difference < 0.5);
    assert.ok(!exact || row.maps || row.ratio_to_fp32 === 1);
    assert.ok(
      [row.native_ms, row.onnx_ms, row.ratio, row.ratio_to_fp32, row.gflops, row.share_of_peak].every((n) => n > 0),
    );
    assert.equal(row.blas_ms !== null, exact && !row.maps);
  }
  assert.ok(report.peak_gflops > 0);
});

test('start: both engines, from the fork to the first prediction', async () => {
  const rows = await measureStart(await embedded(), {
    processFile: path.join(packageRoot(), 'dist', 'engine.js'),
    image: path.join(packageRoot(), 'samples', 'ship.png'),
    threads: 1,
    rounds: 1,
  });
  assert.deepEqual(
    rows.map(({ engine }) => engine),
    ['native', 'onnx'],
  );
  for (const { ready_ms, load_ms, first_ms, total_ms, peak_bytes } of rows) {
    assert.ok([ready_ms, load_ms, first_ms].every((ms) => ms > 0));
    assert.ok(Math.abs(total_ms - ready_ms - load_ms - first_ms) < 1e-6);
    if (process.platform === 'linux') assert.ok(peak_bytes! > 20e6);
  }
});

test('profile: the stages of a pass, each with its time', async () => {
  const stages = await profile(await embedded(), 2, 1, 1);
  const names = stages.map(({ stage }) => stage);
  for (const stage of ['patch_embed', 'norm', 'attn.qkv', 'attn.scores', 'attn.proj', 'mlp', 'head']) {
    assert.ok(names.includes(stage), `${stage} among ${names.join(', ')}`);
  }
  assert.ok(stages.every(({ ms }) => ms >= 0));
});

test('an ONNX file has no weights to race with', async () => {
  const description = await embedded();
  const weights = { kind: 'onnx', file: path.resolve('x.onnx'), input: null } as const;
  const onnx = { ...description, path: 'x.onnx', weights };
  await assert.rejects(
    bench([onnx], { threads: [1], batches: [1], rounds: 1 }, () => undefined),
    /x\.onnx is an ONNX file/,
  );
});

test('folder: decoding, passes and both, and what a panel waits beside a job', async () => {
  const pictures: JobPicture[] = [];
  const folder = path.join(packageRoot(), 'samples');
  for await (const picture of folderPictures({ folder, include: [], exclude: [] })) pictures.push(picture);
  const many = Array.from({ length: 5 }, (_, i) => pictures.map((each) => ({ ...each, id: `${i}/${each.id}` }))).flat();
  const programs = path.join(packageRoot(), 'dist');
  const row = await measureFolder('embedded', await embedded(), {
    programs,
    pictures: many,
    threads: 0,
    rounds: 1,
    waits: 2,
  });
  assert.deepEqual([row.model, row.pictures], ['vit-cifar10', 40]);
  assert.ok([row.decode, row.forward, row.both, row.alone_ms, row.beside_ms].every((value) => value > 0));
  assert.ok(Math.abs(row.possible - 1 / (1 / row.decode + 1 / row.forward)) < 1e-6 * row.possible);
  assert.ok(Math.abs(row.ratio - row.both / row.possible) < 1e-6 * row.ratio);
  if (process.platform === 'linux') assert.ok(Object.values(row.memory!).every((bytes) => bytes > 50e6));
});
