import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchModels, operations } from '../../extension/bench/models';

test('the work of ViT-Ti, S and B at 224 pixels is what is published: twice their 1.26, 4.6 and 17.6 GMACs', () => {
  const gflop = benchModels().map(({ architecture }) => Number((operations(architecture!) / 1e9).toFixed(2)));
  assert.deepEqual(gflop, [2.51, 9.2, 35.13]);
});
