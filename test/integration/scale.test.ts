/** `classify` and `embed` of many pictures, as a cluster runs them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { pack } from 'tar-stream';
import { finishOutput } from '../../extension/cli/scale/output';
import { readNpy } from '../../extension/files/npy';
import { assertOneLine, root, runCli } from './support';

const COUNT = 120;
const samples = readdirSync(path.join(root, 'samples')).filter((name) => /\.(png|jpg|webp|gif|bmp)$/.test(name));

let folder: string;
let ids: string[];
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-scale-'));
  ids = Array.from({ length: COUNT }, (_, i) => {
    const name = samples[i % samples.length]!;
    const id = `train/class ${i % 3}/${i}${path.extname(name)}`;
    mkdirSync(path.join(folder, 'pictures', path.dirname(id)), { recursive: true });
    copyFileSync(path.join(root, 'samples', name), path.join(folder, 'pictures', id));
    return id;
  }).sort();
  writeFileSync(path.join(folder, 'pictures/train/class 0/broken.png'), 'no picture');
  writeFileSync(path.join(folder, 'pictures/train/notes.txt'), 'no picture either');
  ids = [...ids, 'train/class 0/broken.png'].sort();
});
after(() => rmSync(folder, { recursive: true, force: true }));

const cli = (...args: string[]) => runCli(folder, {}, ...args);
interface Row {
  id: string;
  image: string;
  error?: string;
  model: string;
  engine: string;
  predictions?: { index: number; label: string; probability: number; logit: number }[];
  embedding?: number[];
}
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
const rows = (name: string) => rowsOf(readFileSync(path.join(folder, name), 'utf8'));
const sortedIds = (of: Row[]) => of.map(({ id }) => id).sort();

test('killed at ten random moments and resumed, every picture is there exactly once', async () => {
  const args = ['classify', 'pictures', '--output', 'killed.jsonl', '--resume', '--batch', '4'];
  for (let kill = 0; kill < 10; kill++) {
    const child = spawn(process.execPath, [path.join(root, 'dist/cli.js'), ...args], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const before = size('killed.jsonl.part');
    // once it has begun to write, at any moment; a few before
    const wait = kill % 4 === 0 ? Math.random() * 500 : Infinity;
    const until = performance.now() + wait;
    while (performance.now() < until && child.exitCode === null && size('killed.jsonl.part') === before) await sleep(5);
    await sleep(Math.random() * 150);
    child.kill('SIGKILL');
    await ended;
  }
  const last = await cli(...args);
  assert.equal(last.code, 0, last.stderr);
  const found = rows('killed.jsonl');
  assert.deepEqual(sortedIds(found), ids);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('killed')),
    ['killed.jsonl'],
  );
  const broken = found.find(({ id }) => id.endsWith('broken.png'))!;
  assert.match(broken.error!, /broken\.png is not a picture/);
  const row = found.find(({ id }) => id === ids[5])!;
  assert.equal(row.image, path.join('pictures', row.id));
  assert.deepEqual([row.model, row.engine, row.predictions!.length], ['embedded', 'native', 5]);
});

const size = (name: string) => {
  try {
    return readFileSync(path.join(folder, name)).length;
  } catch {
    return -1;
  }
};
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('seven shards give the same set as one, however they are told', async () => {
  const all: Row[] = [];
  const environments = [
    ...[1, 2, 3].map((i) => [{}, ['--shard', `${i}/7`]] as const),
    ...[4, 5].map((i) => [{ SLURM_ARRAY_TASK_ID: String(i), SLURM_ARRAY_TASK_COUNT: '7' }, []] as const),
    ...[6, 0].map((i) => [{ JOB_COMPLETION_INDEX: String(i), JOB_COMPLETIONS: '7' }, []] as const),
  ];
  for (const [env, args] of environments) {
    const { code, stderr } = await runCli(folder, env, 'classify', 'pictures', '-o', 'part-{shard}.jsonl', ...args);
    assert.equal(code, 0, stderr);
  }
  const parts = readdirSync(folder).filter((name) => name.startsWith('part-'));
  assert.deepEqual(
    parts,
    Array.from({ length: 7 }, (_, i) => `part-0000${i}-of-00007.jsonl`),
  );
  for (const part of parts) all.push(...rows(part));
  assert.deepEqual(sortedIds(all), ids);
});

test('a signal leaves what goes on: nothing under its name, and no picture is done twice', async () => {
  const args = ['classify', 'pictures', '--output', 'ended.csv', '--batch', '2'];
  const child = spawn(process.execPath, [path.join(root, 'dist/cli.js'), ...args], { cwd: folder, stdio: 'ignore' });
  const ended = new Promise<[number | null, string | null]>((resolve) =>
    child.on('exit', (code, signal) => resolve([code, signal])),
  );
  while (size('ended.csv.part') < 3000) await sleep(5);
  child.kill('SIGTERM');
  const [code, signal] = await ended;
  assert.ok(code === 143 || signal === 'SIGTERM', `${code} ${signal}`);
  assert.ok(!existsSync(path.join(folder, 'ended.csv')));
  assert.equal((await cli(...args, '--resume')).code, 0);
  const lines = readFileSync(path.join(folder, 'ended.csv'), 'utf8').trim().split('\n');
  assert.equal(lines.length, ids.length + 1);
  assert.match(lines[0]!, /^id,image,model,engine,/);
});

test('lists of files, patterns and standard output; rows are in the order of what was named', async () => {
  const some = ids.filter((id) => id.includes('class 1')).slice(0, 9);
  const list = some.map((id) => path.join('pictures', id));
  for (const separator of ['\n', '\0']) {
    writeFileSync(path.join(folder, 'list'), list.join(separator) + separator);
    const { code, stdout } = await cli('classify', '--files-from', 'list', '--format', 'jsonl');
    assert.equal(code, 0);
    assert.deepEqual(
      rowsOf(stdout).map(({ image }) => image),
      list,
    );
  }
  const { code, stdout } = await cli('classify', 'pictures/train/class?1/*1.*', '--json');
  assert.equal(code, 0);
  assert.ok(rowsOf(stdout).length > 3);
  assert.ok(rowsOf(stdout).every(({ id }) => /class 1\/\d*1\./.test(id)));
});

test('a line in, a line out, from a process that stays', async () => {
  const child = spawn(process.execPath, [path.join(root, 'dist/cli.js'), 'classify', '--stdin-jsonl', '-k', '1'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers: Row[] = [];
  let text = '';
  let wake = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split('\n');
    text = lines.pop()!;
    answers.push(...lines.map((line) => JSON.parse(line) as Row));
    wake();
  });
  const ask = async (line: string) => {
    child.stdin.write(`${line}\n`);
    const want = answers.length + 1;
    while (answers.length < want) await new Promise<void>((resolve) => (wake = resolve));
    return answers.at(-1)!;
  };
  const image = path.join('pictures', ids[0]!);
  const first = await ask(JSON.stringify({ image }));
  assert.deepEqual([first.image, first.predictions!.length], [image, 1]);
  const bytes = readFileSync(path.join(folder, image)).toString('base64');
  const second = await ask(JSON.stringify({ id: 'mine', bytes }));
  assert.equal(second.id, 'mine');
  assert.deepEqual(second.predictions, first.predictions);
  assert.match((await ask('no json')).error!, /Line 3 is no JSON/);
  assert.match((await ask('{"image":"nowhere.png"}')).error!, /nowhere\.png does not exist/);
  child.stdin.end();
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
});

async function tar(name: string, members: [string, Buffer][]): Promise<string> {
  const archive = pack();
  for (const [member, bytes] of members) archive.entry({ name: member }, bytes);
  archive.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of archive) pieces.push(piece as Buffer);
  writeFileSync(path.join(folder, name), Buffer.concat(pieces));
  return name;
}

test('archives: pictures as they lie in folders, one output each; one that is cut off is never tried again', async () => {
  const some = ids.filter((id) => !id.includes('broken')).slice(0, 12);
  const bytes = (id: string) => readFileSync(path.join(folder, 'pictures', id));
  const members = (of: string[]): [string, Buffer][] =>
    of.flatMap((id, i) => [
      [`${i}${path.extname(id)}`, bytes(id)],
      [`${i}.cls`, Buffer.from('3')],
    ]);
  await tar('a.tar', members(some.slice(0, 6)));
  await tar('b.tar', members(some.slice(6)));
  mkdirSync(path.join(folder, 'out'));
  const { code, stderr } = await cli('classify', 'a.tar', 'b.tar', '--output', 'out');
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(path.join(folder, 'out')), ['a.jsonl', 'b.jsonl']);
  const known = new Map(rows('killed.jsonl').map((row) => [row.id, row]));
  const found = [...rows('out/a.jsonl'), ...rows('out/b.jsonl')];
  assert.equal(found.length, 12);
  found.forEach((row, i) => {
    const alone = known.get(some[i]!)!.predictions!;
    row.predictions!.forEach(({ probability, index }, k) => {
      assert.equal(index, alone[k]!.index);
      assert.ok(Math.abs(probability - alone[k]!.probability) < 1e-5);
    });
  });
  writeFileSync(path.join(folder, 'cut.tar'), readFileSync(path.join(folder, 'a.tar')).subarray(0, 5000));
  const cut = await cli('classify', 'cut.tar', '--output', 'cut.jsonl');
  assert.equal(cut.code, 3);
  assertOneLine(cut, /cut\.tar cannot be read as an archive/);
  assert.ok(!existsSync(path.join(folder, 'cut.jsonl')));
});

test('Parquet and .npy read back by others hold the same values', async () => {
  const args = ['pictures/train/class 1', '--batch', '16'];
  assert.equal((await cli('classify', ...args, '--logits', '-o', 'c.parquet')).code, 0);
  assert.equal((await cli('classify', ...args, '--logits', '-o', 'c.jsonl')).code, 0);
  const table = await parquet('c.parquet');
  const lines = rows('c.jsonl') as (Row & { logits: number[]; energy: number; size: number[] })[];
  assert.equal(table.length, lines.length);
  table.forEach((row, i) => {
    const line = lines[i]!;
    const [first] = line.predictions!;
    assert.deepEqual(
      [row.id, row.label, row.index, row.probability, row.energy, row.width, row.error],
      [line.id, first!.label, first!.index, first!.probability, line.energy, line.size[0], null],
    );
    assert.deepEqual(row.logits, line.logits);
  });
  assert.equal((await cli('embed', ...args, '-o', 'e.npy')).code, 0);
  assert.equal((await cli('embed', ...args, '-o', 'e.parquet')).code, 0);
  assert.equal((await cli('embed', ...args, '-o', 'e.vitresults.jsonl')).code, 0);
  const { shape, values } = readNpy(readFileSync(path.join(folder, 'e.npy')));
  assert.equal(shape[0], lines.length);
  const vectors = await parquet('e.parquet');
  vectors.forEach(({ embedding }, i) => {
    const row = values.subarray(i * shape[1]!, (i + 1) * shape[1]!);
    assert.deepEqual(embedding, [...row]);
  });
  const [header] = rows('e.vitresults.jsonl') as unknown as { embeddings: { file: string; length: number } }[];
  assert.deepEqual(header!.embeddings, { file: 'e.vitresults.f32', length: shape[1] });
  const raw = readFileSync(path.join(folder, 'e.vitresults.f32'));
  assert.equal(raw.length, values.byteLength);
  assert.equal(raw.readFloatLE(4), values[1]);
});

const descriptors = '/proc/self/fd';
test(
  'what is read for a Parquet file is closed again',
  { skip: !existsSync(descriptors) && 'no list of open files' },
  async () => {
    // made by the test before
    copyFileSync(path.join(folder, 'e.vitresults.jsonl'), path.join(folder, 'closed.parquet.part'));
    const closed: string[] = [];
    process.on('warning', ({ message }) => closed.push(message));
    await finishOutput(path.join(folder, 'closed.parquet'), 'parquet', (image) => image);
    const open = readdirSync(descriptors).map((fd) => {
      try {
        return readlinkSync(path.join(descriptors, fd));
      } catch {
        return ''; // of the list itself
      }
    });
    assert.deepEqual(
      open.filter((file) => file.startsWith(folder)),
      [],
    );
    assert.ok((await parquet('closed.parquet')).length > 0);
    // what nobody holds any more may have been closed by the garbage collector, which warns
    await sleep(10);
    assert.deepEqual(closed, []);
  },
);

async function parquet(name: string): Promise<Record<string, unknown>[]> {
  const bytes = readFileSync(path.join(folder, name));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return parquetReadObjects({ file });
}

test('how it ends: 2 for what was asked wrongly, 3 for what can never be read', async () => {
  for (const args of [
    ['classify', 'pictures', '--format', 'parquet'],
    ['classify', 'pictures', '--resume'],
    ['classify', 'pictures', '--shard', '9/7'],
    ['classify', 'pictures', '--stdin-jsonl'],
    ['classify', 'pictures', '--top-k', '1001'],
    ['classify'],
  ]) {
    const wrong = await cli(...args);
    assert.equal(wrong.code, 2, args.join(' '));
    assertOneLine(wrong, /./);
  }
  const model = await cli('classify', 'pictures', '--model', 'no-such-model', '-o', 'm.jsonl');
  assert.equal(model.code, 3);
  assertOneLine(model, /no-such-model/);
  writeFileSync(path.join(folder, 'mine.jsonl.part'), 'my notes\n');
  const notes = await cli('classify', 'pictures', '-o', 'mine.jsonl', '--resume');
  assert.equal(notes.code, 2);
  assertOneLine(notes, /holds something else than results/);
});
