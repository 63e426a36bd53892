/** Which kind a weight is of by its name, and when its values are odd among their like. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ValueSummary } from '../../../native/binding';
import { WeightKinds } from '../../../extension/models/weightKinds';

const summary = (rms: number, change: Partial<ValueSummary> = {}): ValueSummary => ({
  ...{ count: 10, notFinite: 0, firstNotFinite: -1, squares: rms * rms * 10, least: -rms, most: rms, zeros: 0 },
  ...change,
});
const kindsOf = (tensors: [canonical: string, summary: ValueSummary][]) => {
  const kinds = new WeightKinds();
  for (const [canonical, own] of tensors) kinds.add({ canonical, name: `file.${canonical}`, summary: own });
  return kinds;
};

test('a weight is of the kind that its name says', () => {
  const names: Record<string, string[]> = {
    'patch embedding': ['patch_embed.proj.weight', 'patch_embed.norm.weight', 'tokenizer.stages.0.attn.qkv.weight'],
    tokens: ['cls_token', 'dist_token', 'reg_token', 'det_token', 'attn_pool.latent'],
    positions: ['pos_embed', 'blocks.3.pos_embed', 'rope.prefix', 'rel_pos.table', 'blocks.0.attn.rel_pos.mlp.fc1.weight'],
    'norm weights': ['norm.weight', 'blocks.0.norm1.weight', 'blocks.0.attn.q_norm.weight', 'fc_norm.weight'],
    'layer scale': ['blocks.0.ls1.gamma', 'blocks.0.ls.gamma'],
    'queries, keys, values': ['blocks.0.attn.qkv.weight', 'blocks.0.in_proj.weight', 'attn_pool.q.weight', 'attn_pool.kv.weight'],
    'attention projection': ['blocks.0.attn.proj.weight', 'blocks.0.attn_out_proj.weight', 'attn_pool.proj.weight'],
    'neural network': ['blocks.0.mlp.fc1.weight', 'attn_pool.mlp.fc2.weight', 'blocks.0.mlp_out_proj.weight'],
    head: ['head.weight', 'head_dist.weight', 'projection.weight'],
    biases: ['head.bias', 'patch_embed.proj.bias', 'blocks.0.norm1.bias', 'blocks.0.attn.qkv.bias'],
    others: ['my.head.weight', 'pos_embeds', 'cls_tokens', 'blocks.0.gamma', 'blocks.0.attn.rel.table', 'xqkv.weight', 'norm.weights'],
  }; // prettier-ignore
  for (const [kind, own] of Object.entries(names))
    for (const name of own)
      assert.deepEqual(kindsOf([[name, summary(1)]]).statistics().map((found) => found.kind.message), [kind], name); // prettier-ignore
  // in the order of the computation, however they come
  const mixed = kindsOf([['others', summary(1)], ['head.weight', summary(1)], ['cls_token', summary(1)], ['patch_embed.proj.weight', summary(1)]]); // prettier-ignore
  assert.deepEqual(mixed.statistics().map(({ kind }) => kind.message), ['patch embedding', 'tokens', 'head', 'others']); // prettier-ignore
});

test('sums over the tensors of a kind', () => {
  const [found] = kindsOf([
    ['blocks.0.attn.qkv.weight', summary(2, { zeros: 3, notFinite: 2, squares: 32, least: -9, most: 4 })],
    ['blocks.1.attn.qkv.weight', summary(0, { count: 6, squares: 0, least: 7, most: 7 })],
  ]).statistics();
  assert.deepEqual({ ...found, kind: null }, { kind: null, tensors: 2, values: 16, rms: Math.sqrt(32 / 14), largest: 9, zeros: 3, notFinite: 2, constant: 1 }); // prettier-ignore
  const [none] = kindsOf([['head.weight', summary(0, { count: 4, notFinite: 4, squares: 0 })]]).statistics();
  assert.deepEqual([none?.rms, none?.constant], [0, 0]);
  const [one] = kindsOf([['head.weight', summary(1, { count: 1, least: 1, most: 1 })]]).statistics();
  assert.equal(one?.constant, 0);
});

test('a matrix of one value, or a hundred times as large or small as its like, is odd', () => {
  const said = (tensors: [string, ValueSummary][]) => kindsOf(tensors).findings().map(({ message, subject, code, severity }) => [message, subject, code, severity]);
  const like = [1, 2, 3].map((i): [string, ValueSummary] => [`blocks.${i}.attn.qkv.weight`, summary(1)]);
  const with_ = (own: ValueSummary, name = 'blocks.0.attn.qkv.weight') => said([...like, [name, own]]);
  assert.deepEqual(with_(summary(1)), []);
  assert.deepEqual(with_(summary(100)), []);
  assert.deepEqual(with_(summary(0.01)), []);
  const name = 'file.blocks.0.attn.qkv.weight';
  const about = (size: number) => [`The values of tensor ${name} are of the size ${size}, where 1 is common for its kind.`, name, 'odd-values', 'warning'];
  assert.deepEqual(with_(summary(101)), [about(100)]);
  assert.deepEqual(with_(summary(0.0099)), [about(0.0099)]);
  assert.deepEqual(with_(summary(0, { least: 0, most: 0 })), [[`All 10 values of tensor ${name} are 0.`, name, 'odd-values', 'warning']]);
  assert.deepEqual(with_(summary(0.5, { least: 0.5, most: 0.5 })), [[`All 10 values of tensor ${name} are the same (0.5).`, name, 'odd-values', 'warning']]);
  // one value alone, or some that are no numbers, are not the same
  assert.deepEqual(with_(summary(1, { count: 1, squares: 1, least: 1, most: 1 })), []);
  assert.deepEqual(with_(summary(1, { notFinite: 1, squares: 9, least: 1, most: 1 })), []);
  // three have no common size
  assert.deepEqual(said([...like.slice(1), ['blocks.0.attn.qkv.weight', summary(1000)]]), []);
  for (const plain of ['head.bias', 'norm.weight', 'blocks.0.ls1.gamma', 'something'])
    assert.deepEqual(said([[plain, summary(0, { least: 0, most: 0 })]]), [], plain);
  for (const other of ['patch_embed.proj.weight', 'cls_token', 'pos_embed', 'blocks.0.attn.proj.weight', 'blocks.0.mlp.fc1.weight', 'head.weight'])
    assert.equal(said([[other, summary(0, { least: 0, most: 0 })]]).length, 1, other);
}); // prettier-ignore
