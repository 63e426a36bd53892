/** Arguments of timm's constructors and what stands for them in names and tensors: VisionTransformer, Eva, Beit, RelPos, NaFlexVit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, codes, described, refused, type Shapes } from './described';

/** A model of 32 pixels, patches of 8, two blocks of 16, as timm's VisionTransformer has them. */
const PLAIN: Shapes = {
  cls_token: [1, 1, 16],
  pos_embed: [1, 17, 16],
  'patch_embed.proj.weight': [16, 3, 8, 8],
  'patch_embed.proj.bias': [16],
  'norm.weight': [16],
  'norm.bias': [16],
  'head.weight': [5, 16],
  'head.bias': [5],
  ...Object.fromEntries(
    [0, 1].flatMap((i) => [
      [`blocks.${i}.norm1.weight`, [16]],
      [`blocks.${i}.norm1.bias`, [16]],
      [`blocks.${i}.attn.qkv.weight`, [48, 16]],
      [`blocks.${i}.attn.qkv.bias`, [48]],
      [`blocks.${i}.attn.proj.weight`, [16, 16]],
      [`blocks.${i}.attn.proj.bias`, [16]],
      [`blocks.${i}.mlp.fc1.weight`, [40, 16]],
      [`blocks.${i}.mlp.fc1.bias`, [40]],
      [`blocks.${i}.mlp.fc2.weight`, [16, 40]],
      [`blocks.${i}.mlp.fc2.bias`, [16]],
    ]),
  ),
};
/** With other shapes and names; null takes one out. */
function changed(changes: Record<string, number[] | null>, base = PLAIN): Shapes {
  const all = { ...base, ...changes };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, number[]] => entry[1] !== null));
}
/** In every block. */
const each = (changes: Record<string, number[] | null>) =>
  Object.fromEntries(
    Object.entries(changes).flatMap(([name, shape]) => [0, 1].map((i) => [`blocks.${i}.${name}`, shape])),
  );

const architectureOf = (args: object, shapes: Shapes | null = PLAIN) => described({ model_args: { num_heads: 2, ...args } }, shapes).architecture; // prettier-ignore

test('timm: without tensors an argument that is left out has the default of the constructor', () => {
  const { architecture, family } = described({ model_args: {}, architecture: 'vit_of_ours' });
  assert.equal(family, 'timm');
  const { image, dim, depth, block, prefix, position, pool, finalNorm, fcNorm, tokenizer } = architecture;
  assert.deepEqual(image, { channels: 3, height: 224, width: 224 });
  assert.deepEqual([dim, depth, block.heads, block.mlpHidden, block.activation, block.norm], [768, 12, 12, 3072, 'gelu', { kind: 'layer', eps: 1e-6 }]);
  assert.deepEqual([block.qkvBias, block.projBias, block.mlpBias, block.layerScale, block.qkNorm, block.order, block.branches], [true, true, true, false, null, 'pre', 1]);
  assert.deepEqual(prefix, { class: true, distillation: false, registers: 0 });
  assert.deepEqual(position, { kind: 'learned', covers: 'all', grid: [14, 14], resample: 'bicubic-antialias' });
  assert.deepEqual([pool, finalNorm, fcNorm, architecture.preNorm, architecture.classes, architecture.headBias], ['token', block.norm, null, null, 0, true]);
  assert.deepEqual(tokenizer, { kind: 'patch', patch: [16, 16], bias: true, norm: null });
}); // prettier-ignore

/** Arguments, and what they make of a model without tensors. */
const ARGUMENTS: [args: object, path: string, expected: unknown][] = [
  [{ img_size: [64, 32] }, 'image', { channels: 3, height: 64, width: 32 }],
  [{ in_chans: 1 }, 'image.channels', 1],
  [{ patch_size: [8, 32] }, 'position.grid', [28, 7]],
  // pixels that do not fill a patch are dropped
  [{ img_size: 230 }, 'position.grid', [14, 14]],
  [{ embed_dim: 96 }, 'dim', 96],
  [{ depth: 3 }, 'depth', 3],
  [{ num_heads: 6 }, 'block.headDim', 128],
  [{ num_heads: 6 }, 'block.scale', 128 ** -0.5],
  [{ mlp_ratio: 2 }, 'block.mlpHidden', 1536],
  [{ mlp_ratio: 2.6667 }, 'block.mlpHidden', 2048],
  [{ mlp_ratio: 2, mlp_layer: 'SwiGLU' }, 'block.mlpHidden', 2 * 1536],
  [{ mlp_ratio: 2, mlp_layer: 'SwiGLUPacked' }, 'block.mlpHidden', 1536],
  [{ mlp_layer: 'SwiGLUPacked' }, 'block.mlp', 'swiglu'],
  [{ mlp_layer: 'GluMlp' }, 'block.mlp', 'glu'],
  // Block hands its own GELU on to any gate
  [{ mlp_layer: 'SwiGLUPacked' }, 'block.activation', 'gelu'],
  [{ qkv_bias: false }, 'block.qkvBias', false],
  [{ proj_bias: false }, 'block.projBias', false],
  [{ proj_bias: false }, 'block.mlpBias', false],
  [{ qk_norm: true }, 'block.qkNorm.kind', 'layer'],
  [{ scale_attn_norm: true }, 'block.attnNorm.kind', 'layer'],
  [{ scale_mlp_norm: true }, 'block.mlpNorm.kind', 'layer'],
  [{ init_values: 1e-5 }, 'block.layerScale', true],
  [{ init_values: 0 }, 'block.layerScale', false],
  [{ init_values: 1e-5, block_fn: 'ResPostBlock' }, 'block.layerScale', false],
  [{ class_token: false }, 'prefix.class', false],
  [{ class_token: false }, 'pool', 'avg'],
  [{ class_token: false }, 'fcNorm.kind', 'layer'],
  [{ class_token: false }, 'finalNorm', null],
  [{ pos_embed: '' }, 'position.kind', 'none'],
  [{ pos_embed: 'none' }, 'position.kind', 'none'],
  [{ pos_embed: 'learn' }, 'position.kind', 'learned'],
  [{ no_embed_class: true }, 'position.covers', 'patches'],
  [{ reg_tokens: 4 }, 'prefix.registers', 4],
  [{ pre_norm: true }, 'preNorm.kind', 'layer'],
  [{ pre_norm: true }, 'tokenizer.bias', false],
  [{ final_norm: false }, 'finalNorm', null],
  [{ fc_norm: true }, 'fcNorm.kind', 'layer'],
  [{ fc_norm: true }, 'finalNorm', null],
  [{ fc_norm: true, final_norm: false }, 'fcNorm', null],
  [{ global_pool: 'avg', fc_norm: false }, 'fcNorm', null],
  [{ pool_include_prefix: true }, 'poolIncludesPrefix', true],
  [{ norm_layer: 'rmsnorm' }, 'block.norm.kind', 'rms'],
  [{ norm_layer: 'LayerNorm2d' }, 'block.norm.kind', 'layer'],
  [{ norm_eps: 1e-3 }, 'finalNorm.eps', 1e-3],
  [{ act_layer: 'quick_gelu' }, 'block.activation', 'quick_gelu'],
  [{ attn_layer: 'attn' }, 'pool', 'token'],
  [{ block_fn: 'ResPostBlock' }, 'block.order', 'res-post'],
  [{ block_fn: 'ParallelScalingBlock' }, 'block.order', 'parallel-scaling'],
  [{ block_fn: 'ParallelThingsBlock' }, 'block.branches', 2],
  [{ block_fn: 'ParallelThingsBlock', num_parallel: 3 }, 'block.branches', 3],
  [{ block_fn: 'Block', num_parallel: 3 }, 'block.branches', 1],
  [{ distilled: true }, 'pool', 'distilled'],
  [{ distilled: true }, 'prefix.distillation', true],
  [{ global_pool: 'map' }, 'mapPool', { heads: 12, mlpHidden: 3072, activation: 'gelu', eps: 1e-6 }],
  [{ global_pool: 'map', mlp_ratio: 2 }, 'mapPool.mlpHidden', 1536],
  ...['avg', 'avgmax', 'max'].map((pool): [object, string, unknown] => [{ global_pool: pool }, 'fcNorm.kind', 'layer']),
  ...['token', 'map', ''].map((pool): [object, string, unknown] => [{ global_pool: pool }, 'finalNorm.kind', 'layer']),
]; // prettier-ignore

test('timm: an argument is what the model has, in model_args and beside it', () => {
  for (const [args, path, expected] of ARGUMENTS) {
    const said = `${JSON.stringify(args)} ${path}`;
    assert.deepEqual(at(described({ model_args: args }).architecture, path), expected, said);
    assert.deepEqual(at(described({ architecture: 'vit_of_ours', ...args }).architecture, path), expected, said);
  }
  assert.equal(described({ model_args: {}, num_classes: 7 }).architecture.classes, 7);
  assert.equal(described({ pretrained_cfg: { num_classes: 8 } }).architecture.classes, 8);
  assert.deepEqual(described({ pretrained_cfg: { input_size: [1, 64, 48] } }).architecture.image, { channels: 1, height: 64, width: 48 }); // prettier-ignore
  assert.deepEqual(described({ model_args: {}, input_size: [1, 64, 48] }).architecture.image, { channels: 1, height: 64, width: 48 }); // prettier-ignore
  assert.equal(described({ model_args: { img_size: 32 }, input_size: [1, 64, 48] }).architecture.image.height, 32);
});

test('timm: arguments of another forward pass are refused by their name', () => {
  const of = (args: object) => () => described({ model_args: args });
  refused(of({ attn_layer: 'diff' }), /attention of kind "diff" is not supported/, 'unsupported');
  refused(of({ global_pool: 'prr' }), /pooling "prr" is not supported/, 'unsupported');
  refused(of({ embed_norm_layer: 'rmsnorm' }), /embed_norm_layer is not supported/, 'unsupported');
  refused(of({ num_heads: 5 }), /768-wide tokens cannot be split over 5 heads/, 'config');
  refused(of({ mlp_ratio: -1 }), /"model_args\.mlp_ratio" should be a number from 0 to/, 'config');
  refused(of({ global_pool: 'median' }), /"model_args\.global_pool" should be one of , token, avg, avgmax, max, map/);
  refused(of({ block_fn: 'Other' }), /should be one of Block, ResPostBlock, ParallelThingsBlock, ParallelScalingBlock/);
  refused(of({ mlp_layer: 'ConvMlp' }), /should be one of Mlp, GluMlp, SwiGLUPacked, SwiGLU/);
});

/** Tensors, and what they show of a model. */
const SHOWN: [changes: Record<string, number[] | null>, path: string, expected: unknown][] = [
  [{}, 'image', { channels: 3, height: 32, width: 32 }],
  [{}, 'block.mlpHidden', 40],
  [{}, 'position', { kind: 'learned', covers: 'all', grid: [4, 4], resample: 'bicubic-antialias' }],
  [{}, 'classes', 5],
  [{ 'head.weight': null, 'head.bias': null }, 'classes', 0],
  [{ 'head.bias': null }, 'headBias', false],
  [{ 'head.weight': null, 'head.bias': null }, 'headBias', true],
  [{ 'patch_embed.proj.weight': [16, 1, 8, 8] }, 'image.channels', 1],
  [{ 'patch_embed.proj.weight': [16, 3, 4, 8] }, 'image', { channels: 3, height: 16, width: 32 }],
  [{ cls_token: null, pos_embed: [1, 16, 16] }, 'prefix.class', false],
  [{ cls_token: null, pos_embed: [1, 16, 16] }, 'pool', 'avg'],
  // a table that counts one: the token is missing, and that is said
  [{ cls_token: null }, 'prefix.class', true],
  [{ pos_embed: [1, 16, 16] }, 'position.covers', 'patches'],
  [{ reg_token: [1, 3, 16], pos_embed: [1, 20, 16] }, 'prefix.registers', 3],
  [{ reg_token: [1, 3, 16], pos_embed: [1, 20, 16] }, 'position.grid', [4, 4]],
  [{ reg_token: [1, 3, 16], pos_embed: [1, 16, 16] }, 'position.covers', 'patches'],
  [{ register_tokens: [1, 3, 16] }, 'position.covers', 'class'],
  [{ register_tokens: [1, 3, 16] }, 'prefix.registers', 3],
  [{ dist_token: [1, 1, 16], pos_embed: [1, 18, 16] }, 'pool', 'distilled'],
  [{ dist_token: [1, 1, 16], pos_embed: [1, 18, 16] }, 'position.grid', [4, 4]],
  [{ 'norm.weight': null, 'norm.bias': null, 'fc_norm.weight': [16], 'fc_norm.bias': [16] }, 'pool', 'avg'],
  [{ 'norm.weight': null, 'norm.bias': null, 'fc_norm.weight': [16], 'fc_norm.bias': [16] }, 'fcNorm.kind', 'layer'],
  [{ 'attn_pool.latent': [1, 1, 16], 'attn_pool.mlp.fc1.weight': [24, 16] }, 'mapPool.mlpHidden', 24],
  [{ 'norm_pre.weight': [16] }, 'preNorm.kind', 'layer'],
  [{ 'norm_pre.weight': [16], 'patch_embed.proj.bias': null }, 'tokenizer.bias', false],
  [{ 'norm_pre.weight': [16] }, 'tokenizer.bias', true],
  // without a norm before the blocks a bias is missing, not meant to be
  [{ 'patch_embed.proj.bias': null }, 'tokenizer.bias', true],
  [{ 'patch_embed.norm.weight': [16], 'patch_embed.norm.bias': [16] }, 'tokenizer.norm.kind', 'layer'],
  [{ 'patch_embed.norm.weight': [16] }, 'tokenizer.norm.kind', 'rms'],
  [each({ 'attn.qkv.bias': null }), 'block.qkvBias', false],
  [each({ 'attn.proj.bias': null }), 'block.projBias', false],
  [each({ 'mlp.fc2.bias': null }), 'block.mlpBias', false],
  [each({ 'ls1.gamma': [16], 'ls2.gamma': [16] }), 'block.layerScale', true],
  [each({ 'attn.q_norm.weight': [8], 'attn.k_norm.weight': [8] }), 'block.qkNorm.kind', 'layer'],
  [each({ 'attn.norm.weight': [16] }), 'block.attnNorm.kind', 'layer'],
  [each({ 'mlp.norm.weight': [40] }), 'block.mlpNorm.kind', 'layer'],
  [{ ...each({ 'norm1.bias': null }), 'norm.bias': null }, 'block.norm.kind', 'rms'],
  [each({ 'mlp.fc1.weight': [80, 16] }), 'block.mlp', 'swiglu'],
  [each({ 'mlp.fc1.weight': [80, 16] }), 'block.activation', 'silu'],
  [each({ 'mlp.fc1.weight': [80, 16] }), 'block.mlpHidden', 80],
  [each({ 'mlp.fc1.weight': null, 'mlp.fc2.weight': null, 'mlp.w12.weight': [80, 16], 'mlp.w3.weight': [16, 40] }), 'block.mlpHidden', 80],
  [each({ 'mlp.fc1.weight': null, 'mlp.fc1_g.weight': [40, 16], 'mlp.fc1_x.weight': [40, 16] }), 'block.mlp', 'swiglu'],
  [each({ 'mlp.fc1.weight': null, 'mlp.fc1_g.weight': [40, 16], 'mlp.fc1_x.weight': [40, 16] }), 'block.mlpHidden', 80],
  [each({ 'attns.0.qkv.weight': [48, 16], 'attns.2.qkv.weight': [48, 16] }), 'block.order', 'parallel'],
  [each({ 'attns.0.qkv.weight': [48, 16], 'attns.2.qkv.weight': [48, 16] }), 'block.branches', 3],
  [each({ 'in_proj.weight': [88, 16], 'mlp_out_proj.weight': [16, 40], 'mlp.fc2.weight': null, 'mlp.fc1.weight': null }), 'block.order', 'parallel-scaling'],
  [each({ 'in_proj.weight': [88, 16], 'mlp_out_proj.weight': [16, 40], 'mlp.fc2.weight': null, 'mlp.fc1.weight': null }), 'block.mlpHidden', 40],
]; // prettier-ignore

test('timm: what no argument says is what the tensors show', () => {
  for (const [changes, path, expected] of SHOWN)
    assert.deepEqual(at(architectureOf({}, changed(changes)), path), expected, `${JSON.stringify(changes)} ${path}`);
  // as wide as a norm of queries says
  const normed = changed(each({ 'attn.q_norm.weight': [4] }));
  assert.equal(described({ model_args: {} }, normed).architecture.block.heads, 4);
  assert.ok(codes(described({ model_args: {} }, PLAIN)).includes('assumed-heads'));
  // a ratio of few digits is off by one or two, and then the file is right
  for (const [ratio, hidden] of [[2.4, 40], [2.6, 40], [2.64, 40], [2.7, 43], [2.3, 36]] as const)
    assert.equal(architectureOf({ mlp_ratio: ratio }).block.mlpHidden, hidden, String(ratio));
}); // prettier-ignore

test('timm: a scale that quantisers write beside a tensor does not stand for it', () => {
  const plain = architectureOf({});
  const names = ['reg_token', 'register_tokens', 'dist_token', 'fc_norm.weight', 'attn_pool.latent', 'norm_pre.weight', 'patch_embed.norm.weight', 'head.weight', 'pos_embed', ...['ls1.gamma', 'attn.q_norm.weight', 'attn.norm.weight', 'mlp.norm.weight', 'mlp.fc1.weight', 'mlp.fc2.weight', 'mlp.w12.weight', 'mlp.w3.weight', 'mlp.fc1_g.weight', 'in_proj.weight', 'mlp_out_proj.weight', 'norm1.weight'].map((leaf) => `blocks.0.${leaf}`)];
  // more of them than of what they stand beside
  const beside = (name: string) => Object.fromEntries(['scale', 'zero', 'min', 'max'].map((end) => [`${name}_${end}`, [80, 99]]));
  for (const name of names) assert.deepEqual(architectureOf({}, { ...beside(name), ...PLAIN }), plain, name);
  // nor does a part of another name
  for (const name of ['my.fc_norm.weight', 'my.norm_pre.weight', 'my.patch_embed.norm.weight', 'my.head.weight', 'my.cls_token', 'decoder.reg_token'])
    assert.deepEqual(architectureOf({}, { [name]: [80, 99], ...PLAIN }), plain, name);
  for (const name of ['attn.proj.bias', 'attn.qkv.bias', 'mlp.fc2.bias']) {
    const without = changed(each({ [name]: null }));
    assert.deepEqual(architectureOf({}, { ...without, [`blocks.0.${name}_scale`]: [16] }), architectureOf({}, without), name);
  }
}); // prettier-ignore

test('timm: what is assumed is said once, with its field', () => {
  const findings = (args: object | null, changes: Record<string, number[] | null>) =>
    described(args === null ? {} : { model_args: { num_heads: 2, ...args } }, changed(changes)).findings.map(({ code, severity, subject }) => [code, severity, subject]);
  const style = ['assumed-mean-std', 'warning', 'mean'];
  assert.deepEqual(findings({}, {}), [style]);
  assert.deepEqual(findings({}, each({ 'mlp.fc1.weight': [80, 16] })), [['assumed-mlp', 'warning', 'mlp_layer'], style]);
  assert.deepEqual(findings({ mlp_layer: 'SwiGLUPacked' }, each({ 'mlp.fc1.weight': [80, 16] })), [style]);
  assert.deepEqual(findings(null, { 'norm_pre.weight': [16] }), [['assumed-heads', 'warning', 'num_heads'], ['assumed-eps', 'warning', 'norm_pre.weight'], style]);
  assert.deepEqual(findings({}, { 'norm_pre.weight': [16] }), [style]);
  // 16 rows are 4 x 4, or 3 x 5 and the class token
  assert.deepEqual(findings({}, { pos_embed: [1, 16, 16] }), [['assumed-positions', 'warning', 'pos_embed'], style]);
  assert.deepEqual(findings({ no_embed_class: true }, { pos_embed: [1, 16, 16] }), [style]);
  assert.deepEqual(findings({ img_size: 32 }, { pos_embed: [1, 16, 16] }), [style]);
  // 4 rows are 2 x 2, or 1 x 3; 14 x 14 less one are 195 = 13 x 15
  assert.deepEqual(findings({}, { pos_embed: [1, 4, 16] }), [['assumed-positions', 'warning', 'pos_embed'], style]);
  assert.equal(described({}, changed({ 'norm_pre.weight': [16] })).architecture.block.norm.eps, 1e-5);
  assert.equal(described({}, PLAIN).architecture.block.norm.eps, 1e-6);
}); // prettier-ignore
