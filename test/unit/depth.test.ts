/** What changes with depth: tokens' lengths and sinks among them, similarity, colours, how far heads look. Numbers by NumPy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attentionDistances, attentionEntropies } from '../../extension/engine/depth/heads';
import { cosines, principalScores, tokenNorms } from '../../extension/engine/depth/tokens';
import { sinksOf } from '../../webview/app/sinks';
import { componentPixels } from '../../webview/depth/components';
import { heatOf } from '../../webview/drawing/heat';

// prettier-ignore
const tokens = Float32Array.of(3, 1, 0, 2,  1, 4, 2, 0,  0, 2, 5, 1,  2, 0, 1, 3,  4, 3, 2, 1,  1, 1, 1, 6);

const close = (actual: ArrayLike<number>, expected: readonly number[], within = 1e-4) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i]! - value) <= within, `${actual[i]} is not ${value}`));
};

test('lengths and cosines of tokens', () => {
  close(tokenNorms(tokens, 6), [14, 21, 30, 14, 30, 39].map(Math.sqrt));
  close(cosines(tokens, 6, 0), [
    1,
    7 / Math.sqrt(14 * 21),
    4 / Math.sqrt(14 * 30),
    12 / 14,
    17 / Math.sqrt(14 * 30),
    16 / Math.sqrt(14 * 39),
  ]);
  close(cosines(Float32Array.of(0, 0, 1, 1), 2, 1), [0, 1]);
});

test('principal components are those of the singular value decomposition', () => {
  // prettier-ignore
  close(principalScores(tokens, 6), [1.19542, -1.85856, -0.45835,  -2.77486, -0.3734, 1.26855,  -2.57447, 2.73063, -0.81236,  1.8617, -0.06584, -1.03399,  -1.30449, -2.01888, -0.03567,  3.5967, 1.58605, 1.07181], 2e-3);
  // fewer directions than components: the others are nothing
  const line = principalScores(Float32Array.of(0, 0, 1, 1, 2, 2), 3);
  close(
    line,
    [Math.SQRT2, 0, 0, 0, 0, 0, -Math.SQRT2, 0, 0].map((x) => (line[0]! > 0 ? x : -x)),
    1e-5,
  );
  assert.deepEqual(
    [...componentPixels(Float32Array.of(0, 5, 1, 2, 5, 3, 1, 5, 2), 3)],
    [...[0, 128, 0, 255], ...[255, 128, 255, 255], ...[128, 128, 128, 255]],
  );
});

test('how far and how sharply heads look', () => {
  // prettier-ignore
  const map = Float32Array.of(.5,.2,.1,.1,.1, .1,.6,.1,.1,.1, .2,.2,.2,.2,.2, 0,.1,.3,.3,.3, .4,0,0,0,.6);
  const layout = { heads: 1, tokens: 5, prefixes: 1, columns: 2 };
  close(attentionDistances(map, layout), [0.5142936]);
  close(attentionEntropies(map, layout), [1.784051]);
});

/** Numbers between 0 and 1, the same every time. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

test('sinks are the tokens before a knee that chance does not make; tokens of one kind have none', () => {
  let flagged = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const random = randoms(seed * 7919);
    const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    const norms = Float32Array.from({ length: 196 }, () => 14 * Math.exp(0.2 * normal()));
    if (sinksOf(norms).length > 0) flagged++;
    // whatever the scale of the lengths
    const scaled = norms.map((x) => 40 * x);
    assert.deepEqual(sinksOf(scaled).length > 0, sinksOf(norms).length > 0);
    for (const patch of [10, 22, 26, 150]) norms[patch] = 60 + patch / 10;
    assert.deepEqual(sinksOf(norms), [10, 22, 26, 150]);
  }
  assert.ok(flagged <= 12, `${flagged} of 100`);
  assert.deepEqual(sinksOf(new Float32Array(64)), []);
  assert.deepEqual(sinksOf(Float32Array.of(1, 2)), []);
});

test('the scale leaves sinks out', () => {
  const rows = [Float32Array.of(9, 1, 8, 3)];
  const choice = { scale: 'own', excludeOutliers: false, signed: false } as const;
  assert.deepEqual(heatOf(rows, 'mean', 1, choice).domain, [1, 8]);
  assert.deepEqual(heatOf(rows, 'mean', 1, { ...choice, without: [1] }).domain, [1, 3]);
});
