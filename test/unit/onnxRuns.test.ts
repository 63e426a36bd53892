/** ONNX Runtime's side without ONNX Runtime: which output is shown, what a session is fed and asked for, what is read of its results. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelDescription } from '../../extension/architecture/description';
import type { BackendModel, BackendRun } from '../../extension/engine/backend';
import { answersOf, chooseAnswer } from '../../extension/engine/onnx/answer';
import { LazySessions, OnnxModel, type OnnxLayout, type Sessions } from '../../extension/engine/onnx/model';
import { pictureTensor } from '../../extension/engine/onnx/pictureTensor';
import { rolloutRow } from '../../extension/engine/onnx/rollout';
import { createSession, type Runtime } from '../../extension/engine/onnx/runtime';
import type { EngineOptions } from '../../extension/engine/requests';
import type { OnnxModel as Model } from '../../extension/onnx/schema';

const tensor = (dims: number[], data: ArrayLike<number>) =>
  ({ dims, data: Float32Array.from(data), size: data.length }) as unknown as Tensor;
const zeros = (...dims: number[]) => tensor(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)));
class FakeTensor {
  constructor(
    readonly type: string,
    readonly data: ArrayLike<number>,
    readonly dims: number[],
  ) {}
}
const ort = { Tensor: FakeTensor } as unknown as Runtime;
const signal = new AbortController().signal;

test('outputs of floating-point numbers, or chosen among such', () => {
  const output = (name: string, elementType: number) => ({ name, elementType, shape: null });
  const node = (opType: string, input: string, out: string) => ({ ...{ name: '', opType, domain: '', inputs: [input], outputs: [out] }, attributes: new Map() }); // prettier-ignore
  const types = Array.from({ length: 18 }, (_, type) => output(`t${type}`, type));
  const graph = { name: '', nodes: [node('ArgMax', 'x', 'index'), node('Identity', 'x', 'whole')], inputs: [], initializers: new Map() }; // prettier-ignore
  const outputs = [...types, output('index', 7), output('whole', 7)];
  const answers = answersOf({ graph: { ...graph, outputs } } as unknown as Model);
  assert.deepEqual(answers.map((answer) => answer.output), ['t0', 't1', 't10', 't11', 't16', 'index']); // prettier-ignore
  assert.equal(answers.at(-1)!.value, 'x');
});

type Candidate = Parameters<typeof chooseAnswer>[0][number];
const candidate = (output: string, made: Tensor | undefined, more: Partial<Candidate> = {}): Candidate => ({
  ...{ output, value: output, scores: null, probabilities: false, tensor: made },
  ...more,
});
const choose = (candidates: Candidate[], about: object = {}, batch = 1) => {
  const { value, logits, scores } = chooseAnswer(candidates, batch, { architecture: null, labels: null, scores: null, path: 'm.onnx', ...about } as ModelDescription); // prettier-ignore
  assert.equal(logits.output, `promoted/${value}`);
  return `${value} ${scores}${logits.probabilities ? ` ${logits.probabilities}` : ''}`;
};

test('which output is the classes', () => {
  const [a, b, c] = [candidate('a', zeros(1, 5)), candidate('b', zeros(1, 3)), candidate('c', zeros(1, 9))];
  assert.equal(choose([a, b, c]), 'a softmax');
  assert.equal(choose([a, b, c], { labels: ['x', 'y', 'z'] }), 'b softmax');
  assert.equal(choose([a, b, c], { architecture: { classes: 9 }, labels: ['x', 'y', 'z'] }), 'c softmax');
  assert.equal(choose([a, b, c], { architecture: { classes: 4 } }), 'a softmax');
  assert.equal(choose([candidate('pooled', zeros(1, 3)), b], { labels: ['x', 'y', 'z'] }), 'b softmax');
  assert.equal(choose([a, candidate('logits', zeros(1, 3))]), 'logits softmax');
  assert.equal(choose([a, candidate('d', zeros(1, 3), { scores: 'sigmoid', value: 'inner' })]), 'inner sigmoid');
  assert.equal(choose([candidate('pooled', zeros(1, 4)), a]), 'a softmax');
  // a batch's numbers are shared out
  assert.equal(choose([a, candidate('e', zeros(2, 3))], { labels: ['x', 'y', 'z'] }, 2), 'e softmax');
  // one axis of numbers, the others of one
  assert.equal(choose([candidate('map', zeros(1, 5, 5)), candidate('long', zeros(1, 1, 7, 1))]), 'long softmax');
  assert.equal(choose([candidate('absent', undefined), a]), 'a softmax');
});

test('features are never classes', () => {
  assert.equal(choose([candidate('pooled', zeros(1, 4))]), 'pooled null');
  assert.equal(choose([candidate('tokens', zeros(1, 4, 4))]), 'tokens null');
  assert.equal(choose([candidate('map', zeros(1, 5, 5)), candidate('pooled', zeros(1, 4))]), 'pooled null');
  assert.equal(choose([candidate('a', zeros(1, 5))], { architecture: { classes: 0 } }), 'a null');
  assert.equal(choose([candidate('a', zeros(1, 5)), candidate('logits', zeros(1, 5))], { architecture: { classes: 0 } }), 'logits softmax'); // prettier-ignore
  assert.throws(() => choose([]), { code: 'ERR_MODEL', message: 'm.onnx has no output to show.' });
  assert.throws(() => choose([candidate('a', undefined)]), { code: 'ERR_MODEL' });
});

test('what numbers mean: by the graph, by the config, by their count; shares that add up to one', () => {
  const of = (values: number[], about: object = {}, more: Partial<Candidate> = {}, batch = 1) =>
    choose([candidate('a', tensor([batch, values.length / batch], values), more)], about, batch).slice(2);
  assert.equal(of([0, 0, 0]), 'softmax');
  assert.equal(of([5]), 'sigmoid');
  assert.equal(of([1, 2, 3], { scores: 'sigmoid' }), 'sigmoid');
  assert.equal(of([1, 2, 3], { scores: 'sigmoid' }, { scores: 'softmax' }), 'softmax');
  assert.equal(of([0.5, 0.25, 0.25]), 'softmax shares');
  assert.equal(of([0.5, 0.25, 0.25], {}, { scores: 'softmax' }), 'softmax');
  assert.equal(of([0.5, 0.5], { scores: 'sigmoid' }), 'sigmoid');
  assert.equal(of([0.5, 0.5], {}, { scores: 'sigmoid', probabilities: true }), 'sigmoid single');
  // only the first picture's are looked at
  assert.equal(of([0, 1, 3, 4], {}, {}, 2), 'softmax shares');
  for (const [values, shares] of [
    [[1, 0], true],
    [[1.0005, 0], false],
    [[0.5, 0.5009], true],
    [[0.5, 0.4991], true],
    [[0.5, 0.5011], false],
    [[0.5, 0.4989], false],
    [[1.5, -0.5], false],
    [[NaN, 1], false],
  ] as const)
    assert.equal(of([...values]), shares ? 'softmax shares' : 'softmax', values.join());
  assert.equal(of([1], { scores: 'softmax' }), 'softmax', 'one number says nothing');
});

test('pictures in the order of axes and the format of numbers that a graph wants', () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => i);
  const of = (channelsLast: boolean, half: boolean) => {
    const { type, data, dims } = pictureTensor(ort, values, 2, [3, 2, 2], { channelsLast, half });
    return { type, dims, data: [...(data as Float32Array)] };
  };
  assert.deepEqual(of(false, false), { type: 'float32', dims: [2, 3, 2, 2], data: [...values] });
  const last = [0, 12].flatMap((image) => [0, 1, 2, 3].flatMap((pixel) => [0, 4, 8].map((c) => image + c + pixel)));
  assert.deepEqual(of(true, false), { type: 'float32', dims: [2, 2, 2, 3], data: last });
  const half = of(false, true);
  // 0, 1, 2, 3 in half precision
  assert.deepEqual([half.type, half.dims, half.data.slice(0, 4)], ['float16', [2, 3, 2, 2], [0, 0x3c00, 0x4000, 0x4200]]);
}); // prettier-ignore

test('a session is made with these options, and its refusal names the file', async () => {
  const seen: unknown[] = [];
  const create = (bytes: Uint8Array, options: object) => (seen.push([bytes, options]), Promise.resolve('session'));
  const [bytes, external] = [Uint8Array.of(1), [{ path: 'f', data: Uint8Array.of(2) }]];
  const description = { path: '/m.onnx' } as ModelDescription;
  const made = (of: object) => createSession({ InferenceSession: of } as Runtime, bytes, external, description, { threads: 3 } as EngineOptions); // prettier-ignore
  assert.equal(await made({ create }), 'session');
  const options = { intraOpNumThreads: 3, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3, externalData: external }; // prettier-ignore
  assert.deepEqual(seen, [[bytes, options]]);
  const fails = made({ create: () => Promise.reject(new Error('it is odd.')) });
  await assert.rejects(fails, { code: 'ERR_MODEL', message: '/m.onnx cannot be run by ONNX Runtime: it is odd.' });
});

/** A model of 2 x 2 pixels, 3 tokens, 2 heads, 2 layers and a stage, whose outputs say picture and place. */
const layer = (name: string) => ({ parts: [{ output: name, key: -1, query: -2 }], combine: 'mean' as const });
const usual: OnnxLayout = {
  ...{ input: 'x', channelsLast: false, half: false, batch: null, logits: { output: 'logits', probabilities: null } },
  ...{ attention: [layer('a0'), layer('a1')], stageAttention: [layer('s0')], tokens: ['t0', 't1'] },
};
function modelOf(changes: Partial<OnnxLayout> = {}, outputs: Record<string, (picture: number) => number[]> = {}) {
  const asked: { feed: FakeTensor; wanted: string[]; full: boolean }[] = [];
  const make: typeof outputs = {
    logits: (picture) => [picture, 0.25],
    a0: (picture) => Array.from({ length: 18 }, (_, i) => 100 * picture + i),
    a1: (picture) => Array.from({ length: 18 }, (_, i) => 1000 + 100 * picture + i),
    s0: (picture) => Array.from({ length: 18 }, (_, i) => 2000 + 100 * picture + i),
    t0: (picture) => Array.from({ length: 6 }, (_, i) => 10 * picture + i),
    t1: (picture) => Array.from({ length: 6 }, (_, i) => (picture === 2 && i === 5 ? NaN : i)),
    ...outputs,
  };
  const dims: Record<string, number[]> = { logits: [2], t0: [3, 2], t1: [3, 2] };
  const released: boolean[] = [];
  const session = (full: boolean) =>
    ({
      run(feeds: Record<string, FakeTensor>, wanted: string[]) {
        const feed = feeds['x']!;
        asked.push({ feed, wanted, full });
        const pictures = Array.from({ length: feed.dims[0]! }, (_, i) => feed.data[i * 4]!);
        const result = (name: string) => tensor([pictures.length, ...(dims[name] ?? [2, 3, 3])], pictures.flatMap(make[name]!)); // prettier-ignore
        return Promise.resolve(Object.fromEntries(wanted.map((name) => [name, result(name)])));
      },
      release: () => Promise.resolve(released.push(full)),
    }) as unknown as InferenceSession;
  const sessions = { plain: session(false), full: session(true) };
  const open = (which: Sessions = sessions, fits?: ConstructorParameters<typeof OnnxModel>[6]) =>
    new OnnxModel(ort, which, { ...usual, ...changes }, { numTokens: 3 } as BackendModel['loaded'], [1, 2, 2], (name) => ({ shape: [1], values: Float32Array.of(name.length) }), fits); // prettier-ignore
  return { asked, released, session, open, model: open() };
}
/** Pictures whose first value is their number. */
const input = (batch: number) => Float32Array.from({ length: 4 * batch }, (_, i) => (i % 4 === 0 ? i / 4 : 7));
const forward = (model: OnnxModel, batch: number, attention = true, tokens = true): Promise<BackendRun> =>
  model.forward({ input: input(batch), batch, attention, tokens, signal });

test('only what is asked for is fetched, each output once, from the session that has it', async () => {
  const { model, asked } = modelOf();
  for (const [attention, tokens] of [[false, false], [true, false], [false, true], [true, true]] as const) await forward(model, 2, attention, tokens); // prettier-ignore
  assert.deepEqual(asked.map(({ wanted, full }) => [wanted.join(' '), full]), [['logits', false], ['logits a0 a1 s0', true], ['logits t0 t1', true], ['logits a0 a1 s0 t0 t1', true]]); // prettier-ignore
  assert.deepEqual(asked[0]!.feed.dims, [2, 1, 2, 2]);
  const same = modelOf({ attention: [layer('a0'), layer('a0')], stageAttention: [layer('logits')] });
  await forward(same.model, 1);
  assert.deepEqual(same.asked[0]!.wanted, ['logits', 'a0', 't0', 't1']);
  assert.deepEqual([...model.tensor('name').values], [4]);
});

test('results of each picture, also where the file fixes how many go at once', async () => {
  const passesOf = new Map([[null, [3]], [1, [1, 1, 1]], [2, [2, 2]], [5, [5]]]);
  for (const [batch, expected] of passesOf) {
    const { model, asked } = modelOf({ batch });
    const run = await forward(model, 3);
    const sizes = asked.map(({ feed }) => feed.dims[0]);
    assert.deepEqual(sizes, expected);
    // what fills a batch up is zeros
    if (batch === 5) assert.deepEqual([...(asked[0]!.feed.data as Float32Array)].slice(12), Array<number>(8).fill(0));
    assert.deepEqual([...run.logits], [0, 0.25, 1, 0.25, 2, 0.25]);
    const passes = sizes.reduce<number>((sum, size) => sum + size, 0);
    assert.equal(run.bytes, 4 * passes * (2 + 3 * 18 + 2 * 6));
    const slice = async (...of: Parameters<BackendRun['slice']>) => {
      const { shape, values } = await run.slice(...of);
      return [shape, [...values]];
    };
    const of = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
    assert.deepEqual(await slice(2, { kind: 'attention', layer: 1 }), [[2, 3, 3], of(1200, 18)]);
    assert.deepEqual(await slice(1, { kind: 'attention-rows', layer: 0, query: 2 }), [[2, 3], [...of(106, 3), ...of(115, 3)]]);
    assert.deepEqual(await slice(2, { kind: 'stage-attention-rows', stage: 0, query: 0 }), [[2, 3], [...of(2200, 3), ...of(2209, 3)]]);
    assert.deepEqual(await slice(2, { kind: 'tokens', layer: 0 }), [[3, 2], of(20, 6)]);
    assert.deepEqual([await run.firstNonFiniteStep(0), await run.firstNonFiniteStep(2)], [null, 'blocks.0']);
    const refused = (what: Parameters<BackendRun['slice']>[1], code: string, message: string) => assert.rejects(run.slice(0, what), { code, message });
    await refused({ kind: 'attention', layer: 2 }, 'ERR_UNSUPPORTED', 'ONNX Runtime gave no attention of layer 2.');
    await refused({ kind: 'stage-attention-rows', stage: 1, query: 0 }, 'ERR_UNSUPPORTED', 'ONNX Runtime gave no attention of stage 1.');
    await refused({ kind: 'tokens', layer: 2 }, 'ERR_UNSUPPORTED', 'ONNX Runtime gave no tokens of layer 2.');
    await refused({ kind: 'step', name: 'patches' }, 'ERR_UNSUPPORTED', 'This is shown by the native engine only.');
    for (const query of [-1, 3]) await refused({ kind: 'attention-rows', layer: 0, query }, 'ERR_ARGUMENT', `Token ${query} is not among the 3 tokens.`);
    const rollout = (query: number) => ({ kind: 'rollout', query, from: 0, to: 1, fusion: 'mean', discardRatio: 0 }) as const;
    for (const query of [-1, 3]) await refused(rollout(query), 'ERR_ARGUMENT', `Token ${query} is not among the 3 tokens.`);
    assert.deepEqual((await slice(1, rollout(2)))[0], [3]);
    assert.deepEqual([run.features, run.inside, run.batch], [null, null, 3]);
    run.release();
    await refused({ kind: 'attention', layer: 0 }, 'ERR_UNSUPPORTED', 'ONNX Runtime gave no attention of layer 0.');
  }
}); // prettier-ignore

test('probabilities become what a Softmax or a Sigmoid would take', async () => {
  const of = async (probabilities: 'shares' | 'single', first: number) => {
    const { model } = modelOf({ logits: { output: 'logits', probabilities } }, { logits: () => [first, 0.25] });
    return (await forward(model, 1, false, false)).logits;
  };
  const shares = await of('shares', 0);
  assert.deepEqual([...shares], [...Float32Array.of(-149 * Math.LN2, Math.log(0.25))]);
  const single = await of('single', 1);
  assert.ok(single[0]! === Math.fround(149 * Math.LN2) && Math.abs(single[1]! + Math.log(3)) < 1e-6);
});

test('a run is refused when patches are hidden, when it needs too much, and when nobody waits for it', async () => {
  const { model, open, asked } = modelOf();
  const ask = { input: input(1), batch: 1, attention: true, tokens: false, signal };
  const hiding = model.forward({ ...ask, maskedPatches: Uint32Array.of(0) });
  await assert.rejects(hiding, { code: 'ERR_UNSUPPORTED', message: 'Hiding patches needs the native engine; ONNX Runtime runs the whole picture.' }); // prettier-ignore
  await assert.rejects(model.forward({ ...ask, signal: AbortSignal.abort() }), { code: 'ERR_CANCELLED' });
  const told: unknown[] = [];
  const large = open(undefined, (...of) => (told.push(of), assert.fail('too large')));
  await assert.rejects(large.forward(ask), { message: 'too large' });
  assert.deepEqual([told, asked], [[[1, { attention: true, tokens: false }]], []]);
  await model.forward({ ...ask, maskedPatches: new Uint32Array() });
  assert.equal(asked.length, 1);
  // between two passes of a fixed batch
  const stop = new AbortController();
  const fixed = modelOf({ batch: 1 }, { logits: () => (stop.abort(), [0, 0]) });
  await assert.rejects(fixed.model.forward({ ...ask, input: input(3), batch: 3, signal: stop.signal }), { code: 'ERR_CANCELLED' }); // prettier-ignore
  assert.equal(fixed.asked.length, 1);
});

test('sessions are made once, when they are needed, and given back after what is under way', async () => {
  const { session, open, released, model } = modelOf();
  const made: boolean[] = [];
  const lazy = new LazySessions((extras) => (made.push(extras), Promise.resolve(session(extras))));
  const opened = open(lazy);
  assert.deepEqual(made, []);
  for (const extras of [false, true, false, true]) await forward(opened, 1, extras, false);
  assert.deepEqual(made, [false, true]);
  opened.close();
  model.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(released.sort(), [false, true, true]);
});

test('rollout leaves the smallest entries out, fuses heads as asked, and goes over the layers asked for', () => {
  const maps = [[0.5, 0.5, 0.25, 0.75, 0.9, 0.1, 0.25, 0.75], [0.5, 0.5, 0.5, 0.5, 0.1, 0.9, 0.5, 0.5]].map((x) => Float32Array.from(x)); // prettier-ignore
  const of = (query: number, from: number, to: number, fusion: 'mean' | 'max' | 'min', discardRatio = 0) =>
    [...rolloutRow((i) => maps[i]!, 2, 2, { query, from, to, fusion, discardRatio })].map((x) => Number(x.toFixed(5)));
  const round = (...values: number[]) => values.map((x) => Number(x.toFixed(5)));
  assert.deepEqual(of(0, 0, 0, 'mean'), round(1.7 / 2, 0.3 / 2));
  assert.deepEqual(of(0, 0, 0, 'max'), round(1.9 / 2.4, 0.5 / 2.4));
  assert.deepEqual(of(0, 0, 0, 'min'), round(1.5 / 1.6, 0.1 / 1.6));
  assert.deepEqual(of(1, 1, 1, 'mean'), round(0.25, 0.75));
  assert.deepEqual(of(1, 0, 1, 'mean'), round(0.25 * 0.85 + 0.75 * 0.125, 0.25 * 0.15 + 0.75 * 0.875));
  // floor(0.5 * 4) of 0.7, 0.3, 0.25, 0.75: 0.25 and 0.3; of floor(0.49 * 4): 0.25 alone
  assert.deepEqual(of(0, 0, 0, 'mean', 0.5), [1, 0]);
  assert.deepEqual(of(0, 0, 0, 'mean', 0.49), round(0.85, 0.15));
  assert.deepEqual(of(1, 0, 0, 'mean', 0.49), [0, 1]);
  // of equal ones those that come first: 0.3 and the first 0.5
  assert.deepEqual(of(0, 1, 1, 'mean', 0.5), round(1 / 1.7, 0.7 / 1.7));
  assert.deepEqual(of(1, 1, 1, 'mean', 0.5), [0, 1]);
  assert.deepEqual(of(0, 0, 0, 'mean', 1), [1, 0]);
});
