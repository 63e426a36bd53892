/** The tensors of an architecture by name and shape, listed by hand, and what is counted from them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Architecture, Block } from '../../extension/architecture/description';
import { gridOf, grids } from '../../extension/architecture/grid';
import { plainArchitecture, plainBlock } from '../../extension/architecture/plain';
import { canonicalTensors, coveredPrefix, featureLength, positionRows, prefixCount, prefixNames } from '../../extension/architecture/tensors'; // prettier-ignore
import { multiplications } from '../../extension/architecture/work';
import { modelTokens } from '../../extension/engine/loaded';
import { exportedBytes, passBytes } from '../../extension/onnx/size';

const LAYER = { kind: 'layer', eps: 1e-6 } as const;
const RMS = { kind: 'rms', eps: 1e-6 } as const;
const IDENTITY = { kind: 'identity', eps: 0 } as const;
const none = { class: false, distillation: false, registers: 0 };
const of = (changes: Partial<Architecture> = {}, block: Partial<Block> = {}): Architecture =>
  plainArchitecture({
    image: { channels: 3, height: 10, width: 12 },
    tokenizer: { kind: 'patch', patch: [5, 3], bias: true, norm: null },
    dim: 6,
    depth: 1,
    block: plainBlock(6, 2, 10, 1e-6, block),
    position: { kind: 'none' },
    classes: 0,
    ...{ prefix: none, finalNorm: null },
    ...changes,
  });
const listed = (architecture: Architecture) =>
  canonicalTensors(architecture).map(({ name, shape, optional }) => `${name} ${shape.join('x')}${optional ? '?' : ''}`);
/** Of an architecture, without those that the plain one has too; `-` before what only the plain one has. */
function difference(changes: Partial<Architecture>, block: Partial<Block> = {}): string[] {
  const [all, usual] = [listed(of(changes, block)), listed(of())];
  return [...all.filter((x) => !usual.includes(x)), ...usual.filter((x) => !all.includes(x)).map((x) => `-${x}`)];
}

test('a plain model', () => {
  assert.deepEqual(listed(of()), [
    ...['patch_embed.proj.weight 6x3x5x3', 'patch_embed.proj.bias 6'],
    ...['blocks.0.norm1.weight 6', 'blocks.0.norm1.bias 6', 'blocks.0.attn.qkv.weight 18x6', 'blocks.0.attn.qkv.bias 18'],
    ...['blocks.0.attn.proj.weight 6x6', 'blocks.0.attn.proj.bias 6', 'blocks.0.norm2.weight 6', 'blocks.0.norm2.bias 6'],
    ...['blocks.0.mlp.fc1.weight 10x6', 'blocks.0.mlp.fc1.bias 10', 'blocks.0.mlp.fc2.weight 6x10', 'blocks.0.mlp.fc2.bias 6'],
  ]); // prettier-ignore
});

const grid: [number, number] = [2, 4];
const learned = (covers: 'all' | 'class' | 'patches', eachBlock?: true) =>
  ({ kind: 'learned', covers, grid, resample: 'bicubic', eachBlock }) as Architecture['position'];
const bias = (changes: object) =>
  ({ relativeBias: { tables: 'block', grid: [2, 4], resample: 'bilinear', classEntries: false, network: null, ...changes } }) as Partial<Architecture>; // prettier-ignore
const rotary = (changes: object) =>
  ({ rotary: { frequencies: 'axial', theta: 100, first: 'row', coordinates: 'index', offset: 0, reference: null, pairs: 'halves', prefix: false, ...changes } }) as Partial<Architecture>; // prettier-ignore
const mapPool = (changes: object) =>
  ({ pool: 'map', mapPool: { heads: 2, mlpHidden: 0, activation: 'gelu', eps: 1e-6, ...changes } }) as Partial<Architecture>; // prettier-ignore
const linear = (name: string, rows: number, columns: number) => [`${name}.weight ${rows}x${columns}`, `${name}.bias ${rows}`]; // prettier-ignore
const layer = (name: string, length: number) => [`${name}.weight ${length}`, `${name}.bias ${length}`];

const cases: [what: string, changes: Partial<Architecture>, block: Partial<Block>, differs: string[]][] = [
  ['a patch norm', { tokenizer: { kind: 'patch', patch: [5, 3], bias: false, norm: RMS } }, {}, ['patch_embed.norm.weight 6', '-patch_embed.proj.bias 6']],
  ['prefix tokens', { prefix: { class: true, distillation: true, registers: 4, detection: 5 } }, {}, ['cls_token 1x1x6', 'dist_token 1x1x6', 'reg_token 1x4x6', 'det_token 1x5x6']],
  ['a trained table', { position: learned('all'), prefix: { class: true, distillation: false, registers: 2 } }, {}, ['cls_token 1x1x6', 'reg_token 1x2x6', 'pos_embed 1x11x6']],
  ['a computed table', { position: { kind: 'sinusoid', covers: 'patches', grid, resample: 'bicubic' } }, {}, ['pos_embed 1x8x6?']],
  ['a table for each block', { position: learned('patches', true), depth: 2 }, {}, ['pos_embed 1x8x6', 'blocks.1.pos_embed 1x8x6', ...listed(of()).filter((x) => x.startsWith('blocks.0')).map((x) => x.replace('0', '1'))]],
  ['norms before and after', { preNorm: LAYER, finalNorm: RMS, fcNorm: LAYER }, {}, [...layer('norm_pre', 6), 'norm.weight 6', ...layer('fc_norm', 6)]],
  ['norms that are none', { preNorm: IDENTITY, finalNorm: IDENTITY }, {}, []],
  ['axial rotary angles', rotary({}), {}, []],
  // one head has 6 / 2 channels of 1.5 pairs: 4 channels here
  ['trained rotary angles', { ...rotary({ frequencies: 'mixed', prefix: true }), prefix: { class: true, distillation: false, registers: 2 } }, { headDim: 4 }, ['cls_token 1x1x6', 'reg_token 1x2x6', 'rope.freqs 2x1x2x2', 'rope.prefix 3x2', 'blocks.0.attn.qkv.weight 24x6', 'blocks.0.attn.qkv.bias 24', 'blocks.0.attn.proj.weight 6x8', '-blocks.0.attn.qkv.weight 18x6', '-blocks.0.attn.qkv.bias 18', '-blocks.0.attn.proj.weight 6x6']],
  ['a bias of each block', bias({}), {}, ['blocks.0.attn.rel_pos.table 21x2']],
  ['a shared bias', bias({ tables: 'shared', classEntries: true }), {}, ['rel_pos.table 24x2']],
  ['both biases', bias({ tables: 'both' }), {}, ['rel_pos.table 21x2', 'blocks.0.attn.rel_pos.table 21x2']],
  ['a bias by a network', bias({ tables: 'shared', network: { hidden: 7, distances: 'cr' } }), {}, [...linear('rel_pos.mlp.fc1', 7, 2), ...linear('rel_pos.mlp.fc2', 2, 7)]],
  ['a bias as Swin makes it', bias({ network: { hidden: 7, distances: 'swin' } }), {}, [...linear('blocks.0.attn.rel_pos.mlp.fc1', 7, 2), 'blocks.0.attn.rel_pos.mlp.fc2.weight 2x7']],
  ['an attention pooling', mapPool({}), {}, ['attn_pool.latent 1x1x6', ...linear('attn_pool.q', 6, 6), ...linear('attn_pool.kv', 12, 6), ...linear('attn_pool.proj', 6, 6)]],
  ['an attention pooling without queries', mapPool({ query: false, kvBias: false, mlpHidden: 9 }), {}, ['attn_pool.latent 1x1x6', 'attn_pool.kv.weight 12x6', ...linear('attn_pool.proj', 6, 6), ...layer('attn_pool.norm', 6), ...linear('attn_pool.mlp.fc1', 9, 6), ...linear('attn_pool.mlp.fc2', 6, 9)]],
  ['a head', { classes: 3 }, {}, linear('head', 3, 6)],
  ['a head without bias', { classes: 1, headBias: false }, {}, ['head.weight 1x6']],
  ['two heads', { classes: 3, pool: 'distilled' }, {}, [...linear('head', 3, 6), ...linear('head_dist', 3, 6)]],
  ['a pooling of two tokens', { classes: 3, pool: 'class-avg' }, {}, linear('head', 3, 12)],
  ['a projection', { classes: 3, pool: 'class-avg', projection: { length: 5, bias: false, activation: null } }, {}, ['projection.weight 5x12', ...linear('head', 3, 5)]],
  ['no biases in the block', {}, { qkvBias: false, projBias: false, mlpBias: false }, ['qkv', 'proj', 'fc1', 'fc2'].map((name, i) => `-blocks.0.${i < 2 ? 'attn' : 'mlp'}.${name}.bias ${[18, 6, 10, 6][i]}`)],
  ['norms in the block', {}, { qkNorm: RMS, attnNorm: LAYER, mlpNorm: LAYER, layerScale: true }, ['blocks.0.attn.q_norm.weight 3', 'blocks.0.attn.k_norm.weight 3', ...layer('blocks.0.attn.norm', 6), 'blocks.0.ls1.gamma 6', ...layer('blocks.0.mlp.norm', 10), 'blocks.0.ls2.gamma 6']],
  ['a gated MLP', {}, { mlp: 'swiglu', mlpNorm: RMS }, ['blocks.0.mlp.norm.weight 5', 'blocks.0.mlp.fc2.weight 6x5', '-blocks.0.mlp.fc2.weight 6x10']],
  ['random features', {}, { performer: { features: 5 } }, ['blocks.0.attn.features 5x6']],
]; // prettier-ignore

for (const [what, changes, block, differs] of cases)
  test(what, () => assert.deepEqual(difference(changes, block), differs));

test('blocks side by side, and blocks with one projection in', () => {
  const names = (block: Partial<Block>) => listed(of({}, block)).filter((x) => x.startsWith('blocks.'));
  const branch = (p: number) => [
    ...[...layer(`blocks.0.attns.${p}.norm`, 6), ...linear(`blocks.0.attns.${p}.attn.qkv`, 18, 6)],
    ...[...linear(`blocks.0.attns.${p}.attn.proj`, 6, 6), `blocks.0.attns.${p}.ls.gamma 6`],
    ...[...layer(`blocks.0.ffns.${p}.norm`, 6), ...linear(`blocks.0.ffns.${p}.mlp.fc1`, 10, 6)],
    ...[...linear(`blocks.0.ffns.${p}.mlp.fc2`, 6, 10), `blocks.0.ffns.${p}.ls.gamma 6`],
  ];
  assert.deepEqual(names({ order: 'parallel', branches: 2, layerScale: true }), [...branch(0), ...branch(1)]);
  const scaling = (changes: Partial<Block>) => names({ order: 'parallel-scaling', ...changes });
  const [first, last] = [layer('blocks.0.in_norm', 6), [...linear('blocks.0.attn_out_proj', 6, 6), ...linear('blocks.0.mlp_out_proj', 6, 10)]]; // prettier-ignore
  assert.deepEqual(scaling({}), [...first, ...linear('blocks.0.in_proj', 28, 6), ...last]);
  assert.deepEqual(scaling({ qkvBias: false, qkNorm: RMS, layerScale: true }), [...first, 'blocks.0.in_proj.weight 28x6', 'blocks.0.mlp_bias 10', 'blocks.0.q_norm.weight 3', 'blocks.0.k_norm.weight 3', ...last, 'blocks.0.ls.gamma 6']); // prettier-ignore
});

/** Two splits: 10 x 12 pixels to 5 x 6 places of 27 values, 8 of them in a token; then to 3 x 3 of 8 * 9. */
const split = { kernel: 3, stride: 2, padding: 1 };
const stage = plainBlock(8, 2, 4, 1e-6, { dimIn: 27, headDim: 5 });
const soft = of({ tokenizer: { kind: 'soft-split', bias: true, splits: [split, split], stages: [stage] } });

test('a soft split: its stage reads unfolded pixels, its projection unfolded tokens', () => {
  const names = listed(soft);
  assert.deepEqual(names.slice(0, 12), [
    ...[...layer('tokenizer.stages.0.norm1', 27), ...linear('tokenizer.stages.0.attn.qkv', 30, 27)],
    ...[...linear('tokenizer.stages.0.attn.proj', 8, 10), ...layer('tokenizer.stages.0.norm2', 8)],
    ...[...linear('tokenizer.stages.0.mlp.fc1', 4, 8), ...linear('tokenizer.stages.0.mlp.fc2', 8, 4)],
  ]);
  assert.deepEqual(names.slice(12, 14), linear('patch_embed.proj', 6, 72));
  const bare = of({ tokenizer: { kind: 'soft-split', bias: false, splits: [split], stages: [] } });
  assert.equal(listed(bare)[0], 'patch_embed.proj.weight 6x27');
  // order post norms what comes out
  const post = of({ tokenizer: { kind: 'soft-split', bias: true, splits: [split, split], stages: [{ ...stage, order: 'post' }] } }); // prettier-ignore
  assert.equal(listed(post)[0], 'tokenizer.stages.0.norm1.weight 8');
});

test('grids, tokens and the names of prefix tokens', () => {
  assert.deepEqual([grids(of()), gridOf(of())], [[[2, 4]], [2, 4]]);
  assert.deepEqual([grids(soft), gridOf(soft)], [[[5, 6], [3, 3]], [3, 3]]); // prettier-ignore
  const cut = of({ image: { channels: 3, height: 14, width: 11 } });
  assert.deepEqual(gridOf(cut), [2, 3], 'pixels beyond the last whole patch are left out');
  assert.deepEqual(gridOf(of({ tokenizer: { kind: 'soft-split', bias: true, splits: [], stages: [] } })), [0, 0]);
  const prefix = { class: true, distillation: true, registers: 2, detection: 1 };
  const full = of({ prefix, position: learned('all') });
  assert.deepEqual(prefixNames(full), ['class', 'distillation', 'register 1', 'register 2', 'detection 1']);
  assert.deepEqual([prefixCount(prefix), prefixCount(none), prefixNames(of())], [5, 0, []]);
  const covered = (covers: 'all' | 'class' | 'patches', changes: object = {}) => {
    const architecture = of({ prefix: { ...prefix, ...changes }, position: learned(covers) });
    return [coveredPrefix(architecture), positionRows(architecture)];
  };
  assert.deepEqual([covered('all'), covered('class'), covered('patches')], [[5, 13], [1, 9], [0, 8]]); // prettier-ignore
  assert.deepEqual(covered('class', { class: false }), [0, 8]);
  assert.deepEqual([coveredPrefix(of({ prefix })), positionRows(of({ prefix }))], [0, 0]);
  assert.deepEqual(modelTokens(full), { numTokens: 13, numPrefix: 5, prefixNames: prefixNames(full), grid: [2, 4], layers: 1, heads: 2, stages: [] }); // prettier-ignore
  assert.deepEqual(modelTokens(soft), { numTokens: 9, numPrefix: 0, prefixNames: [], grid: [3, 3], layers: 1, heads: 2, stages: [{ grid: [5, 6], heads: 2 }] }); // prettier-ignore
});

test('the length of what the head reads', () => {
  const projection = { length: 5, bias: true, activation: null };
  assert.equal(featureLength(of()), 6);
  assert.equal(featureLength(of({ pool: 'class-avg' })), 12);
  assert.equal(featureLength(of({ projection, pool: 'class-avg' })), 5);
  assert.equal(featureLength(of({ projection, pool: 'none' })), 0);
});

/** Of a block: N (3 dimIn w + w D + 2 D H) and N^2 (2 w + 8 h), w = h d. */
test('multiplications by hand', () => {
  const plain = 8 * 45 * 6;
  const block = 8 * (3 * 36 + 36 + 2 * 60) + 64 * (12 + 16);
  assert.equal(multiplications(of()), plain + block);
  assert.equal(multiplications(of({ classes: 7, depth: 3 })), plain + 3 * block + 42);
  const [n, prefix] = [11, { class: true, distillation: false, registers: 2 }];
  assert.equal(multiplications(of({ prefix })), plain + n * 264 + n * n * 28);
  assert.equal(multiplications(of({}, { order: 'parallel', branches: 2 })), plain + 2 * block);
  assert.equal(multiplications(of({}, { performer: { features: 5 } })), plain + 8 * 264 + 8 * 6 * 5 * 4);
  const inStage = 30 * (3 * 27 * 10 + 80 + 2 * 32) + 900 * (20 + 16);
  assert.equal(multiplications(soft), inStage + 9 * 264 + 81 * 28);
  assert.equal(multiplications(of({ tokenizer: { kind: 'soft-split', bias: true, splits: [], stages: [] } })), 0);
});

test('bytes of an export and of its passes by hand', () => {
  const values = (architecture: Architecture) =>
    canonicalTensors(architecture).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  assert.equal(exportedBytes(of()), 4 * (6 * 45 + 6 + 2 * 12 + 18 * 6 + 18 + 36 + 6 + 60 + 10 + 60 + 6));
  assert.equal(exportedBytes(soft), 4 * (values(soft) + (3 * 9) ** 2 + (8 * 9) ** 2));
  const keeps = (attention: boolean, tokens: boolean) => ({ attention, tokens });
  // image, two maps, and a block's tokens: D, Q, K, V and the hidden layer
  const working = 360 + 2 * 2 * 64 + 8 * (6 + 18 + 10);
  assert.equal(passBytes(of(), 1, keeps(false, false)), 4 * working);
  assert.equal(passBytes(of({ depth: 3 }), 2, keeps(true, true)), 8 * (working + 3 * 128 + 4 * 8 * 6));
  // a class token and two registers are tokens, too
  const prefixed = of({ prefix: { class: true, distillation: false, registers: 2 } });
  assert.equal(passBytes(prefixed, 1, keeps(false, false)), 4 * (360 + 2 * 2 * 121 + 11 * 34));
  // the stage's maps of 30 tokens are the largest
  const inSoft = 360 + 2 * 2 * 900 + 9 * 34;
  assert.equal(passBytes(soft, 1, keeps(false, false)), 4 * inSoft);
  assert.equal(passBytes(soft, 1, keeps(true, false)), 4 * (inSoft + 2 * 81 + 2 * 900));
  assert.equal(passBytes(soft, 1, keeps(false, true)), 4 * (inSoft + 2 * 9 * 6));
});
