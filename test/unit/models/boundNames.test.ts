/** How a file's tensors become the architecture's: names of other releases, fused and split tensors, and each way they do not fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Architecture } from '../../../extension/architecture/description';
import { canonicalTensors } from '../../../extension/architecture/tensors';
import { bind, nearest } from '../../../extension/models/bind';
import type { Family, Tensors } from '../../../extension/models/config/family';
import { Fields } from '../../../extension/models/config/fields';
import { recogniseConfig } from '../../../extension/models/families';
import { described } from './described';

const familyOf = (config: object): Family => recogniseConfig(new Fields('c', config as Record<string, unknown>))!;
/** Float32 tensors one after another in a file. */
function stored(shapes: Record<string, number[]>, dtype: Record<string, string> = {}): Tensors {
  let at = 0;
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const begin = at;
      at += shape.reduce((product, side) => product * side, 4);
      return [name, { name, dtype: dtype[name] ?? 'F32', shape, file: '/m', begin, end: at }];
    }),
  );
}

const CONFIG = { architecture: 'vit_of_ours', model_args: { embed_dim: 8, depth: 6, num_heads: 2, img_size: 8, patch_size: 4 }, num_classes: 3 }; // prettier-ignore
const TIMM = familyOf(CONFIG);
const ARCHITECTURE = described(CONFIG).architecture;
const shapesOf = (architecture: Architecture) => Object.fromEntries(canonicalTensors(architecture).map(({ name, shape }) => [name, shape])); // prettier-ignore

/** Findings of a timm model whose tensors were changed; null takes one out. */
function findings(changes: Record<string, number[] | null>, dtype: Record<string, string> = {}, architecture = ARCHITECTURE) {
  const shapes = Object.entries({ ...shapesOf(architecture), ...changes }).filter((entry): entry is [string, number[]] => entry[1] !== null);
  return bind(architecture, TIMM, stored(Object.fromEntries(shapes), dtype)).findings.map(({ severity, code, message, subject }) => ({ severity, code, message, subject }));
} // prettier-ignore
const errors = (changes: Record<string, number[] | null>, dtype: Record<string, string> = {}) => findings(changes, dtype).map(({ code, message }) => [code, message]); // prettier-ignore

test('what does not fit is said once, by the name in the file', () => {
  assert.deepEqual(findings({}), []);
  assert.deepEqual(errors({ 'norm.weight': [9] }), [['shape', 'Tensor norm.weight has shape [9], the architecture needs [8].']]);
  assert.deepEqual(errors({ 'blocks.0.mlp.fc1.weight': [8, 32] }), [['transposed', 'Tensor blocks.0.mlp.fc1.weight is transposed: its shape is [8, 32], the architecture needs [32, 8].']]);
  assert.deepEqual(errors({ 'blocks.0.mlp.fc1.weight': [9, 32] })[0]?.[0], 'shape');
  assert.deepEqual(errors({}, { 'norm.weight': 'F64' }), [['dtype', 'Tensor norm.weight has dtype F64; F32, F16 and BF16 can be run.']]);
  for (const dtype of ['F16', 'BF16']) assert.deepEqual(errors({}, { 'norm.weight': dtype }), []);
  assert.deepEqual(errors({ 'norm.weight': null }), [['missing-tensor', 'Tensor norm.weight [8] is missing.']]);
  assert.deepEqual(errors({ 'norm.weight': null, 'norms.weight': [8] }), [
    ['missing-tensor', 'Tensor norm.weight [8] is missing; the nearest the file has is norms.weight.'],
    ['unexpected-tensor', 'Tensor norms.weight has no place in the architecture.'],
  ]);
  assert.deepEqual(findings({ mask_token: [1, 1, 8] }), [{ severity: 'info', code: 'ignored-tensors', message: '1 tensor of the file have no part in the forward pass: mask_token.', subject: undefined }]);
  assert.deepEqual(findings({ strange: [0, 8] }), []);
  assert.deepEqual(findings({ strange: [1, 8] }).map(({ code, subject }) => [code, subject]), [['unexpected-tensor', 'strange']]);
  const [bias] = findings({}, {}, { ...ARCHITECTURE, headBias: false });
  assert.deepEqual([bias?.severity, bias?.code, bias?.subject], ['warning', 'no-head-bias', 'head.bias']);
  assert.deepEqual(findings({}, {}, { ...ARCHITECTURE, headBias: false, classes: 0 }), []);
}); // prettier-ignore

test('a block of which all is missing is said to be missing, one of which some is not', () => {
  const block = (i: number) => Object.keys(shapesOf(ARCHITECTURE)).filter((name) => name.startsWith(`blocks.${i}.`));
  const without = (names: string[]) => findings(Object.fromEntries(names.map((name) => [name, null]))).map(({ code, subject }) => [code, subject]);
  assert.deepEqual(without(block(2)), [['missing-block', 'blocks.2']]);
  assert.match(findings(Object.fromEntries(block(2).map((name) => [name, null])))[0]?.message ?? '', /^Block 2 of 6 is missing \(12 tensors, blocks\.2\.norm1\.weight and on\)\.$/);
  const five = block(2).filter((name) => /attn|norm1\.weight/.test(name));
  assert.equal(five.length, 5);
  assert.deepEqual(without(five), [['missing-block', 'blocks.2']]);
  const four = five.filter((name) => !/norm1/.test(name));
  assert.deepEqual(without(four), four.map((name) => ['missing-tensor', name]));
  const others = block(2).filter((name) => !/qkv\.weight/.test(name));
  assert.deepEqual(without(others), others.map((name) => ['missing-tensor', name]));
  // beside a block of which all is missing, one that has some is no missing block
  assert.deepEqual(without([...block(1), ...five]), [['missing-block', 'blocks.1'], ...five.map((name) => ['missing-tensor', name])]);
}); // prettier-ignore

test('where nothing fits one sentence says so, and of very many the first are said', () => {
  const strangers = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`strange.${i}`, [1]]));
  const { findings: all } = bind(ARCHITECTURE, TIMM, stored(strangers));
  assert.equal(all.at(-1)?.message, "None of the file's 6 tensors is known to this family: strange.0, strange.1, strange.2 and 3 more.");
  // parts that no forward pass reads are no reason for another sentence then
  const parts = bind(ARCHITECTURE, TIMM, stored({ 'decoder.x': [1], 'fc.weight': [1] })).findings;
  assert.deepEqual(parts.filter(({ code }) => code === 'unread-tensors'), []);
  assert.equal(parts.at(-1)?.message, "None of the file's 2 tensors is known to this family: decoder.x, fc.weight.");
  const many = (count: number) => errors(Object.fromEntries(Array.from({ length: count }, (_, i) => [`strange.${i}`, [1]])));
  assert.equal(many(200).length, 200);
  assert.equal(many(201).length, 201);
  assert.deepEqual(many(201).at(-1), ['unexpected-tensor', '1 further tensor or block have no place either.']);
  assert.deepEqual(many(1234).at(-1), ['unexpected-tensor', '1,034 further tensors or blocks have no place either.']);
}); // prettier-ignore

test('the nearest name is one that may be a slip', () => {
  assert.equal(nearest('norm.weight', ['norms.weight', 'norm.bias']), 'norms.weight');
  assert.equal(nearest('norm.weight', ['form.wait', 'xyz']), 'form.wait');
  assert.equal(nearest('abcd', ['abxy']), 'abxy');
  assert.equal(nearest('abcd', ['axyz']), undefined);
  assert.equal(nearest('abcdef', ['abcxyz', 'abcdxy']), 'abcdxy');
  assert.equal(nearest('abcdef', ['abxyzw']), undefined);
  assert.equal(nearest('a'.repeat(20), ['a'.repeat(12) + 'b'.repeat(8)]), 'a'.repeat(12) + 'b'.repeat(8));
  assert.equal(nearest('a'.repeat(20), ['a'.repeat(11) + 'b'.repeat(9)]), undefined);
  assert.equal(nearest('abcdef', []), undefined);
  assert.equal(nearest('abcdef', [...Array.from({ length: 2000 }, () => 'x'), 'abcdef']), undefined);
}); // prettier-ignore

/** A file of one tensor, under the names of several releases; what of it the canonical one is made of, in bytes. */
function partsOf(config: object, name: string, wanted: number[], shapes: Record<string, number[]>) {
  const family = familyOf(config);
  const architecture = { ...ARCHITECTURE, depth: 1 };
  const tensors = stored({ first: [1], ...shapes });
  const only = canonicalTensors(architecture).find((tensor) => tensor.name === name);
  assert.deepEqual(only?.shape, wanted);
  const source = bind(architecture, family, tensors).tensors[name];
  return source && 'parts' in source ? source.parts.map((part) => ('zeros' in part ? { zeros: part.zeros } : [part.begin, part.end])) : undefined;
} // prettier-ignore

test("Q, K and V of Eva's releases, fused, apart, and with a bias that is masked", () => {
  const eva = { architecture: 'eva02_base_patch14_224' };
  const at = 'blocks.0.attn.';
  const [weight, bias] = [`${at}qkv.weight`, `${at}qkv.bias`];
  const of = (name: string, shapes: Record<string, number[]>) => partsOf(eva, name, name === weight ? [24, 8] : [24], shapes);
  assert.deepEqual(of(weight, { [weight]: [24, 8] }), [[4, 772]]);
  assert.deepEqual(of(weight, { [`${at}q_proj.weight`]: [8, 8], [`${at}k_proj.weight`]: [8, 8], [`${at}v_proj.weight`]: [8, 8] }), [[4, 260], [260, 516], [516, 772]]);
  assert.deepEqual(of(bias, { [bias]: [24] }), [[4, 100]]);
  assert.deepEqual(of(bias, { [`${at}q_bias`]: [8], [`${at}v_bias`]: [8] }), [[4, 36], { zeros: 32 }, [36, 68]]);
  assert.deepEqual(of(bias, { [`${at}q_proj.bias`]: [8], [`${at}k_proj.bias`]: [8], [`${at}v_proj.bias`]: [8] }), [[4, 36], [36, 68], [68, 100]]);
  assert.deepEqual(of(bias, { [`${at}q_proj.bias`]: [8], [`${at}v_proj.bias`]: [8] }), [[4, 36], { zeros: 32 }, [36, 68]]);
  assert.deepEqual(of(bias, { [bias]: [24], [`${bias}_mask`]: [24] }), [[4, 36], { zeros: 32 }, [68, 100]]);
  // not three parts of one size
  assert.equal(of(bias, { [bias]: [25], [`${bias}_mask`]: [24] }), undefined);
  assert.equal(of(weight, { [`${at}q_proj.weight`]: [8, 8], [`${at}k_proj.weight`]: [8, 9], [`${at}v_proj.weight`]: [8, 8] }), undefined);
}); // prettier-ignore

test('names that releases have for one tensor', () => {
  const eva = { architecture: 'eva02_base_patch14_224' };
  const names: [config: object, canonical: string, shape: number[], alternatives: string[][]][] = [
    [eva, 'blocks.0.mlp.fc1.weight', [32, 8], [['blocks.0.mlp.fc1.weight'], ['blocks.0.mlp.w12.weight'], ['blocks.0.mlp.fc1_g.weight', 'blocks.0.mlp.fc1_x.weight'], ['blocks.0.mlp.w1.weight', 'blocks.0.mlp.w2.weight']]],
    [eva, 'blocks.0.mlp.fc2.weight', [8, 32], [['blocks.0.mlp.fc2.weight'], ['blocks.0.mlp.w3.weight']]],
    [CONFIG, 'blocks.0.mlp.fc1.weight', [32, 8], [['blocks.0.mlp.fc1.weight'], ['blocks.0.mlp.w12.weight'], ['blocks.0.mlp.fc1_g.weight', 'blocks.0.mlp.fc1_x.weight']]],
    [CONFIG, 'blocks.0.mlp.fc2.weight', [8, 32], [['blocks.0.mlp.fc2.weight'], ['blocks.0.mlp.w3.weight']]],
    [{ architecture: 'vit_b_16' }, 'head.weight', [3, 8], [['heads.head.weight'], ['heads.0.weight']]],
    [{ architecture: 'vit_b_16' }, 'blocks.0.mlp.fc2.weight', [8, 32], [['encoder.layers.encoder_layer_0.mlp.3.weight'], ['encoder.layers.encoder_layer_0.mlp.linear_2.weight']]],
    [{ model_type: 'dinov3_vit' }, 'head.weight', [3, 8], [['classifier.weight']]],
    [{ model_type: 'dinov3_vit' }, 'blocks.0.mlp.fc1.weight', [32, 8], [['layer.0.mlp.up_proj.weight'], ['layer.0.mlp.gate_proj.weight', 'layer.0.mlp.up_proj.weight']]],
    [{ model_type: 'vit' }, 'head.weight', [3, 8], [['classifier.weight'], ['cls_classifier.weight']]],
    [{ model_type: 'dinov2' }, 'blocks.0.mlp.fc1.weight', [32, 8], [['encoder.layer.0.mlp.fc1.weight'], ['encoder.layer.0.mlp.weights_in.weight'], ['encoder.layer.0.mlp.gate_proj.weight', 'encoder.layer.0.mlp.up_proj.weight']]],
    [{ model_type: 'dinov2' }, 'blocks.0.mlp.fc2.weight', [8, 32], [['encoder.layer.0.mlp.fc2.weight'], ['encoder.layer.0.mlp.weights_out.weight'], ['encoder.layer.0.mlp.down_proj.weight']]],
    [{ model_type: 'clip' }, 'norm.weight', [8], [['post_layernorm.weight']]],
    [{ model_type: 'owlvit' }, 'head.weight', [3, 8], [['classifier.weight']]],
  ]; // prettier-ignore
  for (const [config, canonical, shape, alternatives] of names)
    for (const own of alternatives) {
      const [rows = 0, ...rest] = shape;
      const shapes = Object.fromEntries(own.map((name) => [name, [rows / own.length, ...rest]]));
      const bytes = shape.reduce((product, side) => product * side, 4) / own.length;
      const expected = own.map((_, i) => [4 + i * bytes, 4 + (i + 1) * bytes]);
      assert.deepEqual(partsOf(config, canonical, shape, shapes), expected, own.join());
    }
}); // prettier-ignore
