/** Pictures of a large run: as they are named, in folders, lists, archives and lines of JSON; how they are told apart; and what is refused. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { Unreadable, UsageError } from '../../extension/cli/errors';
import { isArchive, picturesInArchive } from '../../extension/cli/scale/archive';
import { areMany, inputsOf } from '../../extension/cli/scale/inputs';
import { embeddingsPartOf, finishOutput, formatOf, isDone, partOf, startAnew } from '../../extension/cli/scale/output';
import { picturesFromLines } from '../../extension/cli/scale/requests';
import { runScale } from '../../extension/cli/scale/scale';
import { isAboutMany, type ScaleOptions, type Wanted } from '../../extension/cli/scale/scaleOptions';
import type { EngineClient } from '../../extension/engine/client';
import { readNpy } from '../../extension/files/npy';
import type { JobPicture } from '../../extension/jobs/picture';

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'many-pictures-')));
const before = process.cwd();
process.chdir(folder);
after(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of from) found.push(one);
  return found;
}
const write = (name: string, contents: string | Uint8Array = '') => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), contents);
};
type Member = [name: string, contents: string | null, type?: 'file' | 'directory' | 'symlink'];
async function tar(members: Member[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, contents, type = 'file'] of members) archive.entry({ name, type, ...(type === 'symlink' && { linkname: 'x' }) }, contents ?? ''); // prettier-ignore
  archive.finalize();
  return Buffer.concat(await all(archive as AsyncIterable<Buffer>));
}

const members: Member[] = [
  ['train/1.png', 'one'],
  ['train/1.cls', '3'],
  ['./train/2.JPG', 'two'],
  ['/train/3.webp', 'three'],
  ['.//4.gif', 'four'],
  ['train/.hidden.png', 'x'],
  ['.folder/5.png', 'five'],
  ['train/folder.png', null, 'directory'],
  ['train/link.png', null, 'symlink'],
  ['6.png', ''],
];

test('an archive gives its pictures in its order, by their names in it', async () => {
  const bytes = await tar(members);
  for (const [name, contents] of [
    ['a.tar', bytes],
    ['b.tar.gz', gzipSync(bytes)],
    ['c.TGZ', gzipSync(bytes)],
  ] as const) {
    // prettier-ignore
    write(name, contents);
    const found = await all(picturesInArchive(name, `at/${name}`));
    const names = ['train/1.png', 'train/2.JPG', 'train/3.webp', '4.gif', '.folder/5.png', '6.png'].map((inside) => `at/${name}/${inside}`); // prettier-ignore
    assert.deepEqual(found.map(({ id, image }) => [id, image]), names.map((inside) => [inside, inside])); // prettier-ignore
    const texts = ['one', 'two', 'three', 'four', 'five', ''];
    assert.deepEqual(found.map(({ source }) => source), names.map((inside, i) => ({ name: inside, bytes: Buffer.from(texts[i]!), preview: false }))); // prettier-ignore
  }
  const isOne = ['a.tar', 'a.tar.gz', 'a.tgz', 'A.TAR', 'a.gz', 'tar', 'a.tar.bz2', 'a.tarx', 'atar', 'a.tar/'].map(isArchive); // prettier-ignore
  assert.deepEqual(isOne, [true, true, true, true, false, false, false, false, false, false]);
});

test('an archive that ends too soon, or is none, can never be read; a picture of more than 256 MiB is a row', async () => {
  const bytes = await tar(members);
  const says = (name: string) => (error: unknown) =>
    error instanceof Unreadable && error.message.startsWith(`${name} cannot be read as an archive: `);
  for (const [name, contents] of [
    ['cut.tar', bytes.subarray(0, 700)],
    ['none.tar', Buffer.from('words '.repeat(200))],
    ['cut.tgz', gzipSync(bytes).subarray(0, 40)],
    ['plain.tgz', bytes],
  ] as const) {
    // prettier-ignore
    write(name, contents);
    await assert.rejects(all(picturesInArchive(name, name)), says(name), name);
  }
  await assert.rejects(all(picturesInArchive('missing.tar', 'x')), says('missing.tar'));
  // a header of one byte too many, and nothing behind it
  const header = Buffer.from(bytes.subarray(0, 512));
  header.write(`${(256 * 2 ** 20 + 1).toString(8).padStart(11, '0')} `, 124);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  write('large.tar', header);
  const value: unknown = (await picturesInArchive('large.tar', 'l').next()).value;
  const row = value as JobPicture & { source: { error: { code: string; message: string } } };
  assert.deepEqual([row.id, row.image, row.source.error.code], ['l/train/1.png', 'l/train/1.png', 'ERR_IMAGE']);
  assert.equal(row.source.error.message, 'l/train/1.png is larger than 256 MiB, the most that is read of such a file.');
});

test('files, folders, patterns and lists: which pictures, and what they are called', async () => {
  for (const name of ['p/b.png', 'p/a.jpg', 'p/notes.txt', 'p/.x.png', 'p/deep/c.webp', 'p/.deep/d.png', '..odd/e.png', 'top.png']) write(name); // prettier-ignore
  symlinkSync('.', path.join(folder, 'p/deep/circle'));
  symlinkSync(path.join(folder, 'top.png'), path.join(folder, 'p/link.png'));
  symlinkSync('nowhere', path.join(folder, 'p/dead.png'));
  write('q.tar', await tar([['in.png', 'x']]));
  write('list', 'top.png\nq.tar\n');
  const of = async (names: string[], list?: string) => {
    const { root, shown, pictures } = await inputsOf(names, list);
    const found = await all(pictures);
    return { root, shown, ids: found.map(({ id }) => id), found };
  };
  const inFolder = await of(['p']);
  assert.equal(inFolder.root, path.join(folder, 'p'));
  assert.deepEqual(inFolder.ids, ['a.jpg', 'b.png', 'dead.png', 'deep/c.webp', 'link.png']);
  assert.deepEqual(inFolder.found[0], { id: 'a.jpg', image: 'a.jpg', source: { path: path.join(folder, 'p/a.jpg'), preview: false } }); // prettier-ignore
  assert.deepEqual([inFolder.shown('a.jpg'), inFolder.shown('/x/a.jpg')], ['p/a.jpg', '/x/a.jpg']);
  const two = await of(['p', 'top.png']);
  assert.equal(two.root, folder);
  assert.deepEqual(two.ids, ['p/a.jpg', 'p/b.png', 'p/dead.png', 'p/deep/c.webp', 'p/link.png', 'top.png']);
  assert.equal(two.shown('p/a.jpg'), 'p/a.jpg');
  assert.deepEqual((await of(['p'], 'list')).ids.slice(-2), ['top.png', 'q.tar/in.png']);
  assert.deepEqual((await of([], 'list')).ids, ['top.png', 'q.tar/in.png']);
  assert.deepEqual((await of(['q.tar'])).ids, ['q.tar/in.png']);
  assert.deepEqual((await of(['*.png', 'q*.tar'])).ids, ['top.png', 'q.tar/in.png']);
  assert.ok((await of(['p/*.png', 'q.t?r'])).ids.includes('q.tar/in.png'));
  // two dots begin a name, too; what lies elsewhere has its whole path
  assert.deepEqual((await of(['..odd/e.png', '/nowhere/f.png', 'missing.png'])).ids, ['..odd/e.png', '/nowhere/f.png', 'missing.png']); // prettier-ignore
  await assert.rejects(inputsOf(['none/*.png'], undefined), { constructor: Unreadable, message: 'none/*.png matches no files.' }); // prettier-ignore
  await assert.rejects(of([], 'no-list'), Unreadable);

  const many: [string[], boolean][] = [[[], false], [['top.png'], false], [['missing.png', 'top.png'], false], [['p'], true], [['top.png', 'q.tar'], true], [['missing.tar'], true], [['t*.png'], true]]; // prettier-ignore
  for (const [names, wanted] of many) assert.equal(await areMany(names), wanted, names.join());
  assert.equal(isAboutMany({} as ScaleOptions), false);
  for (const name of ['format', 'output', 'filesFrom', 'shard', 'stdinJsonl', 'resume'])
    assert.equal(isAboutMany({ [name]: true } as unknown as ScaleOptions), true, name);
});

test('a line of JSON is a picture, by its path or its bytes; one that is none is answered in its place', async () => {
  const lines = [
    '{"image":"a.png"}',
    '  ',
    '{"id":"mine","image":"b.png"}',
    '{"bytes":"AQID"}',
    '{"image":"c.png","bytes":"AQID"}',
    '{"id":"","image":""}',
    '{"id":7}',
    'null',
    'words',
    '{"id":"x","bytes":7}',
  ];
  const found = await all(picturesFromLines(Readable.from([lines.join('\r\n')])));
  const error = (line: number, why: string) => ({ error: ['ERR_ARGUMENT', `Line ${line} ${why}`] });
  const seen = found.map(({ id, image, source }) => [id, image, 'error' in source ? { error: [source.error.code, source.error.message] } : source]); // prettier-ignore
  const file = (name: string) => ({ path: path.join(folder, name), preview: false });
  const sent = (name: string) => ({ name, bytes: Buffer.of(1, 2, 3), preview: false });
  assert.deepEqual(seen, [
    ['a.png', 'a.png', file('a.png')],
    ['mine', 'b.png', file('b.png')],
    ['4', '', sent('4')],
    ['c.png', 'c.png', sent('c.png')],
    ['6', '', error(6, 'names no "image".')],
    ['7', '', error(7, 'names no "image".')],
    ['8', '', error(8, 'names no "image".')],
    ['9', '', error(9, 'is no JSON.')],
    ['x', '', error(10, 'names no "image".')],
  ]);
});

test('the format is the name’s; what a run leaves beside its output has a name of its own, and goes', async () => {
  const formats = ['a.csv', 'a.CSV', 'a.parquet', 'a.npy', 'a.jsonl', 'a.json', 'a', 'npy', 'a.csv.gz'].map(formatOf);
  assert.deepEqual(formats, ['csv', 'csv', 'parquet', 'npy', 'jsonl', 'jsonl', 'jsonl', 'jsonl', 'jsonl']);
  const output = path.join(folder, 'out', 'x.npy');
  assert.deepEqual([partOf(output), embeddingsPartOf(output)], [`${output}.part`, 'x.npy.part.f32']);
  for (const name of ['x.npy', 'x.npy.part', 'x.npy.part.f32']) write(`out/${name}`);
  assert.deepEqual([await isDone(output), await isDone(path.join(folder, 'out')), await isDone('none')], [true, false, false]); // prettier-ignore
  for (let again = 0; again < 2; again++) await startAnew(output);
  const left = ['x.npy', 'x.npy.part', 'x.npy.part.f32'].map((name) => isDone(path.join(folder, 'out', name)));
  assert.deepEqual(await Promise.all(left), [true, false, false]);
});

test('what does not go together is refused before the engine is asked', async () => {
  const engine = { request: () => Promise.reject(new Error('the engine was asked')) } as unknown as EngineClient;
  const refused = (names: string[], options: Partial<ScaleOptions>, embeddings: boolean, message: string) => {
    const wanted: Wanted = { topK: 1, embeddings, printed: 'jsonl', failedIs: 0 };
    const ran = runScale(engine, names, options as ScaleOptions, wanted);
    return assert.rejects(ran, (error) => error instanceof UsageError && error.message === message, message);
  };
  const alone = '--stdin-jsonl goes with no pictures and no --output';
  await refused([], {}, false, "missing required argument 'image'");
  await refused(['p'], { stdinJsonl: true }, false, alone);
  await refused([], { stdinJsonl: true, filesFrom: '-' }, false, alone);
  await refused([], { stdinJsonl: true, output: 'x' }, false, alone);
  await refused(['p'], { resume: true }, false, '--resume needs --output');
  await refused(['p'], { format: 'parquet' }, false, '--format parquet needs --output');
  await refused(['p'], { format: 'npy' }, true, '--format npy needs --output');
  await refused(['p'], { format: 'npy', output: 'y' }, false, '--format npy is for embed');
  await refused(['p'], { output: 'y.npy' }, false, '--format npy is for embed');
  mkdirSync('into');
  const note = 'is a folder: --output into it is for archives, one output for each';
  await refused(['p'], { output: 'into' }, true, `into ${note}`);
  await refused(['q.tar', 'top.png'], { output: 'new/' }, true, `new/ ${note}`);
  await refused(['q.tar'], { output: 'into', filesFrom: 'list' }, true, `into ${note}`);
  await refused(['q.tar', 'deeper/q.tar.gz'], { output: 'into' }, true, 'two archives are called q');
  await refused(['r.tgz', 'r.tar'], { output: 'into' }, true, 'two archives are called r');
  // a pattern stands for the archives that it matches
  for (const name of ['s/t.tar', 's/t.tgz']) write(name);
  await refused(['s/*.tar', 's/*.tgz'], { output: 'into' }, true, 'two archives are called t');
});

test('of what is written the last row of an id counts, in each format, with its vector', async () => {
  const head = { vitresults: 1, created: '2026-11-28T00:00:00.000Z', root: folder, model: { source: 'm', name: 'n', hash: 'h' }, preprocessing: { hash: 'p' }, engine: 'native', precision: 'fp32', scores: 'softmax', classes: ['cat', 'dog'], topK: 1, unfamiliarBelow: null }; // prettier-ignore
  const picture = (id: string, index: number, embedding: number | null) => ({ id, image: id, size: [3, 2], bytes: 7, modified: 5, model: 'm', engine: 'native', scores: 'softmax', predictions: [{ index, label: head.classes[index], probability: 0.75, logit: 2 }], energy: 1, unfamiliar: false, ...(embedding !== null && { embedding }) }); // prettier-ignore
  const failed = { id: 'b', image: 'b', model: 'm', engine: 'native', error: 'b is empty.', failure: { code: 'ERR_IMAGE', template: '{0} is empty.', args: ['b'] } }; // prettier-ignore
  const finished = async (name: string, format: 'jsonl' | 'csv' | 'npy', vectors: boolean) => {
    const output = path.join(folder, 'finished', name);
    const rows = [picture('a', 0, vectors ? 0 : null), failed, picture('a', 1, vectors ? 1 : null), picture('c', 0, vectors ? 2 : null)]; // prettier-ignore
    const embeddings = vectors ? { file: `${name}.part.f32`, length: 2 } : null;
    write(`finished/${name}.part`, [{ ...head, embeddings }, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('')); // prettier-ignore
    if (vectors) write(`finished/${name}.part.f32`, new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer));
    await finishOutput(output, format, (image) => `in/${image}`);
    return readFileSync(output);
  };
  const lines = (text: Buffer | string) => String(text).trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  const facts = (rows: Record<string, unknown>[]) => rows.map(({ id, image, embedding, error }) => [id, image, embedding ?? null, error ?? null]); // prettier-ignore
  const bad = ['b', 'in/b', null, 'b is empty.'];
  assert.deepEqual(facts(lines(await finished('plain.jsonl', 'jsonl', false))), [bad, ['a', 'in/a', null, null], ['c', 'in/c', null, null]]); // prettier-ignore
  assert.deepEqual(facts(lines(await finished('with.jsonl', 'jsonl', true))), [bad, ['a', 'in/a', [2, 3], null], ['c', 'in/c', [4, 5], null]]); // prettier-ignore
  const csv = String(await finished('rows.csv', 'csv', false))
    .trimEnd()
    .split('\n');
  assert.deepEqual(csv.map((line) => line.split(',').slice(0, 2).join()), ['id,image', 'b,in/b', 'a,in/a', 'c,in/c']); // prettier-ignore
  const { shape, values } = readNpy(await finished('v.npy', 'npy', true));
  assert.deepEqual([shape, [...values]], [[2, 2], [2, 3, 4, 5]]); // prettier-ignore
  // beside the array each picture has the number of its row
  assert.deepEqual(facts(lines(readFileSync(path.join(folder, 'finished/v.jsonl')))), [bad, ['a', 'in/a', 0, null], ['c', 'in/c', 1, null]]); // prettier-ignore
  const own = lines(await finished('x.vitresults.jsonl', 'jsonl', true));
  assert.deepEqual(own[0]!['embeddings'], { file: 'x.vitresults.f32', length: 2 });
  assert.deepEqual(facts(own.slice(1)), [
    ['b', 'b', null, 'b is empty.'],
    ['a', 'a', 1, null],
    ['c', 'c', 2, null],
  ]);
  assert.deepEqual(readdirSync('finished').sort(), ['plain.jsonl', 'rows.csv', 'v.jsonl', 'v.npy', 'with.jsonl', 'x.vitresults.f32', 'x.vitresults.jsonl']); // prettier-ignore
});
