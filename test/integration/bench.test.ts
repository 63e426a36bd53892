import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { bench, profile, type BenchRow } from '../../extension/bench/bench';
import { measureFolder } from '../../extension/bench/folder';
import { measureStart } from '../../extension/bench/start';
import { loadBinding } from '../../extension/engine/native/binding';
import { folderPictures } from '../../extension/jobs/folderPictures';
import type { JobPicture } from '../../extension/jobs/picture';
import { packageRoot } from '../../extension/files/packageRoot';
import { openModel } from '../../extension/models/open';
import { assertOneLine, runCli, sample } from './support';

const embedded = () => openModel('embedded', { root: packageRoot() });

test('bench: every engine runs the embedded model, and all but 8-bit weights agree', async () => {
  const takesBf16 = loadBinding().info().bf16;
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

describe('bench on the command line', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vit-bench-'));
  after(() => rmSync(folder, { recursive: true }));
  const once = ['--model', 'embedded', '--rounds', '1'];

  async function bench(...args: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await runCli(folder, {}, 'bench', ...args);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout.trimEnd().split('\n');
  }
  /** Cells of a line, which have two columns of texts at most. */
  const cells = (line: string) => line.trim().split(/ +/);

  test('a table: a line for each kind of weights, under its columns, and what they are', async () => {
    const [head = '', ...lines] = await bench(...once, '--threads', '1,2', '--batch', '2');
    const [rows, [empty, machine = '', what = '']] = [lines.slice(0, -3), lines.slice(-3)];
    assert.match(
      head,
      /^model +threads +batch +weights +native ms +onnx ms +ratio +vs fp32 +vs onnx8 +blas ms +GFLOP\/s +of peak$/,
    );
    assert.deepEqual(new Set(rows.map((line) => line.length)), new Set([head.length]), 'the columns are aligned');
    const kinds = ['fp32', 'fp32 maps', ...(loadBinding().info().bf16 ? ['bf16'] : []), 'int8'];
    const seen = rows.map((line) => /^vit-cifar10 +(\d+) +(\d+) (\w+(?: maps)?) /.exec(line)?.slice(1));
    assert.deepEqual(seen, [1, 2].flatMap((threads) => kinds.map((kind) => [`${threads}`, '2', kind]))); // prettier-ignore
    for (const line of rows) {
      const fp32 = / fp32 (?!maps)/.test(line);
      const [native, onnx, ratio, , ...others] = cells(line.replace(/^.*?(fp32 maps|fp32|bf16|int8)/, '')).map(
        parseFloat,
      );
      // as they are rounded
      assert.ok(Math.abs(ratio! - onnx! / native!) < 0.02 * ratio! + 0.01, line);
      assert.equal(others.length, fp32 || / int8 /.test(line) ? 3 : 2, line);
      assert.match(line, fp32 ? / 1\.00 .* \d+\.\d +\d+ +\d+%$/ : / \d+%$/);
    }
    assert.equal(empty, '');
    assert.ok(machine.includes(`; kernels ${loadBinding().info().kernels}; float32 peak `), machine);
    assert.ok(machine.includes(`${cpus().length} cores`) || machine.includes('cores'), machine);
    assert.match(what, /^ONNX Runtime \d+\.\d+\.\d+, without maps/);
  });

  test('as JSON: the report, and nothing else', async () => {
    const lines = await bench(...once, '--threads', '1', '--json');
    assert.equal(lines.length, 1);
    const report = JSON.parse(lines[0]!) as { rows: BenchRow[]; peak_gflops: number };
    // another model than those of --models is measured with one picture
    assert.deepEqual(new Set(report.rows.map(({ batch }) => batch)), new Set([1]));
    assert.ok(report.peak_gflops > 0);
  });

  test('a model of --models by its name, with one picture and with eight', async () => {
    const lines = await bench('--model', 'ViT_Model', '--rounds', '1', '--threads', '1', '--profile', '--json');
    const found = lines.map((line) => JSON.parse(line) as { model: string; batch: number });
    assert.deepEqual(
      found.map(({ model, batch }) => [model, batch]),
      [
        ['ViT_Model', 1],
        ['ViT_Model', 8],
      ],
    );
  });

  test('where the time goes: shares of a hundred', async () => {
    const [head = '', ...stages] = await bench(...once, '--threads', '1', '--profile');
    const [, total] = /^vit-cifar10, 1 threads, batch 1: (\d+\.\d) ms \(thread 0\)$/.exec(head)!;
    const found = stages.map((line) => /^ {2}(\S+) +(\d+\.\d\d) +(\d+\.\d)%$/.exec(line)!.slice(1));
    const sum = (at: number) => found.reduce((all, stage) => all + Number(stage[at]), 0);
    assert.ok(Math.abs(sum(1) - Number(total)) < 0.2);
    assert.ok(Math.abs(sum(2) - 100) < 1);
    const [json = ''] = await bench(...once, '--threads', '1', '--batch', '2', '--profile', '--json');
    const { stages: named, ...of } = JSON.parse(json) as { stages: { stage: string }[] };
    assert.deepEqual(of, { model: 'vit-cifar10', threads: 1, batch: 2 });
    assert.deepEqual(
      named.map(({ stage }) => stage),
      found.map(([stage]) => stage),
    );
  });

  test('a new engine process until its first prediction', async () => {
    const start = [...once, '--threads', '1', '--start', sample('ship.png')];
    const [head = '', ...rows] = await bench(...start);
    assert.match(head, /^model +engine +threads +ready ms +load ms +first ms +total ms +peak MB$/);
    assert.deepEqual(rows.map((line) => cells(line).slice(0, 3)), [['vit-cifar10', 'native', '1'], ['vit-cifar10', 'onnx', '1']]); // prettier-ignore
    for (const line of rows) {
      const [ready, load, first, total, peak] = cells(line).slice(3).map(Number);
      assert.ok(Math.abs(total! - ready! - load! - first!) <= 2, line);
      if (process.platform === 'linux') assert.ok(peak! > 20 && peak! < 2000, line);
    }
    const json = (await bench(...start, '--json')).map(
      (line) => JSON.parse(line) as { engine: string; threads: number },
    );
    assert.deepEqual(json.map(({ engine, threads }) => [engine, threads]), [['native', 1], ['onnx', 1]]); // prettier-ignore
  });

  test('a curve over tokens, with the memory of each engine', async () => {
    const curve = ['--tokens', '17,50', '--threads', '1', '--rounds', '1'];
    const [head = '', ...rows] = await bench(...curve);
    assert.match(head, /^model +tokens +threads +native ms +onnx ms +ratio +GFLOP\/s +native MB +onnx MB$/);
    assert.deepEqual(rows.map((line) => cells(line).slice(0, 3)), [['ViT-S', '17', '1'], ['ViT-S', '50', '1']]); // prettier-ignore
    for (const line of rows) {
      const [native, onnx, ratio, gflops, ...memory] = cells(line).slice(3).map(Number);
      assert.ok(Math.abs(ratio! - onnx! / native!) <= 0.02 * ratio! + 0.01, line);
      assert.ok(gflops! > 0, line);
      // the weights alone are 88 MB
      if (process.platform === 'linux')
        assert.ok(
          memory.every((megabytes) => megabytes > 88 && megabytes < 3000),
          line,
        );
    }
    const json = (await bench(...curve, '--json')).map((line) => JSON.parse(line) as { tokens: number; model: string });
    assert.deepEqual(json.map(({ model, tokens }) => [model, tokens]), [['ViT-S', 17], ['ViT-S', 50]]); // prettier-ignore
  });

  test('the pictures of a folder', async () => {
    const lines = await bench(...once, '--folder', path.join(packageRoot(), 'samples'));
    const text = lines.join('\n');
    const [, pictures] = /^vit-cifar10, (\d+) pictures, all threads; a second:\n/.exec(text)!;
    assert.ok(Number(pictures) >= 8);
    const [, decode, forward, both] = /decoding alone (\d+), passes alone (\d+), both together (\d+)\n/.exec(text)!;
    const [, share, possible] = / {2}(\d+)% of the (\d+) that the two allow on the same cores/.exec(text)!;
    assert.ok(
      Math.abs(Number(possible) - 1 / (1 / Number(decode) + 1 / Number(forward))) <= 0.02 * Number(possible) + 1,
    );
    assert.ok(Math.abs(Number(share) - (100 * Number(both)) / Number(possible)) <= 0.04 * Number(share) + 1);
    assert.match(text, /\n {2}a picture opened and run by a panel: \d+\.\d ms alone, \d+\.\d ms beside a job$/);
  });

  const refused: [args: string[], code: number, message: RegExp][] = [
    [['--threads', '0'], 2, /threads.*at least 1/],
    [['--batch', '1,,2'], 2, /batch.*whole number/],
    [['--rounds', '0'], 2, /rounds.*at least 1/],
    [['--models', 'none'], 2, /sizes, all/],
    [['--tokens', '197,198'], 2, /198 is not one more than a square/],
    [['--tokens', '197', '--model', 'embedded'], 2, /tokens.*model/],
    [['--against', 'steam'], 2, /onnx/],
    [['--folder', '.'], 1, /no picture/i],
    [['--start', 'missing.png', '--threads', '1', '--model', 'embedded'], 1, /missing\.png/],
  ];
  for (const [args, code, message] of refused) {
    test(`${args.join(' ')} is refused in a sentence`, async () => {
      const ended = await runCli(folder, {}, 'bench', ...args);
      assert.equal(ended.code, code);
      assertOneLine(ended, message);
    });
  }
});
