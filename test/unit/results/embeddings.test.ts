/** Neighbours against every pair compared, projections against numpy's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomNumbers } from '../../../extension/system/random';
import { nearDuplicates, nearest, normalise } from '../../../extension/results/neighbours';
import { evenly, principalScores, umap } from '../../../extension/results/projection';

const at = async (): Promise<void> => undefined;

/** Vectors around `centres` directions, every tenth one a near copy of the one before. */
function vectors(n: number, length: number, centres: number): Float32Array {
  const random = randomNumbers(3);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const middle = Array.from({ length: centres }, () => Float64Array.from({ length }, normal));
  const values = new Float32Array(n * length);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < length; d++) {
      values[i * length + d] =
        i % 10 === 9 ? values[(i - 1) * length + d]! + 0.02 * normal() : 2 * middle[i % centres]![d]! + normal();
    }
  }
  normalise(values, n);
  return values;
}

const cosine = (all: Float32Array, length: number, a: number, b: number): number => {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += all[a * length + d]! * all[b * length + d]!;
  return sum;
};

test('vectors are scaled to unit length; one of zeros stays', () => {
  const values = Float32Array.from([3, 4, 0, 0, 0, -2]);
  normalise(values, 3);
  assert.deepEqual(values, Float32Array.from([0.6, 0.8, 0, 0, 0, -1]));
});

test('the nearest pictures are those of the largest cosines', () => {
  const [n, length] = [300, 24];
  const all = vectors(n, length, 5);
  const found = nearest(all, n, 8, 12);
  const others = [...Array(n).keys()].filter((i) => i !== 8);
  const wanted = others.sort((a, b) => cosine(all, length, b, 8) - cosine(all, length, a, 8)).slice(0, 12);
  assert.deepEqual(
    found.map(({ row }) => row),
    wanted,
  );
  assert.equal(found[0]!.row, 9);
  assert.ok(Math.abs(found[0]!.similarity - cosine(all, length, 9, 8)) < 1e-6);
});

test('near-duplicates are the pairs above the cosine, joined to groups', async () => {
  const [n, length] = [600, 24];
  const all = vectors(n, length, 5);
  const groups = await nearDuplicates(all, n, 0.98, at);
  const pairs: string[] = [];
  for (let a = 0; a < n; a++)
    for (let b = a + 1; b < n; b++) if (cosine(all, length, a, b) >= 0.98) pairs.push(`${a} ${b}`);
  assert.equal(pairs.length, 60);
  assert.deepEqual(
    groups.map((group) => group.join(' ')),
    pairs,
  );
  // three copies are one group, before those of two
  const copies = Float32Array.from([1, 0, 0, 1, 1, 0, 1, 0, 0, 1]);
  assert.deepEqual(await nearDuplicates(copies, 5, 0.99, at), [
    [0, 2, 3],
    [1, 4],
  ]);
  assert.deepEqual(await nearDuplicates(new Float32Array(0), 0, 0.99, at), []);
});

test('work that is given up ends', async () => {
  const stop = () => Promise.reject(new Error('enough'));
  await assert.rejects(nearDuplicates(vectors(600, 8, 3), 600, 0.9, stop), /enough/);
  await assert.rejects(umap(vectors(30, 8, 3), 30, stop), /enough/);
});

test("principal scores are numpy's, by singular value decomposition", () => {
  const [n, length] = [8, 4];
  const values = Float32Array.from({ length: n * length }, (_, at) => {
    const [i, j] = [Math.floor(at / length), at % length];
    return Math.sin(3 * i + 2 * j) + 0.3 * j * Math.cos(i);
  });
  // numpy 1.24: u, s, vt = svd(x - mean); (x - mean) @ vt.T[:, :3], signs by the largest score
  const wanted = [
    [0.54125, -0.99103, -0.50662],
    [-1.27173, -0.12542, 0.66831],
    [1.58134, 0.36293, -0.32311],
    [-0.61724, 1.354, 0.08683],
    [1.86529, 0.59744, 0.03971],
    [-1.42734, 0.11139, -0.14396],
    [1.00479, -0.93676, 0.63738],
    [-1.67637, -0.37256, -0.45854],
  ].flat();
  const scores = principalScores(values, n, 3);
  wanted.forEach((score, i) => assert.ok(Math.abs(scores[i]! - score) < 2e-5, `${i}: ${scores[i]} ${score}`));
  // more components than there are are zero
  assert.deepEqual([...principalScores(Float32Array.of(0, 0, 3), 3, 2)], [-1, 0, -1, 0, 2, 0]);
});

test('UMAP keeps the neighbours of a picture, and gives the same map every time', async () => {
  const [n, length] = [150, 16];
  const all = vectors(n, length, 3);
  const map = await umap(all, n, at);
  assert.equal(map.length, 2 * n);
  assert.deepEqual(await umap(all, n, at), map);
  // of the five points beside each on the map, nearly all are of its group
  let own = 0;
  const groupOf = (i: number) => (i % 10 === 9 ? i - 1 : i) % 3;
  for (let i = 0; i < n; i++) {
    const far = (j: number) => Math.hypot(map[2 * i]! - map[2 * j]!, map[2 * i + 1]! - map[2 * j + 1]!);
    const beside = [...Array(n).keys()].filter((j) => j !== i).sort((a, b) => far(a) - far(b));
    own += beside.slice(0, 5).filter((j) => groupOf(j) === groupOf(i)).length;
  }
  assert.ok(own / (5 * n) > 0.95, String(own / (5 * n)));
});

test('of many rows some are taken evenly, of few all', () => {
  assert.deepEqual([...evenly(3, 10)], [0, 1, 2]);
  assert.deepEqual([...evenly(4, 4)], [0, 1, 2, 3]);
  assert.deepEqual([...evenly(10, 4)], [0, 2, 5, 7]);
  assert.deepEqual([...evenly(0, 4)], []);
});
