/** Parts of the engine on numbers worked out by hand: memory, arrays, what is not a number, two engines side by side, depth, weights. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { ModelDescription } from '../../extension/architecture/description';
import type { BackendModel, BackendRun } from '../../extension/engine/backend';
import { loadingMs } from '../../extension/engine/deadlines';
import { depthSlice, isDepth } from '../../extension/engine/depth/depth';
import { attentionDistances, attentionEntropies } from '../../extension/engine/depth/heads';
import { assertFiniteInput, assertFiniteRun } from '../../extension/engine/finite';
import { fuseHeads, joined, splitHeads } from '../../extension/engine/headFusion';
import { assertMemory, decoderMemory, groupLimit, inWords, memoryLimit } from '../../extension/engine/memory';
import { readLogits } from '../../extension/engine/predictions';
import { arrayHandlers } from '../../extension/engine/process/arrays';
import { firstId } from '../../extension/engine/process/serve';
import { Store } from '../../extension/engine/process/store';
import { difference, verify } from '../../extension/engine/process/verify';
import type { DepthSlice } from '../../extension/engine/requests';
import { verbatim } from '../../extension/errors/sentence';
import { tensorsFromFiles } from '../../extension/onnx/weights';

const folder = mkdtempSync(path.join(os.tmpdir(), 'engine-parts-'));
after(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();
const MIB = 2 ** 20;

test('memory: what was set, half of it for pictures within bounds, in words', () => {
  assert.equal(memoryLimit(5), 5);
  assert.ok(memoryLimit(undefined) > MIB && memoryLimit(undefined) <= os.totalmem() / 2);
  assert.equal(memoryLimit(0), memoryLimit(undefined));
  for (const [limit, bytes] of [[1, 256], [512, 256], [514, 257], [2046, 1023], [2048, 1024], [9999, 1024]] as const) assert.equal(decoderMemory(limit * MIB), bytes * MIB); // prettier-ignore
  for (const [bytes, words] of [[0, '0 MB'], [1.5e6, '2 MB'], [99.4e6, '99 MB'], [1e8, '0.1 GB'], [24.08e9, '24.1 GB']] as const) assert.equal(inWords(bytes), words); // prettier-ignore
  assertMemory(verbatim('it'), 5, 5);
  const message = 'it needs 2.0 GB of memory; the limit is 3 MB (vit.memoryLimit, --memory-limit).';
  assert.throws(() => assertMemory(verbatim('it'), 2e9, 3e6), { code: 'ERR_MEMORY', message });
  assert.equal(loadingMs(1), 1);
  assert.equal(loadingMs(10e6), 1000);
});

test('a control group has the least limit of those it is in', () => {
  const limit = (group: string, text: string) => {
    mkdirSync(path.join(folder, 'groups', group), { recursive: true });
    writeFileSync(path.join(folder, 'groups', group, 'memory.max'), text);
  };
  const of = (group: string) => groupLimit(path.join(folder, 'groups'), group);
  limit('a', '1000\n');
  limit('a/b', 'max\n');
  limit('a/b/c', '2000\n');
  limit('d', '12x');
  assert.deepEqual(['/', '/a', 'a', '/a/b', '/a/b/c', '/none', '/d'].map(of), [Infinity, 1000, 1000, 1000, 1000, Infinity, 12]); // prettier-ignore
  limit('a', '5000');
  assert.equal(of('/a/b/c'), 2000);
  limit('.', '7');
  assert.equal(of('/a/b/c'), 7);
});

/** Version 1.0: magic, length of the header, header. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
function npy(name: string, shape: number[], values: number[]): string {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const file = path.join(folder, name);
  writeFileSync(file, Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header), Buffer.from(Float32Array.from(values).buffer)])); // prettier-ignore
  return file;
}

test('arrays a matrix at a time, with the statistics of all that is finite', async () => {
  const { array } = arrayHandlers();
  const of = async (file: string, index = 0) => array({ file, index }, signal, () => undefined, () => undefined); // prettier-ignore
  const three = npy('three.npy', [3, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, -8, 9, 10, 0]);
  for (const [asked, index] of [[-1, 0], [0, 0], [1, 1], [2, 2], [3, 2], [99, 2]] as const) {
    const found = await of(three, asked);
    assert.equal(found.statistics, (await of(three)).statistics, 'worked out once');
    assert.deepEqual([found.shape, found.matrices, found.index, found.rows, found.columns], [[3, 2, 2], 3, index, 2, 2]);
    assert.deepEqual([...found.values], [[0, 1, 2, 3], [4, 5, 6, 7], [-8, 9, 10, 0]][index]);
    assert.deepEqual(found.statistics, { count: 12, mean: 39 / 12, rms: Math.sqrt(385 / 12), least: -8, most: 10, zeros: 2, notFinite: 0 });
  }
  const line = await of(npy('line.npy', [3], [1, NaN, Infinity]));
  assert.deepEqual([line.rows, line.columns, line.matrices, [...line.values]], [1, 3, 1, [1, NaN, Infinity]]);
  assert.deepEqual(line.statistics, { count: 3, mean: 1, rms: 1, least: 1, most: 1, zeros: 0, notFinite: 2 });
  const scalar = await of(npy('scalar.npy', [], [7]));
  assert.deepEqual([scalar.rows, scalar.columns, [...scalar.values]], [1, 1, [7]]);
  const empty = await of(npy('empty.npy', [0, 4], []), 3);
  assert.deepEqual([empty.rows, empty.columns, empty.matrices, empty.values.length], [0, 4, 0, 0]);
  assert.deepEqual(empty.statistics, { count: 0, mean: NaN, rms: NaN, least: NaN, most: NaN, zeros: 0, notFinite: 0 });
  // another file under the same name is read anew
  const old = await of(npy('same.npy', [2], [1, 2]));
  npy('same.npy', [2], [3, 4]);
  utimesSync(path.join(folder, 'same.npy'), 1, 1);
  assert.deepEqual([[...old.values], [...(await of(path.join(folder, 'same.npy'))).values]], [[1, 2], [3, 4]]);
  writeFileSync(path.join(folder, 'odd.npy'), 'odd');
  await assert.rejects(of(path.join(folder, 'odd.npy')), { code: 'corrupt', message: /odd\.npy is / });
  await assert.rejects(of(path.join(folder, 'none.npy')), { code: 'missing', message: /none\.npy does not exist\.$/ });
}); // prettier-ignore

test('an array of an untrusted workspace lies in it', { skip: process.platform === 'win32' }, async () => {
  const { array } = arrayHandlers();
  mkdirSync(path.join(folder, 'workspace'));
  const link = path.join(folder, 'workspace', 'link.npy');
  symlinkSync(npy('outside.npy', [1], [1]), link);
  const of = async (confinedTo?: string[]) => array({ file: link, index: 0, confinedTo }, signal, () => undefined, () => undefined); // prettier-ignore
  assert.deepEqual([...(await of()).values], [1]);
  await assert.rejects(of([path.join(folder, 'workspace')]), { code: 'untrusted' });
  assert.deepEqual([...(await of([folder])).values], [1]);
});

const runOf = (logits: number[], batch: number, step: string | null = null) => {
  const state = { released: 0, asked: [] as number[] };
  const run = {
    ...{ logits: Float32Array.from(logits), batch, release: () => state.released++ },
    firstNonFiniteStep: (image: number) => (state.asked.push(image), Promise.resolve(step)),
  } as unknown as BackendRun;
  return { run, state };
};

test('what is not a number is said to be where it is', async () => {
  assertFiniteInput(Float32Array.of(1, 2), [1, 2]);
  const input = () => assertFiniteInput(Float32Array.of(1, 2, 3, 4, -Infinity, 6), [1, 2, 3]);
  assert.throws(input, { code: 'ERR_ARGUMENT', message: /^The input holds a value that is not a number \(-Infinity\), at .*1.*1.*\.$/ }); // prettier-ignore
  const description = { path: 'm', weights: { kind: 'seed', seed: 1 }, architecture: null } as unknown as ModelDescription; // prettier-ignore
  const fine = runOf([1, 2], 2);
  await assertFiniteRun(description, fine.run);
  assert.equal(fine.state.released, 0);
  const first = 'm gives values that are not numbers (NaN or infinity) for this input, first in step blocks.1.';
  const unknown = 'm gives results that are not numbers (NaN or infinity) for this input.';
  for (const [step, message] of [
    ['blocks.1', first],
    [null, unknown],
  ] as const) {
    const { run, state } = runOf([1, 2, 3, NaN], 2, step);
    await assert.rejects(assertFiniteRun(description, run), { code: 'ERR_TENSOR', message });
    assert.deepEqual(state, { released: 1, asked: [1] });
  }
});

test('logits are read as the model says; only of shares it is said that a picture is unfamiliar', () => {
  const read = (scores: 'softmax' | 'sigmoid' | 'value' | null, energyThreshold?: number, topK = 1) => {
    const { predictions, energy, unfamiliar } = readLogits([Math.log(2), Math.log(6)], { model: { loaded: { scores } } as unknown as BackendModel, description: { labels: ['a', 'b'], energyThreshold } as unknown as ModelDescription }, topK); // prettier-ignore
    assert.ok(Math.abs(energy - Math.log(8)) < 1e-12);
    return [predictions.map(({ label, probability }) => `${label} ${probability?.toFixed(3)}`).join(), unfamiliar];
  };
  assert.deepEqual(read('softmax'), ['b 0.750', false]);
  assert.deepEqual(read('softmax', 2.0795), ['b 0.750', true]);
  assert.deepEqual(read('softmax', 2.0794), ['b 0.750', false]);
  assert.deepEqual(read('sigmoid', 100, 2), ['b 0.857,a 0.667', false]);
  assert.deepEqual(read('value', 100, 0), ['', false]);
  assert.deepEqual(read(null, 100), ['', false]);
});

test('heads are fused, joined and taken apart', () => {
  const [a, b] = [Float32Array.of(1, 4), Float32Array.of(3, 2)];
  assert.deepEqual((['mean', 'max', 'min'] as const).map((how) => [...fuseHeads([a, b], how)]), [[2, 3], [3, 4], [1, 2]]); // prettier-ignore
  assert.deepEqual([[...a], [...fuseHeads([], 'mean')]], [[1, 4], []]);
  assert.deepEqual([...joined([a, new Float32Array(), b])], [1, 4, 3, 2]);
  assert.deepEqual(splitHeads(joined([a, b]), 2).map((x) => [...x]), [[1, 4], [3, 2]]); // prettier-ignore
});

test('two engines side by side', async () => {
  assert.deepEqual(difference(Float32Array.of(1, -3), Float32Array.of(1.5, -5)), { max: 2, scale: 5 });
  assert.deepEqual(difference(Float32Array.of(NaN, 1), Float32Array.of(NaN, 1)).max, 0);
  assert.deepEqual(difference(Float32Array.of(NaN), Float32Array.of(1)), { max: Infinity, scale: 1 });
  assert.deepEqual(difference(new Float32Array(1), new Float32Array(2)), { max: Infinity, scale: 0 });
  const asked: object[] = [];
  const of = (logit: number, weight: number, released: string[], name: string) =>
    ({
      loaded: { layers: 2 },
      forward: (request: object) => {
        asked.push({ ...request, input: null, signal: null });
        const slice = (_: number, { kind, layer }: { kind: string; layer: number }) =>
          Promise.resolve({ values: Float32Array.of(kind === 'tokens' ? 10 * layer : layer === 1 ? weight : 0.5) });
        return Promise.resolve({ logits: Float32Array.of(logit), slice, release: () => released.push(name) });
      },
    }) as unknown as BackendModel;
  const compare = async (logit: number, weight: number) => {
    const released: string[] = [];
    const checked: unknown[] = [];
    const found = await verify(of(100, 0.25, released, 'ours'), of(logit, weight, released, 'theirs'), new Float32Array(1), async (run) => void checked.push(run), signal); // prettier-ignore
    assert.deepEqual([released, checked.length], [['ours', 'theirs'], 2]);
    assert.deepEqual(found.layers.map(({ layer, tokens }) => [layer, tokens.max, tokens.scale]), [[0, 0, 10], [1, 0, 20]]); // prettier-ignore
    assert.ok(found.forward_ms.native >= 0 && found.forward_ms.native < 1000 && found.forward_ms.onnx < 1000);
    return found.agree;
  };
  assert.equal(await compare(100, 0.25), true);
  assert.equal(await compare(101, 0.25), false);
  assert.equal(await compare(100, 0.5), false);
  assert.deepEqual(asked[0], { input: null, batch: 1, attention: true, tokens: true, signal: null });
});

test('slices through the depth', async () => {
  const model = { layers: 2, heads: 1, numTokens: 3, numPrefix: 1, grid: [1, 2] as [number, number] };
  const run = {
    slice: (_: number, { kind, layer }: { kind: string; layer: number }) =>
      Promise.resolve({ values: kind === 'tokens' ? Float32Array.of(3, 4, 0, layer, 1, 0) : kind === 'attention' && layer < 2 ? Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0.5, 0.5) : new Float32Array(9) }),
  } as unknown as BackendRun;
  const told: number[][] = [];
  const of = async (what: DepthSlice, stop = signal) => {
    assert.ok(isDepth(what));
    const { shape, values } = await depthSlice(run, 0, model, what, { signal: stop, report: ({ done, total }) => told.push([done, total]) });
    return [shape, [...values]];
  };
  assert.deepEqual(await of({ kind: 'token-norms' }), [[3, 3], [5, 0, 1, 5, 1, 1, 5, 2, 1]]);
  assert.deepEqual(told.splice(0), [[1, 3], [2, 3], [3, 3]]);
  assert.deepEqual(await of({ kind: 'token-cosines', layer: 1, query: 1 }), [[3], [Math.fround(0.8), 1, 0]]);
  for (const query of [3, 4]) await assert.rejects(of({ kind: 'token-cosines', layer: 0, query }), { code: 'ERR_ARGUMENT', message: `There is no token ${query} among 3.` });
  // patches (0, 1) and (1, 0): half of sqrt(2) to each side of their middle
  const [size, components] = await of({ kind: 'token-components', layer: 0 });
  assert.deepEqual([size, (components as number[]).map((x) => Math.abs(x).toFixed(4))], [[2, 3], [0, 1].flatMap(() => ['0.7071', '0.0000', '0.0000'])]);
  const [, deeper] = await of({ kind: 'token-components', layer: 1 });
  assert.equal(Math.abs((deeper as number[])[0]!).toFixed(4), (Math.sqrt(5) / 2).toFixed(4));
  const [shape, values] = await of({ kind: 'head-statistics' });
  // of the patches the first looks at the second, the second at both alike
  assert.deepEqual([shape, values], [[2, 2, 1], [0.75, 0.75, ...[1 / 3, 1 / 3].map(Math.fround)]]);
  assert.deepEqual(told, [[1, 2], [2, 2]]);
  await assert.rejects(of({ kind: 'token-norms' }, AbortSignal.abort()), { code: 'ERR_CANCELLED' });
  assert.equal(isDepth({ kind: 'logits' }), false);
}); // prettier-ignore

test('distances of each head; patches that look at prefix tokens alone count for nothing', () => {
  // two heads of a class token and patches in two rows of two
  const only = (key: number) => Array.from({ length: 5 }, () => Array.from({ length: 5 }, (_, j) => Number(j === key)));
  const maps = Float32Array.from([only(4), only(0)].flat(2));
  const layout = { heads: 2, tokens: 5, prefixes: 1, columns: 2 };
  assert.deepEqual([...attentionDistances(maps, layout)], [Math.fround((Math.SQRT2 + 1 + 1) / 4), 0]);
  assert.deepEqual([...attentionEntropies(maps, layout)], [0, 0]);
  const even = new Float32Array(50).fill(0.2);
  const bits = [...attentionEntropies(even, layout)];
  assert.ok(bits.every((x) => Math.abs(x - Math.log2(5)) < 1e-6));
});

test('numbers of a process begin after those of the last; what is kept goes when there is too much of it', () => {
  const before = process.env['VIT_INSPECTOR_ENGINE_GENERATION'];
  process.env['VIT_INSPECTOR_ENGINE_GENERATION'] = '3';
  assert.equal(firstId(), 3_000_001);
  delete process.env['VIT_INSPECTOR_ENGINE_GENERATION'];
  assert.equal(firstId(), 1);
  if (before !== undefined) process.env['VIT_INSPECTOR_ENGINE_GENERATION'] = before;
  const gone: string[] = [];
  const store = new Store<string>('run', { count: 9, bytes: 10 }, 5, (value) => gone.push(value));
  assert.deepEqual([store.add('a', 5), store.add('b', 5), store.get(5)], [5, 6, 'a']);
  store.add('c', 5);
  assert.deepEqual(gone, ['b'], 'the least recently used');
  store.add('large', 99);
  assert.deepEqual([gone, store.get(8)], [['b', 'a', 'c'], 'large']);
  assert.throws(() => store.get(6), { code: 'ERR_GONE', message: 'The engine no longer keeps run 6; open it again.' });
});

test('tensors in pieces of files, in other formats, with other axes', () => {
  const file = path.join(folder, 'weights');
  writeFileSync(file, Buffer.concat([Buffer.alloc(3), Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer), Buffer.from(Uint16Array.of(0x3c00, 0xc000).buffer)])); // prettier-ignore
  const read = (source: object) => {
    const found = tensorsFromFiles({ w: source } as Parameters<typeof tensorsFromFiles>[0])('w')!;
    return [found.shape, [...found.values]];
  };
  const floats = { dtype: 'F32', shape: [6], parts: [{ file, begin: 3, end: 27 }] };
  assert.deepEqual(read(floats), [[6], [1, 2, 3, 4, 5, 6]]);
  const parts = [{ file, begin: 19, end: 27 }, { zeros: 4 }, { file, begin: 3, end: 7 }];
  assert.deepEqual(read({ dtype: 'F32', shape: [2, 2], parts }), [
    [2, 2],
    [5, 6, 0, 1],
  ]);
  assert.deepEqual(read({ dtype: 'F16', shape: [2], parts: [{ file, begin: 27, end: 31 }] }), [[2], [1, -2]]);
  assert.deepEqual(read({ dtype: 'F32', shape: [1], values: Float32Array.of(9) }), [[1], [9]]);
  assert.deepEqual(read({ ...floats, shape: [2, 3], axes: [1, 0] }), [
    [3, 2],
    [1, 4, 2, 5, 3, 6],
  ]);
  assert.deepEqual(read({ ...floats, shape: [1, 2, 3], axes: [2, 0, 1] }), [
    [3, 1, 2],
    [1, 4, 2, 5, 3, 6],
  ]);
  assert.equal(tensorsFromFiles({})('w'), null);
  assert.throws(() => read({ ...floats, parts: [{ file, begin: 27, end: 32 }] }), { message: `${file} is shorter than its header says` }); // prettier-ignore
});
