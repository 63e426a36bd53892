/** Hostile inputs, a few thousand of the same ones each time: `npm run fuzz` has as many as one likes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenTargets } from '../fuzz/broken';
import { fuzz } from '../fuzz/fuzz';
import { targets } from '../fuzz/targets';

/** Those that ask another process, or start one, take longer. */
const FEW: Record<string, number> = { picture: 150, 'onnx-runtime': 150, 'command-line': 12 };

for (const target of targets) {
  test(`${target.name}: each input is read, or refused in one sentence`, async () => {
    const findings = await fuzz(target, { inputs: FEW[target.name] ?? 500, seed: 1, most: 3 });
    assert.deepEqual(findings, []);
  });
}

test('a fuzzer finds what throws, hangs and dies, and goes on after it', async () => {
  for (const target of brokenTargets) {
    const findings = await fuzz(target, { inputs: 40, seed: 1, most: target.name === 'dies' ? 2 : 1 });
    assert.equal(findings.length, target.name === 'dies' ? 2 : 1, target.name);
    if (target.name !== 'throws') continue;
    const [again] = await fuzz(target, { inputs: 1, seed: 1, from: findings[0]!.at });
    assert.deepEqual(
      [again?.at, again?.problem.split('\n')[0]],
      [findings[0]!.at, 'TypeError: undefined is not a model'],
    );
  }
});
