/** Jobs: many pictures under one model in batches, in the pauses of what somebody waits for. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { BackendModel, BackendRun, ForwardRequest } from '../../extension/engine/backend';
import { Batches, type RunningModel } from '../../extension/engine/batches/batches';
import type { Prepared } from '../../extension/engine/batches/preparer';
import type { Preparers } from '../../extension/engine/batches/preparers';
import { Turns } from '../../extension/engine/batches/turns';
import { EngineError } from '../../extension/errors/engineError';
import { verbatim } from '../../extension/errors/sentence';

const never = new AbortController().signal;
type Request = Parameters<Batches['classify']>[0];

const made = (value: number, shape: [number, number, number] = [1, 1, 2]): Prepared => ({
  ...{ shape, values: Float32Array.of(value, -value), width: 10 + value, height: 20, bytes: 30, modified: 40 },
  ...{ decodeMs: 5, preprocessMs: 6 },
});
const broken: Prepared = { error: { code: 'ERR_IMAGE', ...verbatim('broken') } };

interface Behaviour {
  /** Called before each pass; what it throws, the pass rejects with. */
  before?: (request: ForwardRequest) => void;
  features?: boolean;
  scores?: 'softmax' | null;
  closed?: boolean;
}

/** A model whose logits are a picture's first value and 1. */
function world(pictures: Prepared[], { before, features = true, scores = 'softmax', closed = false }: Behaviour = {}) {
  const seen = { batches: [] as number[][], runs: 0, released: 0, given: 0, asked: [] as unknown[] };
  const model = {
    loaded: { scores },
    inputShape: [1, 1, 2],
    async forward(request: ForwardRequest) {
      const { input, batch } = request;
      seen.batches.push([...input].filter((_, i) => i % 2 === 0));
      before?.(request);
      assert.deepEqual([request.attention, request.tokens, input.length], [false, false, 2 * batch]);
      seen.runs++;
      const firsts = [...input].filter((_, i) => i % 2 === 0);
      return {
        batch,
        logits: Float32Array.from(firsts.flatMap((x) => [x, 1])),
        features: features ? Float32Array.from(firsts.flatMap((x) => [x, x + 1, x + 2])) : null,
        firstNonFiniteStep: () => Promise.resolve('tokens'),
        release: () => seen.released++,
      } as unknown as BackendRun;
    },
  } as unknown as BackendModel;
  const preprocessing = { channels: 1 };
  const description = { name: 'm', path: 'm', preprocessing, labels: ['a', 'b'], weights: { kind: 'seed' }, architecture: null }; // prettier-ignore
  const of = { model, description, closed } as unknown as RunningModel;
  const preparers = {
    prepare: (...asked: unknown[]) => {
      seen.asked.push(asked);
      return Promise.resolve({ pictures, release: () => seen.given++ });
    },
  } as unknown as Preparers;
  const batches = new Batches(preparers, new Turns());
  const sources = pictures.map((_, i) => ({ path: `${i}.png` }));
  const request = { pictures: sources, topK: 1, logits: false, features: false, memoryLimit: 2 ** 30 } as unknown as Request; // prettier-ignore
  const classify = (changes: Partial<Request> = {}, signal = never) => batches.classify({ ...request, ...changes }, of, signal); // prettier-ignore
  return { classify, seen, of, batches, preprocessing, sources };
}

test('pictures go through in batches of four at first; each has its outcome, in order', async () => {
  const { classify, seen, sources, preprocessing } = world([3, 0, 2, 5, 7, 9].map((x) => made(x)));
  const outcomes = await classify({ logits: true, features: true });
  assert.deepEqual(seen.batches[0], [3, 0, 2, 5]);
  assert.deepEqual(seen.batches.flat(), [3, 0, 2, 5, 7, 9]);
  assert.deepEqual([seen.released, seen.given], [seen.batches.length, 1]);
  assert.deepEqual(seen.asked, [[sources, preprocessing, 2 ** 29, never]]);
  const [first] = outcomes as Extract<(typeof outcomes)[number], { width: number }>[];
  const { timings, predictions, energy, ...facts } = first!;
  assert.ok(Math.abs(energy! - Math.log(Math.exp(3) + Math.exp(1))) < 1e-12);
  assert.deepEqual(facts, {
    ...{ width: 13, height: 20, bytes: 30, modified: 40, scores: 'softmax', unfamiliar: false },
    ...{ logits: Float32Array.of(3, 1), features: Float32Array.of(3, 4, 5) },
  }); // prettier-ignore
  assert.deepEqual([predictions.length, predictions[0]!.label], [1, 'a']);
  assert.deepEqual([timings.decode_ms, timings.preprocess_ms], [5, 6]);
  assert.ok(timings.forward_ms >= 0 && timings.forward_ms < 1000);
  const labels = outcomes.map((outcome) => ('predictions' in outcome ? outcome.predictions[0]!.label : ''));
  assert.deepEqual(labels, ['a', 'b', 'a', 'a', 'a', 'a']);
  const short = (await world([made(2)]).classify())[0] as typeof first;
  assert.deepEqual([short!.logits, short!.features], [null, null]);
  const bare = (await world([made(2)], { scores: null }).classify({ topK: 3 }))[0] as typeof first;
  assert.deepEqual([bare!.energy, bare!.predictions], [null, []]);
});

test('what is wrong with a picture is its outcome, and the others go on', async () => {
  const { classify, seen } = world([made(1), broken, made(2, [1, 2, 1]), made(NaN), made(4)]);
  const outcomes = await classify();
  const said = outcomes.map((outcome) => ('error' in outcome ? `${outcome.error.code} ${outcome.error.message}` : 'fine'));
  assert.deepEqual(said, [
    'fine',
    'ERR_IMAGE broken',
    'ERR_ARGUMENT The input has shape (1, 1, 2, 1), but the model takes (B, 1, 1, 2).',
    'ERR_TENSOR m gives values that are not numbers (NaN or infinity) for this input, first in step tokens.',
    'fine',
  ]);
  assert.deepEqual(seen.batches, [[1, NaN, 4]]);
}); // prettier-ignore

test('1024 pictures are the most', async () => {
  const many = world(Array.from({ length: 1025 }, () => broken));
  const message = '1025 pictures are too many for one request; the most is 1024.';
  await assert.rejects(many.classify(), { code: 'ERR_ARGUMENT', message });
  assert.equal((await world(Array.from({ length: 1024 }, () => broken)).classify()).length, 1024);
});

const refusal = (code: ConstructorParameters<typeof EngineError>[0]) => new EngineError(code, verbatim(code));

test('too much memory: half as many at once, down to one, whose outcome it is', async () => {
  const pictures = [1, 2, 3, 4, 5].map((x) => made(x));
  const most = (limit: number) => (request: ForwardRequest) => {
    if (request.batch > limit) throw refusal('ERR_MEMORY');
  };
  const two = world(pictures, { before: most(2) });
  assert.ok((await two.classify()).every((outcome) => 'width' in outcome));
  assert.deepEqual(two.seen.batches, [[1, 2, 3, 4], [1, 2], [3, 4], [5]]); // prettier-ignore
  // it is remembered of the model
  await two.classify();
  assert.deepEqual(two.seen.batches.slice(4), [[1, 2], [3, 4], [5]]); // prettier-ignore
  const none = world(pictures, { before: most(0) });
  const outcomes = await none.classify();
  assert.deepEqual(outcomes.map((outcome) => 'error' in outcome && outcome.error.code), Array(5).fill('ERR_MEMORY')); // prettier-ignore
  assert.deepEqual(none.seen.batches.map(({ length }) => length), [4, 2, 1, 1, 1, 1, 1]); // prettier-ignore
  assert.equal(none.seen.given, 1);
});

test('other refusals are of the batch, or of the whole request, or say that the model was closed', async () => {
  const pictures = [1, 2].map((x) => made(x));
  const with_ = (code: Parameters<typeof refusal>[0], closed = false) =>
    world(pictures, { closed, before: () => { throw refusal(code); } }).classify(); // prettier-ignore
  const outcomes = await with_('ERR_MODEL');
  assert.deepEqual(outcomes.map((outcome) => 'error' in outcome && outcome.error.code), ['ERR_MODEL', 'ERR_MODEL']); // prettier-ignore
  for (const code of ['ERR_CANCELLED', 'ERR_UNSUPPORTED'] as const) await assert.rejects(with_(code), { code });
  for (const code of ['ERR_CANCELLED', 'ERR_UNSUPPORTED'] as const) await assert.rejects(with_(code, true), { code });
  await assert.rejects(with_('ERR_MODEL', true), { code: 'ERR_GONE', message: 'm was closed; open it again.' });
  const without = world(pictures, { features: false });
  await assert.rejects(without.classify({ features: true }), { code: 'ERR_UNSUPPORTED', message: 'Embeddings need the native engine; ONNX Runtime gives the output alone.' }); // prettier-ignore
  assert.deepEqual([without.seen.released, without.seen.given], [1, 1]);
  assert.equal((await without.classify()).length, 2, 'the next request is not held up');
});

test('passes of two requests do not mix', async () => {
  const order: string[] = [];
  const { classify } = world([made(1)], { before: () => order.push('pass') });
  const [first, second] = [classify().then(() => order.push('first')), classify().then(() => order.push('second'))];
  await Promise.all([first, second]);
  assert.deepEqual(order, ['pass', 'first', 'pass', 'second']);
});

test('a job waits until nobody has waited for 150 ms, and gives way', async () => {
  let now = 1000;
  mock.method(performance, 'now', () => now);
  mock.timers.enable({ apis: ['setTimeout'] });
  const tick = async (ms: number) => {
    now += ms;
    mock.timers.tick(ms);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  try {
    const turns = new Turns();
    await turns.pause(never);
    const finish: ((value: string) => void)[] = [];
    const wait = () => turns.first(() => new Promise<string>((resolve) => finish.push(resolve)));
    const [one, two] = [wait(), wait()];
    let paused = false;
    const pause = turns.pause(never).then(() => (paused = true));
    await tick(1000);
    finish[0]!('one');
    assert.equal(await one, 'one');
    await tick(1000);
    assert.equal(paused, false, 'the other is still waited for');
    finish[1]!('two');
    await two;
    await tick(149);
    assert.equal(paused, false);
    await tick(1);
    await pause;

    const signals: AbortSignal[] = [];
    const settle: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
    const work = (signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<string>((resolve, reject) => settle.push({ resolve, reject }));
    };
    const later = turns.later(work, never);
    await tick(0);
    const urgent = turns.first(() => Promise.resolve('now'));
    assert.equal(signals[0]!.aborted, true, 'the pass is broken off');
    settle[0]!.reject(new Error('broken off'));
    assert.equal(await urgent, 'now');
    await tick(149);
    assert.equal(signals.length, 1);
    await tick(1);
    assert.deepEqual([signals.length, signals[1]!.aborted], [2, false], 'and done again');
    settle[1]!.resolve('done');
    assert.equal(await later, 'done');
    await turns.first(() => Promise.resolve(0));
    assert.equal(signals[1]!.aborted, false, 'what is done is not broken off');
    await tick(150);
    const failing = turns.later(() => Promise.reject(new Error('its own')), never);
    await assert.rejects(failing, { message: 'its own' });
    await assert.rejects(turns.first(() => Promise.reject(new Error('theirs'))), { message: 'theirs' }); // prettier-ignore
    await tick(150);

    const stop = new AbortController();
    const stopped = turns.later(work, stop.signal);
    await tick(0);
    stop.abort();
    assert.equal(signals[2]!.aborted, true);
    settle[2]!.reject(new Error('stopped'));
    await assert.rejects(stopped, { message: 'stopped' });
    await assert.rejects(turns.pause(stop.signal), { code: 'ERR_CANCELLED' });
    void turns.first(() => new Promise(() => undefined));
    const given = new AbortController();
    const waiting = turns.pause(given.signal);
    given.abort();
    await assert.rejects(waiting, { code: 'ERR_CANCELLED' });
  } finally {
    mock.timers.reset();
    mock.restoreAll();
  }
});
