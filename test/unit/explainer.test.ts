/** What explains one run: which passes and gradients are asked for, what is kept, and what is made of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendModel, BackendRun, ForwardRequest, Inside } from '../../extension/engine/backend';
import { Explainer, isEvidence } from '../../extension/engine/explain/explainer';
import { KeptResults } from '../../extension/engine/explain/keptResults';
import { atOnce, passes } from '../../extension/engine/explain/passes';
import type { EvidenceSlice, FaithfulnessProgress, SliceProgress } from '../../extension/engine/requests';
import { sentence } from '../../extension/errors/sentence';

const { signal } = new AbortController();
const later = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Two pictures of 1 x 2 pixels, a patch each, behind a class token: the logits are the sum of the pixels and their difference. Of the second
 * picture 3 and 1 are the pixels.
 */
const input = Float32Array.of(1, 5, 3, 1);
function world(
  changes: { numTokens?: number; layers?: number; inside?: null; closed?: boolean; explains?: unknown } = {},
) {
  const { numTokens = 3, layers = 3, closed = false, explains = true } = changes;
  const seen = { gradients: [] as object[], masked: [] as number[][], forward: [] as object[], released: 0 };
  const inside: Inside = {
    gradients(request) {
      seen.gradients.push(request);
      const { attention = [], targets } = request;
      const size = numTokens > 100 ? 1 : numTokens ** 2;
      return Promise.resolve({
        relevance: Float32Array.of(1, 2, 3, 4, 5, 6),
        gradCam: Float32Array.of(10, 20, 30, 40),
        input: Float32Array.from(targets.flatMap(() => [2, -1])),
        attention: attention.map((layer) => ({ values: Float32Array.from({ length: 2 * size }, (_, i) => 100 * layer + Math.floor(i / size)) })),
      } as unknown as Awaited<ReturnType<Inside['gradients']>>);
    },
    valueAttention: (image, layer, query) => Promise.resolve(Float32Array.of(image, layer, query)),
    maskedOutputs(image, masks, variants) {
      const rows = Array.from({ length: variants }, (_, v) => [...masks.subarray(2 * v, 2 * v + 2)]);
      seen.masked.push(...rows);
      const shown = rows.map(([a, b]) => [a ? 0 : input[2 * image]!, b ? 0 : input[2 * image + 1]!] as const);
      return Promise.resolve(Float32Array.from(shown.flatMap(([x, y]) => [x + y, x - y])));
    },
  }; // prettier-ignore
  const model = {
    loaded: { numTokens, layers, heads: 1, grid: [1, 2], scores: 'value', explains },
    forward(request: ForwardRequest) {
      seen.forward.push({ ...request, input: [...request.input], signal: null });
      return Promise.resolve({ logits: Float32Array.of(0.5, 0), inside, release: () => seen.released++ });
    },
  } as unknown as BackendModel;
  const run = { logits: Float32Array.of(6, -4, 4, 2), batch: 2, inside: changes.inside === null ? null : inside } as unknown as BackendRun; // prettier-ignore
  const hidden = Uint32Array.of(1);
  const explainer = new Explainer({ run, model, name: 'm', input, inputShape: [2, 1, 1, 2], patch: [1, 1], hidden, closed: () => closed }); // prettier-ignore
  const told: number[][] = [];
  const running = { signal, report: ({ done, total }: SliceProgress) => void told.push([done, total]) };
  const slice = async (what: object, image = 1) => {
    const { shape, values, evidence } = await explainer.slice(image, what as EvidenceSlice, running);
    return { shape, values: [...values], evidence };
  };
  return { explainer, slice, seen, told };
}
const anyClass = { class: null, against: null };

test('what is computed with more than kept maps', () => {
  for (const kind of ['attention-gradient', 'relevance', 'grad-cam', 'leave-one-out', 'token-sampling', 'integrated-gradients', 'input-gradient', 'value-attention'])
    assert.equal(isEvidence({ kind } as EvidenceSlice), true, kind);
  for (const kind of ['attention', 'rollout', 'tokens', 'token-cosines', 'logits'])
    assert.equal(isEvidence({ kind } as unknown as EvidenceSlice), false, kind);
}); // prettier-ignore

test('one backward pass serves both pictures and every method of a class', async () => {
  const { slice, seen } = world();
  const evidence = { class: 0, against: null, y: 4 };
  assert.deepEqual(await slice({ kind: 'relevance', ...anyClass }), { shape: [3], values: [4, 5, 6], evidence });
  assert.deepEqual(await slice({ kind: 'grad-cam', ...anyClass }), { shape: [2], values: [30, 40], evidence });
  assert.deepEqual(await slice({ kind: 'input-gradient', ...anyClass }), { shape: [2], values: [6, -1], evidence });
  assert.deepEqual((await slice({ kind: 'grad-cam', ...anyClass }, 0)).values, [10, 20]);
  const target = [{ index: 0, weight: 1 }];
  assert.deepEqual(seen.gradients, [{ targets: [target, target], relevance: true, gradCam: true, input: true }]);
  const against = await slice({ kind: 'relevance', class: 0, against: 1 });
  assert.deepEqual([against.evidence, seen.gradients.length], [{ class: 0, against: 1, y: 2 }, 2]);
  assert.deepEqual(await slice({ kind: 'value-attention', layer: 2, query: 1 }), { shape: [3], values: [1, 2, 1], evidence: undefined }); // prettier-ignore
});

test('attention gradients come in as many layers at once as there is room for', async () => {
  const small = world();
  const found = await small.slice({ kind: 'attention-gradient', layer: 2, ...anyClass });
  assert.deepEqual([found.shape, found.values, found.evidence?.y], [[1, 3, 3], Array(9).fill(201), 4]);
  assert.deepEqual((await small.slice({ kind: 'attention-gradient', layer: 0, ...anyClass }, 0)).values, Array(9).fill(0)); // prettier-ignore
  const asked = (of: object[]) => of.map((request) => (request as { attention: number[] }).attention);
  // the second picture's class 0 and the first one's are the same
  assert.deepEqual(asked(small.seen.gradients), [[0, 1, 2]]);
  // 2^25 values: two pictures of 2896^2 fill half, so that two layers go together
  const large = world({ numTokens: 2048, layers: 9 });
  await large.slice({ kind: 'attention-gradient', layer: 6, ...anyClass });
  await large.slice({ kind: 'attention-gradient', layer: 8, ...anyClass });
  assert.deepEqual(asked(large.seen.gradients), [[4, 5, 6, 7], [8]]); // prettier-ignore
  for (const layer of [-1, 3, 0.5])
    await assert.rejects(small.slice({ kind: 'attention-gradient', layer, ...anyClass }), { code: 'ERR_ARGUMENT', message: `There is no layer ${layer} among 3.` }); // prettier-ignore
});

test('integrated gradients: the zero picture, places along the way, and how far their sum is from what it should be', async () => {
  const { slice, seen, told } = world();
  const found = await slice({ kind: 'integrated-gradients', steps: 10, ...anyClass });
  // gradients are (2, -1) everywhere: 3 * 2 and 1 * -1; y is 4 - 0.5
  assert.deepEqual(found, { shape: [2], values: [6, -1], evidence: { class: 0, against: null, y: 4, completeness: 5 - 3.5 } }); // prettier-ignore
  const [zero, first, second] = seen.forward as { input: number[]; batch: number; tokens: boolean; attention: boolean }[]; // prettier-ignore
  assert.deepEqual(zero, { input: [0, 0], batch: 1, attention: false, tokens: false, maskedPatches: Uint32Array.of(1), signal: null }); // prettier-ignore
  assert.deepEqual([first!.batch, first!.tokens, first!.attention, first!.input.slice(0, 2)], [8, true, false, [3, 1].map((x) => Math.fround(0.05 * x))]); // prettier-ignore
  assert.deepEqual([second!.batch, second!.input.at(-1)], [2, Math.fround(0.95)]);
  assert.deepEqual([told, seen.released], [[[1, 11], [9, 11], [11, 11]], 3]); // prettier-ignore
  assert.deepEqual(seen.gradients[0], { targets: Array(8).fill([{ index: 0, weight: 1 }]), input: true });
  await slice({ kind: 'integrated-gradients', steps: 10, ...anyClass });
  assert.equal(seen.forward.length, 3, 'it is kept');
  const wide = world({ numTokens: 400 });
  await wide.slice({ kind: 'integrated-gradients', steps: 3, ...anyClass });
  assert.deepEqual(wide.seen.forward.map((request) => (request as ForwardRequest).batch), [1, 2, 1]); // prettier-ignore
  const huge = world({ numTokens: 5000 });
  await huge.slice({ kind: 'integrated-gradients', steps: 2, ...anyClass });
  assert.equal(huge.seen.forward.length, 3);
  const gone = world({ closed: true }).slice({ kind: 'integrated-gradients', steps: 3, ...anyClass });
  await assert.rejects(gone, { code: 'ERR_GONE', message: 'm was closed; open it again.' });
});

test('maps by hiding patches', async () => {
  const { slice, seen, told } = world();
  const alone = await slice({ kind: 'leave-one-out', ...anyClass });
  assert.deepEqual([alone.shape, alone.values, alone.evidence?.y], [[2], [3, 1], 4]);
  assert.deepEqual([seen.masked.splice(0), told.splice(0)], [[[1, 0], [0, 1]], [[2, 2]]]); // prettier-ignore
  assert.deepEqual((await slice({ kind: 'leave-one-out', class: 1, against: null })).values, [3, -1]);
  seen.masked.length = told.length = 0;
  const sampled = await slice({ kind: 'token-sampling', samples: 7, seed: 1, ...anyClass });
  // an odd number is made even, and each mask has its opposite
  assert.deepEqual([sampled.shape, told], [[2], [[8, 8]]]); // prettier-ignore
  assert.equal(seen.masked.length, 8);
  for (let i = 0; i < 8; i += 2) assert.deepEqual(seen.masked[i]!.map((x) => 1 - x), seen.masked[i + 1]); // prettier-ignore
  assert.equal((await slice({ kind: 'token-sampling', samples: 7, seed: 1, ...anyClass })).values.join(), sampled.values.join()); // prettier-ignore
  assert.equal(seen.masked.length, 8, 'it is kept');
  await slice({ kind: 'token-sampling', samples: 7, seed: 2, ...anyClass });
  assert.equal(seen.masked.length, 16);
});

test('a sampled map is the mean with a patch less the mean without it, over passes of several batches', async () => {
  const { slice, seen } = world();
  const { values } = await slice({ kind: 'token-sampling', samples: 70, seed: 5, ...anyClass });
  assert.equal(seen.masked.length, 70);
  const y = seen.masked.map(([a, b]) => (a ? 0 : 3) + (b ? 0 : 1));
  const mean = (patch: number, hidden: number) => {
    const some = y.filter((_, i) => seen.masked[i]![patch] === hidden);
    return some.reduce((a, b) => a + b) / some.length;
  };
  const expected = [0, 1].map((patch) => Math.fround(mean(patch, 0) - mean(patch, 1)));
  assert.deepEqual(values, expected);
});

test('counts at the edges of what may be asked for', async () => {
  const { slice } = world();
  for (const [kind, name, good, bad] of [
    ['integrated-gradients', 'steps', [1, 4096], [0, 4097, 1.5]],
    ['token-sampling', 'samples', [2], [1, 65537, 2.5]],
  ] as const) {
    for (const value of good) await slice({ kind, [name]: value, seed: 0, ...anyClass });
    const most = name === 'steps' ? '1 to 4096' : '2 to 65536';
    for (const value of bad) await assert.rejects(slice({ kind, [name]: value, seed: 0, ...anyClass }), { code: 'ERR_ARGUMENT', message: `${name} is ${value}, but must be a whole number from ${most}.` }); // prettier-ignore
  }
});

test('an engine or a model that cannot be looked into says so', async () => {
  const shown = 'This is shown by the native engine only.';
  const ask = (changes: Parameters<typeof world>[0]) => world(changes).slice({ kind: 'relevance', ...anyClass });
  await assert.rejects(ask({ inside: null }), { code: 'ERR_UNSUPPORTED', message: shown });
  await assert.rejects(ask({ explains: sentence('Not so far.') }), { code: 'ERR_UNSUPPORTED', message: 'Not so far.' });
  await assert.rejects(ask({ explains: false }), { code: 'ERR_UNSUPPORTED', message: shown });
});

test('how far a map can be trusted: curves of it and of random orders, told as they come', async () => {
  const { explainer, seen } = world();
  const told: FaithfulnessProgress[] = [];
  const ask = (changes: object) => explainer.faithfulness({ class: null, map: Float32Array.of(1, 2), random: true, seed: 3, image: 1, ...changes } as Parameters<Explainer['faithfulness']>[0], { signal, report: (progress) => void told.push(progress) }); // prettier-ignore
  const found = await ask({});
  // the second patch is hidden first: 4, 3, 0; shown first: 0, 1, 4
  assert.deepEqual(found.deletion, { curve: [4, 3, 0], auc: 2.5 });
  assert.deepEqual(found.insertion, { curve: [0, 1, 4], auc: 1.5 });
  assert.deepEqual([found.class, found.random!.aucs.length, found.random!.curve[0], found.random!.curve[2]], [0, 5, 4, 0]); // prettier-ignore
  assert.ok(found.random!.aucs.every((auc) => auc === 2.5 || auc === 1.5));
  // 3 passes of the map, and 5 random orders of one
  assert.deepEqual(told.map(({ done, total, random }) => [done, total, random.length]), [[3, 8, 0], [8, 8, 5]]); // prettier-ignore
  assert.deepEqual(told[1]!.deletion, [4, 3, 0]);
  assert.equal(seen.masked.length, 8);
  await ask({});
  assert.equal(seen.masked.length, 11, 'random orders are kept');
  assert.equal((await ask({ random: false })).random, null);
  assert.deepEqual(told.at(-1)!.total, 3);
  assert.deepEqual((await ask({ image: undefined, random: false })).deletion.curve, [6, 1, 0]);
  for (const length of [1, 3]) await assert.rejects(ask({ map: new Float32Array(length) }), { code: 'ERR_ARGUMENT', message: `The map has ${length} values, but there are 2 patches.` }); // prettier-ignore
});

test('passes at once: 32 variants at most, 8192 tokens, an even number', () => {
  for (const [tokens, count] of [[1, 32], [256, 32], [257, 30], [1000, 8], [4096, 2], [4097, 2], [99999, 2]] as const) assert.equal(atOnce({ tokens }), count); // prettier-ignore
});

test('passes are asked for in parts, whose rows arrive in order', async () => {
  const asked: number[][] = [];
  const inside = { maskedOutputs: (image: number, masks: Uint8Array, variants: number) => (asked.push([image, masks[0]!, variants]), Promise.resolve(Float32Array.from({ length: 2 * variants }, (_, i) => masks[0]! + i / 2))) } as unknown as Inside; // prettier-ignore
  const [taken, told] = [[] as number[][], [] as number[]];
  const picture = { inside, image: 7, patches: 1, tokens: 4096 };
  await passes(picture, 5, (from) => Uint8Array.of(from), (variant, row) => taken.push([variant, ...row]), { signal, after: (done) => told.push(done) }); // prettier-ignore
  assert.deepEqual([asked, told], [[[7, 0, 2], [7, 2, 2], [7, 4, 1]], [2, 4, 5]]); // prettier-ignore
  assert.deepEqual(taken, [0, 1, 2, 3, 4].map((v) => [v, v, v + 0.5])); // prettier-ignore
  await assert.rejects(passes(picture, 1, () => Uint8Array.of(0), () => undefined, { signal: AbortSignal.abort(), after: () => undefined }), { code: 'ERR_CANCELLED' }); // prettier-ignore
});

test('what is computed for a run is computed once, for all who ask, unless it fails', async () => {
  const kept = new KeptResults();
  let times = 0;
  const ask = (key: string, what: () => Promise<unknown> = async () => (await later(), ++times), stop = signal) => kept.once(key, stop, what); // prettier-ignore
  assert.deepEqual(await Promise.all([ask('a'), ask('a'), ask('b')]), [1, 1, 2]);
  assert.deepEqual([await ask('a'), times], [1, 2]);
  const failing = ask('c', async () => (await later(), assert.fail('no')));
  const next = ask('c');
  await assert.rejects(failing, { message: 'no' });
  assert.equal(await next, 3);
  await assert.rejects(ask('a', undefined, AbortSignal.abort()), { code: 'ERR_CANCELLED' });
  const stop = new AbortController();
  const [slow, given] = [ask('d'), ask('d', undefined, stop.signal)];
  stop.abort();
  await assert.rejects(given, { code: 'ERR_CANCELLED' });
  assert.equal(await slow, 4);
  // 2^22 numbers: the oldest go, however they are held
  const large = (length: number) => async () => ({
    values: new Float32Array(length),
    more: [new Float32Array(0), null, 1],
  });
  await ask('large', large(2 ** 21));
  await ask('larger', large(2 ** 21));
  times = 0;
  assert.equal(await ask('large'), 1, 'it is gone');
  assert.equal(((await ask('larger')) as { values: Float32Array }).values.length, 2 ** 21);
});
