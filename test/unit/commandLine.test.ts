/** What the command line reads: options, classes, lists of files; and the table that explain ends with. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Command, InvalidArgumentError } from 'commander';
import { classByName, className } from '../../extension/architecture/className';
import { LIMITS } from '../../extension/architecture/limits';
import { asksEngine } from '../../extension/cli/asksEngine';
import { classesOf, labelOrNumber } from '../../extension/cli/classNames';
import { Unreadable, UsageError } from '../../extension/cli/errors';
import { Summary } from '../../extension/cli/explain/summary';
import { addModelOptions, commaList, engineOptionsOf, positiveNumber, wholeNumber, type ModelOptions } from '../../extension/cli/options'; // prettier-ignore
import { filesOf, namesFor } from '../../extension/cli/pictureFiles';
import { namesFrom } from '../../extension/cli/scale/fileList';
import { Rate } from '../../extension/jobs/rate';
import type { Explained } from '../../extension/inspect/explainPicture';

const folder = mkdtempSync(path.join(tmpdir(), 'command-line-'));
after(() => rmSync(folder, { recursive: true }));

const refuses = (read: () => unknown, message: RegExp) =>
  assert.throws(read, (error) => error instanceof InvalidArgumentError && message.test(error.message));

test('numbers are whole, and short enough to be meant', () => {
  assert.deepEqual(['0', '1', '007', '999999'].map(wholeNumber), [0, 1, 7, 999999]);
  for (const text of ['', '-1', '1.5', '1e3', ' 1', '1 ', 'x1', '1x', '1000000']) {
    refuses(() => wholeNumber(text), /^It must be a whole number\.$/);
  }
  assert.equal(positiveNumber('1'), 1);
  refuses(() => positiveNumber('0'), /^It must be at least 1\.$/);
  refuses(() => positiveNumber('x'), /whole number/);
  assert.deepEqual(commaList('a, b ,c'), ['a', 'b', 'c']);
  for (const text of ['', 'a,', ',a', 'a,,b', 'a, ']) refuses(() => commaList(text), /^It must be names with commas/);
});

function parsed(...args: string[]): ModelOptions {
  const command = addModelOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(args, { from: 'user' }).opts<ModelOptions>();
}

test('the options of a model: what is left out, and what is said', () => {
  const plain = { engine: 'native', threads: 0, gemm: 'packed', precision: 'fp32', memoryLimit: undefined };
  assert.equal(parsed().model, 'embedded');
  assert.deepEqual(engineOptionsOf(parsed()), plain);
  const said = parsed('-m', 'm', '--engine', 'onnx', '--threads', '3', '--gemm', 'blas', '--precision', 'int8', '--memory-limit', '1.5', '--image-size', '224x320'); // prettier-ignore
  assert.deepEqual([said.model, said.imageSize], ['m', [224, 320]]);
  assert.deepEqual(engineOptionsOf(said), { engine: 'onnx', threads: 3, gemm: 'blas', precision: 'int8', memoryLimit: 1.5e9 }); // prettier-ignore
  for (const gemm of ['packed', 'blas', 'naive']) assert.equal(parsed('--gemm', gemm).gemm, gemm);
  for (const precision of ['fp32', 'stored', 'bf16', 'int8']) assert.equal(parsed('--precision', precision).precision, precision); // prettier-ignore
  assert.equal(parsed('--engine', 'native').engine, 'native');
  assert.equal(parsed('--threads', String(LIMITS.threads)).threads, LIMITS.threads);
  assert.equal(parsed('--memory-limit', '999999.999999999').memoryLimit, 999999.999999999e9);
  const wrong: [option: string, values: string[], message: RegExp][] = [
    ['--threads', [String(LIMITS.threads + 1)], new RegExp(`at most ${LIMITS.threads}\\.`)],
    [
      '--memory-limit',
      ['0', '0.0', '-1', '1.', '.5', '1000000', '1.0123456789', '2GB', 'x2'],
      /gigabytes larger than 0/,
    ],
    ['--image-size', ['224', '0x224', '224x0', '224x', 'x224', '100000x224', '224x100000', 'a224x224', '224x224b'], /HEIGHTxWIDTH in pixels/], // prettier-ignore
    ['--engine', ['steam'], /native, onnx/],
  ];
  for (const [option, values, message] of wrong) {
    for (const value of values) assert.throws(() => parsed(option, value), message, `${option} ${value}`);
  }
});

test('a class by its number, its label, or what stands before the first comma', () => {
  const labels = ['tench, Tinca tinca', 'Cat', 'crane, bird', 'crane, machine', ' great white shark ', 'a, b'];
  const of = (text: string) => classByName(text, labels);
  assert.deepEqual(['0', '17', ' 3 ', '1234567'].map(of), [0, 17, 3, 1234567]);
  assert.deepEqual(
    ['cat', ' CAT ', 'Tench', 'tench, tinca tinca', 'great white shark', 'A'].map(of),
    [1, 1, 0, 0, 4, 5],
  );
  assert.deepEqual(['crane', 'crane, bird', '', ' ', 'dog', '12345678', '-1', 'x1', '1x'].map(of), [null, 2, null, null, null, null, null, null, null]); // prettier-ignore
  assert.deepEqual([classByName('5', null), classByName('cat', null), classByName('', [''])], [5, null, null]);
  assert.deepEqual([className('cat', 3).message, className('', 3).message, className(null, 3).message], ['cat', 'class 3', 'class 3']); // prettier-ignore
  assert.deepEqual([labelOrNumber('cat', 3), labelOrNumber('', 3), labelOrNumber(undefined, 3)], ['cat', 'class 3', 'class 3']); // prettier-ignore
});

test('classes for pictures: one for all, or one for each', () => {
  const labels = ['cat', 'dog', 'a, b', 'b'];
  const of = (text: string, count: number) => classesOf('--class', text, labels, count);
  assert.deepEqual(of('dog', 3), [1, 1, 1]);
  assert.deepEqual(of('dog, cat,7', 3), [1, 0, 7]);
  assert.deepEqual(of('a, b', 2), [2, 2], 'a label with a comma is taken whole');
  assert.deepEqual(of('3', 0), []);
  const refused = (read: () => unknown, message: string) =>
    assert.throws(read, (error) => error instanceof UsageError && error.message === message);
  refused(() => of('cat,mouse ', 2), '--class: the model has no class called mouse');
  refused(() => classesOf('--against', 'cat', null, 1), '--against: the model has no class called cat; it names no classes, so an index is needed'); // prettier-ignore
  refused(() => of('cat,dog', 1), '--class: 2 classes for 1 picture');
  refused(() => of('cat,dog', 3), '--class: 2 classes for 3 pictures');
});

test('a list of files: lines, or names with NUL after each, as the list has them', async () => {
  let number = 0;
  const names = async (text: string | Buffer) => {
    const file = path.join(folder, `list${number++}`);
    writeFileSync(file, text);
    const found: string[] = [];
    for await (const name of namesFrom(file)) found.push(name);
    return found;
  };
  assert.deepEqual(await names('a\nb b\r\n\nc'), ['a', 'b b', 'c']);
  assert.deepEqual(await names('a\n'), ['a']);
  assert.deepEqual(await names('a\0b\nb\0'), ['a', 'b\nb']);
  assert.deepEqual(await names('a\nb\0c\0'), ['a\nb', 'c'], 'no name holds NUL');
  assert.deepEqual(await names('alone'), ['alone']);
  assert.deepEqual(await names(''), []);
  // longer than what is read at a time, and cut in the middle of a letter
  const many = Array.from({ length: 20_000 }, (_, i) => `ä/${i}`);
  assert.deepEqual(await names(many.join('\n')), many);
  const longest = 'x'.repeat(65_536);
  assert.deepEqual(await names(`a\n${longest}`), ['a', longest]);
  const refused = (error: unknown) => error instanceof Unreadable && error.message.endsWith('is no list of files: it holds a name without an end.'); // prettier-ignore
  await assert.rejects(names(Buffer.alloc(200_000, 'x')), refused);
  await assert.rejects(names(Buffer.concat([Buffer.from('a\n'), Buffer.alloc(200_000, 'x')])), refused);
  const missing = namesFrom(path.join(folder, 'missing'));
  await assert.rejects(missing.next(), (error) => error instanceof Unreadable && /missing cannot be read: ENOENT/.test(error.message)); // prettier-ignore
});

test('the means of deletion and insertion of each method, the best first', () => {
  const summary = new Summary();
  const curve = (auc: number) => ({ curve: [], auc });
  const add = (id: string, ...areas: [number, number, number | null][]) => {
    for (const [deletion, insertion, random] of areas) {
      const faithfulness = { deletion: curve(deletion), insertion: curve(insertion), random: random === null ? null : curve(random) }; // prettier-ignore
      summary.add({ file: null, maps: { [id]: { facts: { faithfulness } } } });
    }
  };
  assert.equal(summary.size, 0);
  add('attention', [0.5, 0.25, 0.5], [0.25, 0.5, 0.75]);
  add('relevance', [0.125, 0.875, 0.5]);
  summary.add({ file: null, maps: { rollout: { facts: {} } } } as unknown as Explained);
  assert.equal(summary.size, 3);
  assert.deepEqual(summary.json().methods, [
    { method: 'relevance', pictures: 1, deletion: 0.125, insertion: 0.875, random: 0.5, difference: 0.75 },
    { method: 'attention', pictures: 2, deletion: 0.375, insertion: 0.375, random: 0.625, difference: 0 },
  ]);
  assert.deepEqual(summary.table().split('\n'), [
    'method     pictures  deletion  insertion  random  insertion - deletion',
    'relevance         1     0.125      0.875   0.500                 0.750',
    'attention         2     0.375      0.375   0.625                 0.000',
  ]);
  add('relevance', [0, 1, null]);
  assert.ok(Number.isNaN(summary.json().methods[0]!.random));
});

test('a rate is that of the last ten seconds, and begins anew after a pause', () => {
  const rate = new Rate();
  assert.equal(rate.perSecond, 0);
  rate.add(0, 1000);
  assert.equal(rate.perSecond, 0);
  rate.add(5, 1000);
  assert.equal(rate.perSecond, 0);
  rate.add(20, 3000);
  assert.equal(rate.perSecond, 10);
  // what lies before the window is forgotten but for its last point
  rate.add(30, 13_000);
  assert.equal(rate.perSecond, 25 / 12);
  rate.add(40, 14_000);
  assert.equal(rate.perSecond, 20 / 11);
  rate.restart();
  assert.equal(rate.perSecond, 0);
  rate.add(100, 20_000);
  rate.add(101, 20_500);
  assert.equal(rate.perSecond, 2);
});

test('the engine is started at once for commands that ask it, with its decoder for those of pictures', () => {
  for (const name of ['classify', 'embed', 'explain', 'preprocess']) {
    assert.deepEqual(asksEngine([name, 'a.png']), { pictures: true }, name);
    for (const help of ['--help', '-h']) assert.equal(asksEngine([name, 'a.png', help]), undefined);
  }
  for (const name of ['forward', 'describe']) assert.deepEqual(asksEngine([name]), { pictures: false }, name);
  for (const args of [[], ['bench'], ['--help'], ['--version'], ['toString'], ['']])
    assert.equal(asksEngine(args), undefined);
});

test('pictures are files, and those of a folder by name; what is written about each has a name of its own', async () => {
  const pictures = path.join(folder, 'pictures');
  mkdirSync(pictures);
  mkdirSync(path.join(pictures, 'a folder.png'));
  mkdirSync(path.join(folder, 'none'));
  for (const name of ['b.png', 'a.JPG', 'notes.txt', 'c.webp']) writeFileSync(path.join(pictures, name), '');
  writeFileSync(path.join(folder, 'none', 'notes.txt'), '');
  const named = ['missing.png', pictures, path.join(pictures, 'notes.txt')];
  const files = (await filesOf(named)).map(({ file }) => path.relative(pictures, path.resolve(pictures, file)));
  assert.deepEqual(files, ['missing.png', 'a.JPG', 'b.png', 'c.webp', 'notes.txt']);
  await assert.rejects(filesOf([path.join(folder, 'none')]), /none holds no pictures\.$/);

  const names = (...paths: string[]) => namesFor(paths.map((file) => ({ file })));
  assert.deepEqual(names('a/cat.png', 'a/dog.png'), ['cat', 'dog']);
  assert.deepEqual(names('a/cat.png', 'a/cat.jpg', 'a/CAT.webp'), ['cat', 'cat.jpg', 'CAT.webp']);
  assert.deepEqual(names('a/cat.png', 'b/cat.png', 'c/cat.png', 'd/Cat.png'), ['cat', 'cat.png', 'cat-2', 'Cat-3']);
});
