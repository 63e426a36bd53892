/** torchvision, CLIP as OpenAI and open_clip write it, T2T-ViT and Perception Encoder: fields and what tensors show where there are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, codes, described, refused, type Shapes } from './described';

const changed = (base: Shapes, changes: Record<string, number[] | null>): Shapes =>
  Object.fromEntries(Object.entries({ ...base, ...changes }).filter((entry): entry is [string, number[]] => entry[1] !== null)); // prettier-ignore

const TORCHVISION: Shapes = {
  'conv_proj.weight': [16, 3, 8, 8],
  'encoder.pos_embedding': [1, 17, 16],
  'encoder.layers.encoder_layer_0.mlp.0.weight': [40, 16],
  'encoder.layers.encoder_layer_1.mlp.0.weight': [40, 16],
  'heads.head.weight': [5, 16],
};

test('torchvision: a field is what the model has, and what none says is what the tensors show', () => {
  const alone = described({ architecture: 'vit_h_14' }).architecture;
  const { block } = alone;
  assert.deepEqual([alone.dim, alone.depth, block.heads, block.mlpHidden, block.norm.eps, alone.image.height, alone.classes, alone.projection], [768, 12, 12, 3072, 1e-6, 224, 0, null]);
  assert.deepEqual(alone.position, { kind: 'learned', covers: 'all', grid: [14, 14], resample: 'bicubic' });
  const fields: [fields: object, path: string, expected: unknown][] = [
    [{ hidden_dim: 96, num_heads: 3 }, 'dim', 96],
    [{ num_heads: 6 }, 'block.heads', 6],
    [{ mlp_dim: 100 }, 'block.mlpHidden', 100],
    [{ num_layers: 3 }, 'depth', 3],
    [{ patch_size: 32 }, 'image.height', 448],
    [{ patch_size: 32, image_size: 256 }, 'position.grid', [8, 8]],
    [{ image_size: [32, 48] }, 'position.grid', [2, 3]],
    [{ num_classes: 7 }, 'classes', 7],
    [{ representation_size: 9 }, 'projection', { length: 9, bias: true, activation: 'tanh' }],
  ]; // prettier-ignore
  for (const [given, path, expected] of fields)
    assert.deepEqual(at(described({ architecture: 'vit_b_16', ...given }).architecture, path), expected, JSON.stringify(given));
  const shown: [changes: Record<string, number[] | null>, path: string, expected: unknown][] = [
    [{}, 'image', { channels: 3, height: 32, width: 32 }],
    [{ 'conv_proj.weight': [16, 1, 4, 8] }, 'image', { channels: 1, height: 16, width: 32 }],
    [{}, 'depth', 2],
    [{}, 'block.mlpHidden', 40],
    [{ 'encoder.layers.encoder_layer_0.mlp.0.weight': null, 'encoder.layers.encoder_layer_1.mlp.0.weight': null, 'encoder.layers.encoder_layer_0.mlp.linear_1.weight': [48, 16] }, 'block.mlpHidden', 48],
    [{}, 'classes', 5],
    [{ 'heads.head.weight': null, 'heads.0.weight': [6, 16] }, 'classes', 6],
    [{ 'heads.pre_logits.weight': [9, 16] }, 'projection.length', 9],
  ]; // prettier-ignore
  for (const [changes, path, expected] of shown)
    assert.deepEqual(at(described({}, changed(TORCHVISION, changes)).architecture, path), expected, JSON.stringify(changes));
  assert.ok(codes(described({}, TORCHVISION)).includes('assumed-heads'));
  // the published lengths have the published heads, which needs no word
  for (const [dim, heads] of [[768, 12], [1024, 16], [1280, 16]] as const) {
    const published = described({}, changed(TORCHVISION, { 'conv_proj.weight': [dim, 3, 8, 8] }));
    assert.deepEqual([published.architecture.block.heads, codes(published).includes('assumed-heads')], [heads, false]);
  }
  for (const architecture of ['vit_b_16x', 'my_vit_b_16', 'vit_x_16']) assert.notEqual(described({ architecture, model_args: {} }).family, 'torchvision');
  for (const architecture of ['vit_b_32', 'vit_l_16', 'vit_h_14']) assert.equal(described({ architecture }).family, 'torchvision');
  refused(() => described({ architecture: 'vit_b_16', num_heads: 7 }), /cannot be split over 7 heads/, 'config');
}); // prettier-ignore

/** What CLIP's own file and Perception Encoder's have in common. */
const TOWER: Shapes = {
  'conv1.weight': [128, 3, 8, 8],
  class_embedding: [128],
  positional_embedding: [17, 128],
  'ln_pre.weight': [128],
  'ln_post.weight': [128],
  'transformer.resblocks.0.attn.in_proj_weight': [384, 128],
};

const CLIP: Shapes = {
  ...TOWER,
  'transformer.resblocks.1.attn.in_proj_weight': [384, 128],
  'transformer.resblocks.0.mlp.c_fc.weight': [500, 128],
};

test("CLIP's own file: open_clip's vision_cfg, and OpenAI's file without any", () => {
  const of = (vision: object, model: object = {}, shapes: Shapes | null = CLIP) => described({ model_cfg: { vision_cfg: vision, ...model } }, shapes).architecture;
  const bare = described({}, CLIP);
  assert.deepEqual([bare.family, bare.architecture.block.activation, bare.architecture.block.heads], ['clip', 'quick_gelu', 2]);
  assert.deepEqual(codes(bare), ['assumed-heads', 'assumed-activation']);
  assert.deepEqual(bare.findings.map(({ severity, subject }) => [severity, subject]), [['warning', 'num_heads'], ['warning', 'quick_gelu']]);
  const shown: [changes: Record<string, number[] | null>, path: string, expected: unknown][] = [
    [{}, 'image', { channels: 3, height: 32, width: 32 }],
    [{}, 'depth', 2],
    [{}, 'block.mlpHidden', 500],
    [{}, 'block.norm.eps', 1e-5],
    [{}, 'position', { kind: 'learned', covers: 'all', grid: [4, 4], resample: 'bicubic-antialias' }],
    [{}, 'preNorm.kind', 'layer'],
    [{ 'ln_pre.weight': null }, 'preNorm', null],
    [{}, 'tokenizer.bias', false],
    [{ 'conv1.bias': [128] }, 'tokenizer.bias', true],
    [{}, 'projection', null],
    [{ proj: [128, 64] }, 'projection', { length: 64, bias: false, activation: null }],
    [{}, 'block.layerScale', false],
    [{ 'transformer.resblocks.0.ls_1.gamma': [128] }, 'block.layerScale', true],
    [{}, 'pool', 'token'],
  ]; // prettier-ignore
  for (const [changes, path, expected] of shown)
    assert.deepEqual(at(described({}, changed(CLIP, changes)).architecture, path), expected, JSON.stringify(changes));
  const fields: [vision: object, path: string, expected: unknown][] = [
    [{}, 'block.activation', 'gelu'],
    [{}, 'block.heads', 2],
    [{ head_width: 32 }, 'block.heads', 4],
    [{ head_width: 128 }, 'block.heads', 1],
    [{ layers: 5 }, 'depth', 5],
    [{ patch_size: 16 }, 'image.height', 64],
    [{ image_size: [64, 32] }, 'image', { channels: 3, height: 64, width: 32 }],
    [{ pool_type: 'avg' }, 'pool', 'avg'],
    [{ pool_type: 'tok' }, 'pool', 'token'],
  ]; // prettier-ignore
  for (const [vision, path, expected] of fields) assert.deepEqual(at(of(vision), path), expected, JSON.stringify(vision));
  assert.equal(of({}, { quick_gelu: true }).block.activation, 'quick_gelu');
  const alone = of({ width: 96, head_width: 48 }, {}, null);
  assert.deepEqual([alone.dim, alone.depth, alone.block.heads, alone.block.mlpHidden, alone.image.height, alone.preNorm?.kind], [96, 12, 2, 384, 224, 'layer']);
  assert.deepEqual([of({}, {}, null).dim, of({}, {}, null).tokenizer], [768, { kind: 'patch', patch: [32, 32], bias: false, norm: null }]);
  assert.equal(described({ vision_cfg: {} }, CLIP).architecture.block.activation, 'gelu');
  refused(() => described({}, changed(CLIP, { 'attn_pool.query': [1] })), /attention pooling of CoCa is not supported/, 'unsupported');
  refused(() => of({ pool_type: 'none' }), /pool_type" should be one of tok, avg/, 'config');
}); // prettier-ignore

const T2T: Shapes = {
  'tokens_to_token.attention1.attn.qkv.weight': [3 * 8, 147],
  'tokens_to_token.attention1.attn.proj.weight': [8, 8],
  'tokens_to_token.project.weight': [16, 72],
  pos_embed: [1, 10, 16],
  'blocks.0.mlp.fc1.weight': [40, 16],
  'blocks.1.mlp.fc1.weight': [40, 16],
  'head.weight': [5, 16],
};

test('T2T-ViT: arguments, what tensors show, and the scale that published weights need', () => {
  const alone = described({ architecture: 't2t_vit_t_14' });
  const { dim, depth, block, image, classes, tokenizer } = alone.architecture;
  assert.deepEqual([alone.family, dim, depth, block.heads, block.mlpHidden, block.norm.eps, image, classes], ['t2t', 384, 14, 6, 1152, 1e-5, { channels: 3, height: 224, width: 224 }, 0]);
  assert.equal(block.scale, 384 ** -0.5);
  assert.ok(tokenizer.kind === 'soft-split');
  assert.deepEqual(tokenizer.splits, [{ kernel: 7, stride: 4, padding: 2 }, { kernel: 3, stride: 2, padding: 1 }, { kernel: 3, stride: 2, padding: 1 }]);
  assert.deepEqual(tokenizer.stages.map((stage) => [stage.dimIn, stage.dim, stage.heads, stage.mlpHidden, stage.scale, stage.qkvBias, stage.valueSkip, stage.attnResidual]), [
    [147, 64, 1, 64, 147 ** -0.5, false, true, false],
    [576, 64, 1, 64, 576 ** -0.5, false, true, false],
  ]);
  const args: [args: object, path: string, expected: unknown][] = [
    [{ embed_dim: 96, num_heads: 3 }, 'dim', 96],
    [{ num_heads: 3 }, 'block.heads', 3],
    // the published scale is that of the published heads
    [{ num_heads: 3 }, 'block.scale', 128 ** -0.5],
    [{ qk_scale: 0.5 }, 'block.scale', 0.5],
    [{ depth: 3 }, 'depth', 3],
    [{ mlp_ratio: 2 }, 'block.mlpHidden', 768],
    [{ qkv_bias: true }, 'block.qkvBias', true],
    [{}, 'block.qkvBias', false],
    [{ token_dim: 32 }, 'tokenizer.stages.1.dimIn', 288],
    [{ in_chans: 1 }, 'tokenizer.stages.0.dimIn', 49],
    [{ img_size: [64, 32] }, 'position.grid', [4, 2]],
  ]; // prettier-ignore
  for (const [given, path, expected] of args)
    for (const config of [{ model_args: given }, given])
      assert.deepEqual(at(described({ architecture: 't2t_vit_t_14', ...config }).architecture, path), expected, JSON.stringify(given));
  const shown: [changes: Record<string, number[] | null>, path: string, expected: unknown][] = [
    [{}, 'image', { channels: 3, height: 48, width: 48 }],
    [{}, 'depth', 2],
    [{}, 'block.mlpHidden', 40],
    [{}, 'classes', 5],
    [{}, 'tokenizer.stages.0.dim', 8],
    [{ 'tokens_to_token.attention1.attn.qkv.weight': [24, 49] }, 'image.channels', 1],
    [{ 'blocks.0.attn.qkv.bias': [48] }, 'block.qkvBias', true],
  ]; // prettier-ignore
  for (const [changes, path, expected] of shown)
    assert.deepEqual(at(described({}, changed(T2T, changes)).architecture, path), expected, JSON.stringify(changes));
  const said = (fields: object) => described({ architecture: 't2t_vit_t_14', ...fields }).findings.find(({ code }) => code === 'assumed-qk-scale');
  assert.match(said({})?.message ?? '', /^Q is scaled by 384\^-0\.5 as the published weights need; .* \(64\^-0\.5\)/);
  assert.match(said({ num_heads: 3 })?.message ?? '', /^Q is scaled by one head's width, 128\^-0\.5; .* \(384\^-0\.5,/);
  assert.deepEqual([said({})?.severity, said({})?.subject, said({ qk_scale: 1 })], ['info', 'qk_scale', undefined]);
  for (const [length, heads] of [[256, 4], [448, 7], [512, 8]] as const) {
    const { architecture, findings } = described({ architecture: 't2t_vit_t_14', embed_dim: length });
    assert.deepEqual([architecture.block.heads, architecture.block.scale, findings.some(({ code }) => code === 'assumed-heads')], [heads, length ** -0.5, false]);
  }
  assert.ok(codes(described({ architecture: 't2t_vit_t_14', embed_dim: 128 })).includes('assumed-heads'));
  const performer = described({ architecture: 'T2T_ViT_14' });
  assert.equal(performer.family, 't2t-performer');
  assert.deepEqual([at(performer.architecture, 'tokenizer.stages.0.performer'), at(performer.architecture, 'tokenizer.stages.0.qkvBias')], [{ features: 32 }, true]);
  refused(() => described({ architecture: 't2t_vit_t_14', num_heads: 5 }), /384-wide tokens cannot be split over 5 heads/, 'config');
}); // prettier-ignore

const PE: Shapes = {
  ...TOWER,
  'transformer.resblocks.0.mlp.c_fc.weight': [512, 128],
  'transformer.resblocks.0.mlp.c_proj.weight': [128, 512],
  'attn_pool.probe': [1, 1, 128],
};

test("Perception Encoder's own file: what timm's vit_pe_* are given, read off the tensors", () => {
  const of = (changes: Record<string, number[] | null>, config: object = { architecture: 'PE-Core-T16' }) => described(config, changed(PE, changes)).architecture;
  assert.equal(described({}, PE).family, 'perception-encoder');
  assert.equal(described({}, changed(PE, { 'attn_pool.probe': null, 'ln_post.weight': null })).family, 'perception-encoder');
  const cases: [changes: Record<string, number[] | null>, path: string, expected: unknown][] = [
    [{}, 'rotary', { frequencies: 'axial', theta: 10000, first: 'column', coordinates: 'index', offset: 1, reference: [4, 4], pairs: 'neighbours', prefix: false }],
    [{ class_embedding: null, positional_embedding: [16, 128] }, 'rotary.offset', 0],
    [{ class_embedding: null, positional_embedding: [16, 128] }, 'rotary.reference', [4, 4]],
    [{}, 'block.norm.eps', 1e-5],
    [{}, 'pool', 'map'],
    [{}, 'mapPool.heads', 8],
    [{ 'attn_pool.probe': null }, 'pool', 'avg'],
    [{}, 'finalNorm.kind', 'layer'],
    [{ 'ln_post.weight': null }, 'finalNorm', null],
    [{}, 'fcNorm', null],
    [{}, 'projection', null],
    [{ proj: [128, 64] }, 'projection', { length: 64, bias: false, activation: null }],
    [{}, 'block.heads', 2],
    [{ 'conv1.weight': [1536, 3, 8, 8] }, 'block.heads', 16],
  ]; // prettier-ignore
  for (const [changes, path, expected] of cases) assert.deepEqual(at(of(changes), path), expected, `${JSON.stringify(changes)} ${path}`);
  for (const architecture of ['PE-Core-L14', 'pe-lang-G14', 'PE-Spatial-S16']) assert.equal(described({ architecture }, PE).family, 'perception-encoder');
}); // prettier-ignore
