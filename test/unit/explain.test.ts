/** What explanations are made of, on numbers that can be worked out by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Inside } from '../../extension/engine/backend';
import { area, meanCurve } from '../../extension/engine/explain/curves';
import { alongTheWay, inputTimesGradient, SampledMap } from '../../extension/engine/explain/estimates';
import { deletionAndInsertion, mapPasses, randomDeletion } from '../../extension/engine/explain/faithfulness';
import { deletionMasks, insertionMasks, samplingMasks, singleMasks } from '../../extension/engine/explain/masks';
import { descending } from '../../extension/engine/explain/order';
import { atOnce } from '../../extension/engine/explain/passes';
import { randomNumbers, shuffled } from '../../extension/system/random';
import { choose, targetOf, valueOf } from '../../extension/engine/explain/target';

const rows = (masks: Uint8Array, patches: number) =>
  Array.from({ length: masks.length / patches }, (_, i) =>
    [...masks.subarray(i * patches, (i + 1) * patches)].join(''),
  );

describe('orders and masks', () => {
  test('the largest value comes first, equal ones in index order, negative ones last', () => {
    assert.deepEqual([...descending([1, 3, -2, 3, 0, 1])], [1, 3, 0, 5, 4, 2]);
  });

  test('deletion hides the first k of an order, insertion shows only them', () => {
    const order = Uint32Array.from([2, 0, 3, 1]);
    assert.deepEqual(rows(deletionMasks(order, 0, 5), 4), ['0000', '0010', '1010', '1011', '1111']);
    assert.deepEqual(rows(insertionMasks(order, 0, 5), 4), ['1111', '1101', '0101', '0100', '0000']);
    assert.deepEqual(rows(deletionMasks(order, 2, 3), 4), ['1010']);
  });

  test('insertion in an order is deletion in the reverse one, read backwards', () => {
    const order = shuffled(9, randomNumbers(5));
    const backwards = Uint32Array.from([...order].reverse());
    assert.deepEqual(rows(insertionMasks(order, 0, 10), 9), rows(deletionMasks(backwards, 0, 10), 9).reverse());
  });

  test('each patch alone', () => assert.deepEqual(rows(singleMasks(4, 1, 4), 4), ['0100', '0010', '0001']));

  test('random masks come in pairs that complete each other, and hide half on average', () => {
    const masks = samplingMasks(50, 400, randomNumbers(3));
    for (let i = 0; i < masks.length; i += 100)
      for (let j = 0; j < 50; j++) assert.equal(masks[i + j]! + masks[i + 50 + j]!, 1);
    const firsts = masks.filter((_, i) => i % 100 < 50);
    const share = firsts.reduce((sum, hidden) => sum + hidden, 0) / firsts.length;
    assert.ok(Math.abs(share - 0.5) < 0.02, `${share}`);
  });

  test('a seed always gives the same numbers, between 0 and 1, another seed others', () => {
    const [a, b, c] = [randomNumbers(1), randomNumbers(1), randomNumbers(2)];
    const take = (random: () => number) => Array.from({ length: 1000 }, random);
    const [first, second, third] = [take(a), take(b), take(c)];
    assert.deepEqual(first, second);
    assert.notDeepEqual(first, third);
    assert.ok(first.every((x) => x >= 0 && x < 1));
    assert.ok(Math.abs(first.reduce((sum, x) => sum + x, 0) / 1000 - 0.5) < 0.03);
    // mulberry32's first numbers for seed 1, by its author's code
    assert.deepEqual(
      first.slice(0, 3).map((x) => Math.round(x * 2 ** 32)),
      [2693262067, 11749833, 2265367787],
    );
  });

  test('a random order holds every patch once', () => {
    const order = shuffled(100, randomNumbers(7));
    assert.deepEqual([...order].sort((a, b) => a - b), [...Array(100).keys()]); // prettier-ignore
    assert.notDeepEqual([...order], [...Array(100).keys()]);
  });
});

describe('numbers', () => {
  test('the area under a curve is by trapezoids over k / N', () => {
    assert.equal(area([1, 0]), 0.5);
    assert.equal(area([1, 0, 0]), 0.25);
    assert.equal(area([0.5, 0.5, 0.5, 0.5]), 0.5);
    assert.equal(area([0.7]), 0.7);
  });

  test('the mean of curves is by points, and its area the mean of theirs', () => {
    const curve = (points: number[]) => ({ curve: points, auc: area(points) });
    const mean = meanCurve([curve([1, 0, 0]), curve([1, 1, 0])]);
    assert.deepEqual(mean, { curve: [1, 0.5, 0], auc: 0.5, aucs: [0.25, 0.75] });
  });

  test('input times gradient is summed over the pixels and channels of each patch; pixels beyond the last patch are left out', () => {
    // 2 channels of 3 x 5, patches of 1 x 2: the last column is in none
    const input = Float32Array.from({ length: 30 }, (_, i) => i);
    const gradient = new Float32Array(30).fill(2);
    const map = inputTimesGradient(input, gradient, { input: [2, 3, 5], grid: [3, 2], patch: [1, 2] });
    const patch = (row: number, column: number) =>
      [0, 1].flatMap((c) => [0, 1].map((x) => 2 * (c * 15 + row * 5 + column * 2 + x))).reduce((a, b) => a + b);
    assert.deepEqual([...map], [0, 1, 2].flatMap((row) => [patch(row, 0), patch(row, 1)])); // prettier-ignore
  });

  test('of a soft split the whole picture is shared out, every pixel once', () => {
    const ones = new Float32Array(7 * 5).fill(1);
    const map = inputTimesGradient(ones, ones, { input: [1, 7, 5], grid: [3, 2], patch: null });
    assert.equal(map.reduce((a, b) => a + b), 35); // prettier-ignore
    assert.deepEqual([...map], [9, 6, 6, 4, 6, 4]);
  });

  test('places along the way from zero are the middles of equal steps', () => {
    const scaled = alongTheWay(Float32Array.from([4, -8]), 4, 1, 3);
    assert.deepEqual([...scaled], [1.5, -3, 2.5, -5]);
  });

  test('a sampled map is the mean where a patch is shown less the mean where it is hidden', () => {
    const map = new SampledMap(3);
    map.add(5, Uint8Array.from([0, 1, 1]));
    map.add(1, Uint8Array.from([1, 0, 1]));
    map.add(3, Uint8Array.from([0, 0, 1]));
    // the third was never shown
    assert.deepEqual([...map.map()], [4 - 1, 2 - 5, 0]);
  });
});

describe('what is explained', () => {
  const logits = [0.5, 3, 3, -1];

  test('no class: the largest, of equal ones the first', () => {
    assert.deepEqual(choose({ class: null, against: null }, logits, 'softmax', 'm'), { class: 1, against: null });
  });

  test('one class against another is their difference', () => {
    const chosen = choose({ class: 0, against: 3 }, logits, 'softmax', 'm');
    assert.equal(valueOf(chosen, logits), 1.5);
    assert.deepEqual(targetOf(chosen), [
      { index: 0, weight: 1 },
      { index: 3, weight: -1 },
    ]);
    assert.deepEqual(targetOf({ class: 2, against: null }), [{ index: 2, weight: 1 }]);
  });

  test('classes that are not there are refused, features too', () => {
    const refused = (asked: Parameters<typeof choose>[0], message: RegExp, scores: 'softmax' | null = 'softmax') =>
      assert.throws(() => choose(asked, logits, scores, 'tiny'), { message });
    refused({ class: 4, against: null }, /^There is no class 4: tiny has classes 0 to 3\.$/);
    refused({ class: 1.5, against: null }, /^There is no class 1\.5/);
    refused({ class: 0, against: -1 }, /^There is no class -1/);
    refused({ class: null, against: 1 }, /^Class 1 cannot be explained against itself\.$/);
    refused({ class: 0, against: null }, /^tiny gives features, not classes/, null);
  });
});

describe('faithfulness', () => {
  /** Its only number is the sum of the weights of the patches that are shown: the curves follow from the weights. */
  const additive = (weights: readonly number[]) => {
    const calls: number[] = [];
    const inside: Pick<Inside, 'maskedOutputs'> = {
      maskedOutputs: async (_image, masks, variants) => {
        calls.push(variants);
        return Float32Array.from({ length: variants }, (_, v) =>
          weights.reduce((sum, weight, i) => sum + (masks[v * weights.length + i] ? 0 : weight), 0),
        );
      },
    };
    const picture = {
      inside: inside as Inside,
      image: 0,
      patches: weights.length,
      tokens: weights.length + 1,
      logits: [weights.reduce((a, b) => a + b, 0)],
      scores: 'value' as const,
      class: 0,
    };
    return { picture, calls };
  };
  const signal = new AbortController().signal;

  test('deletion and insertion of a map go through its patches, largest first', async () => {
    const { picture } = additive([1, 4, 2, 1]);
    const { deletion, insertion } = await deletionAndInsertion(picture, [0, 9, 5, 0], {
      signal,
      after: () => undefined,
    });
    assert.deepEqual(deletion, { curve: [8, 4, 2, 1, 0], auc: (4 + 4 + 2 + 1) / 4 });
    assert.deepEqual(insertion, { curve: [0, 4, 6, 7, 8], auc: (4 + 4 + 6 + 7) / 4 });
  });

  test('points are reported while they come, in as few calls as there are batches', async () => {
    const weights = Array.from({ length: 100 }, (_, i) => i);
    const { picture, calls } = additive(weights);
    const seen: [number, number, number][] = [];
    await deletionAndInsertion(picture, weights, {
      signal,
      after: ([deletion, insertion], done) => seen.push([deletion!.length, insertion!.length, done]),
    });
    assert.equal(calls.length, Math.ceil(mapPasses(100) / atOnce(picture)));
    assert.equal(calls.reduce((a, b) => a + b), mapPasses(100)); // prettier-ignore
    assert.deepEqual(seen.at(-1), [100, 100, 199]);
    assert.ok(seen.every(([deletion, insertion]) => Math.abs(deletion - insertion) <= 1));
  });

  test('random orders of an additive model have the area of a straight line on average, and are the same each time', async () => {
    const { picture } = additive(Array.from({ length: 60 }, (_, i) => (i % 7) / 10));
    const whole = picture.logits[0]!;
    const [a, b] = [await randomDeletion(picture, 1, 0, { signal, after: () => undefined }), await randomDeletion(picture, 1, 0, { signal, after: () => undefined })]; // prettier-ignore
    assert.deepEqual(a, b);
    assert.equal(a.aucs.length, 5);
    assert.ok(Math.abs(a.auc - whole / 2) < 0.05 * whole, `${a.auc} of ${whole}`);
    assert.deepEqual([a.curve.length, a.curve[0], a.curve.at(-1)], [61, whole, 0]);
  });

  test('one patch alone has two points', async () => {
    const { picture } = additive([3]);
    const { deletion, insertion } = await deletionAndInsertion(picture, [1], { signal, after: () => undefined });
    assert.deepEqual([deletion.curve, insertion.curve], [[3, 0], [0, 3]]); // prettier-ignore
    const random = await randomDeletion(picture, 1, 0, { signal, after: () => undefined });
    assert.deepEqual(random.curve, [3, 0]);
  });

  test('it stops between two batches', async () => {
    const { picture, calls } = additive(Array.from({ length: 100 }, () => 1));
    const stop = new AbortController();
    const going = deletionAndInsertion(picture, new Float32Array(100), {
      signal: stop.signal,
      after: () => stop.abort(),
    });
    await assert.rejects(going, { code: 'ERR_CANCELLED' });
    assert.equal(calls.length, 1);
  });
});
