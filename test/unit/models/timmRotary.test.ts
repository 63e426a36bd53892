/** timm's Eva, Beit, VisionTransformerRelPos and NaFlexVit, and Perception Encoder's own files: arguments and what stands for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, codes, described, refused, type Shapes } from './described';

const changed = (base: Shapes, changes: Record<string, number[] | null>): Shapes =>
  Object.fromEntries(Object.entries({ ...base, ...changes }).filter((entry): entry is [string, number[]] => entry[1] !== null)); // prettier-ignore

/** 32 pixels in patches of 8, one block of 16, as timm's Eva has it. */
const EVA: Shapes = {
  cls_token: [1, 1, 16],
  pos_embed: [1, 17, 16],
  'patch_embed.proj.weight': [16, 3, 8, 8],
  'patch_embed.proj.bias': [16],
  'blocks.0.attn.q_proj.weight': [16, 16],
  'blocks.0.attn.q_bias': [16],
  'blocks.0.attn.proj.weight': [16, 16],
  'blocks.0.attn.proj.bias': [16],
  'blocks.0.mlp.fc1.weight': [40, 16],
  'blocks.0.mlp.fc2.weight': [16, 40],
  'blocks.0.mlp.fc2.bias': [16],
  'norm.weight': [16],
  'head.weight': [5, 16],
  'head.bias': [5],
};
const NAME = 'eva_giant_patch8_of_ours';
const eva = (args: object, shapes: Shapes | null = EVA) =>
  described({ architecture: NAME, model_args: { num_heads: 2, ...args } }, shapes).architecture;

/** Arguments of timm/models/eva.py, and what they make; the rotary ones only where positions turn at all. */
const ROPE = { use_rot_pos_emb: true };
const ARGUMENTS: [args: object, path: string, expected: unknown][] = [
  [{}, 'rotary', null],
  [ROPE, 'rotary', { frequencies: 'axial', theta: 10000, first: 'row', coordinates: 'index', offset: 0, reference: null, pairs: 'neighbours', prefix: false }],
  [{ ...ROPE, rope_type: 'mixed' }, 'rotary.frequencies', 'mixed'],
  [{ ...ROPE, rope_type: 'mixed', rope_grid_offset: 1, ref_feat_shape: [4, 4] }, 'rotary.offset', 0],
  [{ ...ROPE, rope_type: 'mixed', ref_feat_shape: [4, 4] }, 'rotary.reference', null],
  [{ ...ROPE, rope_type: 'base' }, 'rotary.coordinates', 'index'],
  [{ ...ROPE, rope_type: 'dinov3', rope_rotate_half: true }, 'rotary.coordinates', 'centre'],
  [{ ...ROPE, rope_type: 'dinov3', rope_rotate_half: true, rope_grid_offset: 1 }, 'rotary.offset', 0],
  [{ ...ROPE, rope_grid_offset: 1 }, 'rotary.offset', 1],
  [{ ...ROPE, ref_feat_shape: [4, 6] }, 'rotary.reference', [4, 6]],
  [{ ...ROPE, rope_grid_indexing: 'xy' }, 'rotary.first', 'column'],
  [{ ...ROPE, rope_grid_indexing: 'ij' }, 'rotary.first', 'row'],
  [{ ...ROPE, rope_temperature: 50 }, 'rotary.theta', 50],
  [{ ...ROPE, rope_rotate_half: false }, 'rotary.pairs', 'neighbours'],
  [{ img_size: 64 }, 'image.height', 64],
  [{ global_pool: 'token' }, 'pool', 'token'],
  [{}, 'pool', 'avg'],
  [{ global_pool: 'map' }, 'mapPool', { heads: 2, mlpHidden: 64, activation: 'gelu', eps: 1e-6 }],
  [{ global_pool: 'map', attn_pool_num_heads: 4 }, 'mapPool.heads', 4],
  [{ global_pool: 'map' }, 'poolIncludesPrefix', true],
  [{ global_pool: 'avg' }, 'poolIncludesPrefix', false],
  [{ norm_eps: 1e-3 }, 'block.norm.eps', 1e-3],
  [{ use_post_norm: true }, 'block.order', 'res-post'],
  [{}, 'block.order', 'pre'],
  [{ act_layer: 'quick_gelu' }, 'block.activation', 'quick_gelu'],
  [{ depth: 3 }, 'depth', 3],
  [{ no_embed_class: true }, 'position.covers', 'patches'],
  [{}, 'position', { kind: 'learned', covers: 'all', grid: [4, 4], resample: 'bicubic-antialias' }],
  [{}, 'finalNorm.kind', 'layer'],
  [{}, 'fcNorm', null],
  [{ use_fc_norm: true }, 'fcNorm.kind', 'layer'],
  [{ use_fc_norm: true }, 'finalNorm', null],
  [{ use_fc_norm: false, use_post_transformer_norm: false }, 'finalNorm', null],
]; // prettier-ignore

/** Tensors, and what they show. */
const SHOWN: [changes: Record<string, number[] | null>, path: string, expected: unknown][] = [
  [{ cls_token: null, pos_embed: [1, 16, 16] }, 'prefix.class', false],
  [{ cls_token: null, pos_embed: [1, 16, 16] }, 'position.grid', [4, 4]],
  [{ reg_token: [1, 3, 16], pos_embed: [1, 20, 16] }, 'prefix.registers', 3],
  [{ storage_tokens: [1, 3, 16], pos_embed: [1, 20, 16] }, 'prefix.registers', 3],
  [{ storage_tokens: [1, 3, 16], pos_embed: [1, 20, 16] }, 'position.grid', [4, 4]],
  [{ pos_embed: null }, 'position.kind', 'none'],
  [{ pos_embed: null }, 'image', { channels: 3, height: 224, width: 224 }],
  [{ 'patch_embed.proj.bias': null }, 'tokenizer.bias', false],
  [{ 'norm_pre.weight': [16] }, 'preNorm.kind', 'layer'],
  [{ 'norm.weight': null, 'fc_norm.weight': [16] }, 'fcNorm.kind', 'layer'],
  [{ 'norm.weight': null, 'fc_norm.weight': [16] }, 'finalNorm', null],
  [{ 'norm.weight': null }, 'fcNorm.kind', 'layer'],
  [{ 'head.weight': null }, 'classes', 0],
  [{}, 'classes', 5],
  [{ 'head.bias': null }, 'headBias', false],
  [{}, 'block.qkvBias', true],
  [{ 'blocks.0.attn.q_bias': null }, 'block.qkvBias', false],
  [{ 'blocks.0.attn.q_bias': null, 'blocks.0.attn.q_proj.bias': [16] }, 'block.qkvBias', true],
  [{ 'blocks.0.attn.q_bias': null, 'blocks.0.attn.qkv.bias': [48] }, 'block.qkvBias', true],
  [{ 'blocks.0.attn.proj.bias': null }, 'block.projBias', false],
  [{ 'blocks.0.mlp.fc2.bias': null }, 'block.mlpBias', false],
  [{ 'blocks.0.mlp.fc2.bias': null, 'blocks.0.mlp.w3.bias': [16] }, 'block.mlpBias', true],
  [{}, 'block.layerScale', false],
  [{ 'blocks.0.gamma_1': [16] }, 'block.layerScale', true],
  [{ 'blocks.0.ls1.gamma': [16] }, 'block.layerScale', true],
  [{ 'blocks.0.attn.norm.weight': [16] }, 'block.attnNorm.kind', 'layer'],
  [{ 'blocks.0.attn.inner_attn_ln.weight': [16] }, 'block.attnNorm.kind', 'layer'],
  [{ 'blocks.0.mlp.norm.weight': [16] }, 'block.mlpNorm.kind', 'layer'],
  [{ 'blocks.0.mlp.ffn_ln.weight': [16] }, 'block.mlpNorm.kind', 'layer'],
  [{}, 'block.mlp', 'mlp'],
  [{}, 'block.mlpHidden', 40],
  [{ 'blocks.0.mlp.fc1.weight': [80, 16] }, 'block.mlp', 'swiglu'],
  [{ 'blocks.0.mlp.fc1.weight': [80, 16] }, 'block.activation', 'silu'],
  [{ 'blocks.0.mlp.fc1.weight': null, 'blocks.0.mlp.fc1_g.weight': [40, 16] }, 'block.mlpHidden', 80],
  [{ 'blocks.0.mlp.fc1.weight': null, 'blocks.0.mlp.fc2.weight': null, 'blocks.0.mlp.w12.weight': [80, 16], 'blocks.0.mlp.w3.weight': [16, 40] }, 'block.mlpHidden', 80],
]; // prettier-ignore

test('timm Eva: an argument is what the model has, and what none says is what the tensors show', () => {
  for (const [args, path, expected] of ARGUMENTS) assert.deepEqual(at(eva(args), path), expected, `${JSON.stringify(args)} ${path}`); // prettier-ignore
  for (const [changes, path, expected] of SHOWN)
    assert.deepEqual(at(eva({}, changed(EVA, changes)), path), expected, `${JSON.stringify(changes)} ${path}`);
  assert.deepEqual(at(eva({ global_pool: 'map' }, changed(EVA, { 'attn_pool.mlp.fc1.weight': [24, 16] })), 'mapPool.mlpHidden'), 24); // prettier-ignore
  // without tensors
  const alone = (fields: object) => described({ architecture: NAME, ...fields }).architecture;
  assert.deepEqual([alone({}).dim, alone({}).depth, alone({}).image.channels, alone({ in_chans: 1 }).image.channels, alone({ embed_dim: 96 }).dim], [768, 12, 3, 1, 96]); // prettier-ignore
  assert.deepEqual([alone({ num_classes: 7 }).classes, alone({ global_pool: 'token' }).finalNorm?.kind, alone({}).fcNorm?.kind], [7, 'layer', 'layer']); // prettier-ignore
  refused(() => eva({ num_heads: 5 }), /16-wide tokens cannot be split over 5 heads/, 'config');
  refused(() => eva({ rope_type: 'other', ...ROPE }), /rope_type" should be one of cat, base, mixed, dinov3/, 'config');
});

test('a scale that quantisers write beside a tensor does not stand for it', () => {
  const beside = (changes: Record<string, number[] | null>) =>
    Object.fromEntries(Object.entries(changes).map(([name, shape]) => [shape === null ? name : `${name}_scale`, shape]));
  const plain = eva({});
  const flags = ['storage_tokens', 'reg_token', 'norm_pre.weight', 'blocks.0.gamma_1', 'blocks.0.ls1.gamma', 'blocks.0.attn.norm.weight', 'blocks.0.attn.inner_attn_ln.weight', 'blocks.0.mlp.norm.weight', 'blocks.0.mlp.ffn_ln.weight', 'blocks.0.attn.qkv.bias', 'blocks.0.mlp.w3.bias', 'fc_norm.weight', 'blocks.0.mlp.fc1.weight', 'blocks.0.mlp.fc2.weight', 'head.weight'];
  for (const name of flags) assert.deepEqual(eva({}, changed(EVA, beside({ [name]: [80, 99] }))), plain, name);
  for (const name of ['blocks.0.attn.proj.bias', 'blocks.0.mlp.fc2.bias', 'blocks.0.attn.q_bias', 'norm.weight']) {
    const without = changed(EVA, { [name]: null });
    assert.deepEqual(eva({}, { ...without, [`${name}_scale`]: [16] }), eva({}, without), name);
  }
  const rel = ['blocks.0.attn.q_norm.weight', 'blocks.0.gamma_1', 'blocks.0.mlp.norm.weight', 'fc_norm.weight', 'blocks.0.mlp.fc1.weight', 'blocks.0.mlp.fc2.weight', 'blocks.0.attn.rel_pos.mlp.fc2.weight', 'blocks.0.attn.rel_pos.relative_position_bias_table', 'blocks.0.attn.qkv.bias'];
  for (const name of rel)
    for (const at of [name, `x.${name}`].map((own) => `${own}_scale`))
      assert.deepEqual(described({}, { [at]: [80, 99], ...RELPOS }).architecture, described({}, RELPOS).architecture, at);
}); // prettier-ignore

test('timm Eva: without a name positions turn as in the one published family that has such tensors', () => {
  const of = (changes: Record<string, number[] | null>) => described({}, changed(EVA, changes));
  const said = (changes: Record<string, number[] | null>) =>
    /looks like (an? .*?), so/.exec(of(changes).findings.find(({ code }) => code === 'assumed-rotary')?.message ?? '')?.[1];
  assert.equal(said({ 'rope.freqs': [2, 4] }), 'a RoPE-ViT with mixed frequencies');
  assert.equal(of({ 'rope.freqs': [2, 4] }).architecture.rotary?.frequencies, 'mixed');
  for (const name of ['storage_tokens', 'rope_embed.periods', 'reg_token']) {
    assert.equal(said({ [name]: [1, 4, 16], pos_embed: null }), 'a DINOv3', name);
    const { rotary, pool } = of({ [name]: [1, 4, 16], pos_embed: null }).architecture;
    assert.deepEqual([rotary?.coordinates, rotary?.theta, pool], ['centre', 100, 'token'], name);
  }
  assert.equal(said({ 'blocks.0.mlp.fc1.weight': [80, 16] }), 'an EVA-02');
  for (const gate of ['fc1_g', 'w1']) {
    const gated = { 'blocks.0.mlp.fc1.weight': null, [`blocks.0.mlp.${gate}.weight`]: [40, 16] };
    assert.equal(said(gated), 'an EVA-02', gate);
    assert.equal(of(gated).architecture.pool, 'avg');
    for (const norm of ['norm', 'inner_attn_ln']) {
      assert.equal(said({ ...gated, [`blocks.0.attn.${norm}.weight`]: [16] }), 'an EVA-02 CLIP tower', norm);
      assert.equal(of({ ...gated, [`blocks.0.attn.${norm}.weight`]: [16] }).architecture.pool, 'token');
    }
  }
  // EVA itself has no rotary positions
  assert.equal(said({}), undefined);
  assert.deepEqual([of({}).architecture.rotary, codes(of({})).includes('assumed-heads')], [null, true]);
  refused(() => of({ pos_embed: null }), /nothing in the tensors says how positions turn queries and keys/, 'config');
  refused(() => of({ cls_token: null, reg_token: [1, 4, 16], pos_embed: null }), /nothing in the tensors says/, 'config');
}); // prettier-ignore

const BEIT = changed(EVA, { pos_embed: null, 'blocks.0.attn.q_proj.weight': null, 'blocks.0.attn.qkv.weight': [48, 16], 'blocks.0.attn.relative_position_bias_table': [7 * 7 + 3, 4] }); // prettier-ignore
const RELPOS = changed(EVA, { cls_token: null, pos_embed: null, 'blocks.0.attn.q_proj.weight': null, 'blocks.0.attn.qkv.weight': [48, 16], 'blocks.0.attn.rel_pos.mlp.fc1.weight': [24, 2], 'blocks.0.attn.rel_pos.mlp.fc2.weight': [4, 24] }); // prettier-ignore

test('timm Beit and VisionTransformerRelPos: sizes and heads from the tables of relative positions', () => {
  const beit = described({}, BEIT);
  assert.equal(beit.family, 'timm-beit');
  assert.deepEqual([beit.architecture.block.heads, beit.architecture.image.height, codes(beit).includes('assumed-heads')], [4, 32, false]);
  assert.deepEqual(beit.architecture.relativeBias, { tables: 'block', network: null, grid: [4, 4], classEntries: true, resample: 'geometric' });
  // trained on pictures of another size than it is fed
  assert.deepEqual(described({ model_args: { img_size: 64 }, architecture: 'beit_base' }, BEIT).architecture.relativeBias?.grid, [4, 4]);
  const oblong = changed(BEIT, { 'blocks.0.attn.relative_position_bias_table': [3 * 15 + 3, 4] });
  assert.deepEqual(described({ model_args: { img_size: [16, 64] }, architecture: 'beit_base' }, oblong).architecture.relativeBias?.grid, [2, 8]);
  // 1 x 13 patches have as many rows as 3 x 3
  const flat = changed(BEIT, { 'blocks.0.attn.relative_position_bias_table': [1 * 25 + 3, 4] });
  assert.deepEqual(described({ model_args: { img_size: [8, 104] }, architecture: 'beit_base' }, flat).architecture.relativeBias?.grid, [1, 13]);
  assert.deepEqual(described({ model_args: { img_size: [104, 8] }, architecture: 'beit_base' }, flat).architecture.relativeBias?.grid, [13, 1]);
  assert.deepEqual(described({ architecture: 'beit_base' }, flat).architecture.relativeBias?.grid, [3, 3]);
  // without tensors
  for (const architecture of ['beit_base_patch16_224', 'vit_relpos_base_patch16_224']) {
    const { dim, depth, image, tokenizer, prefix, classes, headBias, finalNorm } = described({ architecture }).architecture;
    assert.deepEqual([dim, depth, image, tokenizer, prefix.class, classes, headBias, finalNorm], [768, 12, { channels: 3, height: 224, width: 224 }, { kind: 'patch', patch: [16, 16], bias: true, norm: null }, false, 0, true, null]);
    assert.equal(described({ architecture, in_chans: 1 }).architecture.image.channels, 1);
  }
  const relpos = described({}, RELPOS);
  assert.deepEqual([relpos.family, relpos.architecture.block.heads, relpos.architecture.image.height], ['timm-relpos', 4, 224]);
  assert.deepEqual(relpos.architecture.relativeBias, { tables: 'block', network: { hidden: 24, distances: 'cr' }, grid: [28, 28], classEntries: false, resample: 'geometric' });
  const of = (fields: object, changes: Record<string, number[] | null>, path: string) => at(described(fields, changed(RELPOS, changes)).architecture, path);
  const table = (rows: number) => ({ 'blocks.0.attn.rel_pos.mlp.fc1.weight': null, 'blocks.0.attn.rel_pos.mlp.fc2.weight': null, 'blocks.0.attn.rel_pos.relative_position_bias_table': [rows, 4] });
  assert.deepEqual(of({}, { cls_token: [1, 1, 16] }, 'relativeBias.classEntries'), false);
  assert.deepEqual(of({}, { ...table(52), cls_token: [1, 1, 16] }, 'relativeBias.classEntries'), true);
  assert.deepEqual(of({}, table(49), 'relativeBias.grid'), [4, 4]);
  assert.deepEqual(of({}, { 'shared_rel_pos.mlp.fc1.weight': [24, 2] }, 'relativeBias.tables'), 'shared');
  assert.deepEqual(of({ architecture: 'vit_relpos_base', model_args: { rel_pos_type: 'mlp-swin' } }, {}, 'relativeBias.network.distances'), 'swin');
  const named = (architecture: string) => described({ architecture }, RELPOS).architecture;
  assert.deepEqual(['vit_relpos_base_patch8_rpn_224', 'vit_relpos_base_patch8_224.rpn_x'].map((name) => named(name).block.order), ['res-post', 'pre']);
  assert.deepEqual(['vit_relpos_base_patch8_cls_224', 'vit_relpos_base_patch8_clsgap_224'].map((name) => named(name).pool), ['token', 'avg']);
  assert.deepEqual(['vit_relpos_base_patch8_64', 'vit_relpos_base_patch8_64.x_96', 'vit_srelpos_base'].map((name) => named(name).image.height), [64, 64, 224]);
  // a block with layer scale is none of those with norms behind
  assert.equal(of({ architecture: 'vit_relpos_base_rpn_224' }, { 'blocks.0.ls1.gamma': [16] }, 'block.order'), 'pre');
  const shown: [path: string, changes: Record<string, number[] | null>, expected: unknown][] = [['block.qkNorm.kind', { 'blocks.0.attn.q_norm.weight': [4] }, 'layer'], ['block.layerScale', { 'blocks.0.gamma_1': [16] }, true], ['block.mlp', { 'blocks.0.mlp.fc1.weight': [80, 16] }, 'swiglu'], ['block.mlpNorm.kind', { 'blocks.0.mlp.norm.weight': [40] }, 'layer'], ['fcNorm.kind', { 'fc_norm.weight': [16] }, 'layer'], ['finalNorm', { 'norm.weight': null }, null], ['tokenizer.bias', { 'patch_embed.proj.bias': null }, false], ['headBias', { 'head.bias': null }, false], ['classes', {}, 5], ['block.norm.eps', {}, 1e-6], ['depth', {}, 1]];
  for (const [path, changes, expected] of shown) assert.deepEqual(of({}, changes, path), expected, path);
  for (const [path, args, expected] of [['pool', { global_pool: 'token' }, 'token'], ['block.heads', { num_heads: 8 }, 8], ['depth', { depth: 2 }, 2], ['block.activation', { act_layer: 'relu' }, 'relu'], ['block.order', { block_fn: 'ResPostRelPosBlock' }, 'res-post'], ['tokenizer.patch', { patch_size: 4 }, [4, 4]]] as const)
    assert.deepEqual(of({ architecture: 'vit_relpos_base', model_args: args }, {}, path), expected, path);
}); // prettier-ignore

const NAFLEX: Shapes = { ...changed(EVA, { 'patch_embed.proj.weight': null, 'patch_embed.proj.bias': null, pos_embed: null, cls_token: null }), 'embeds.proj.weight': [16, 192], 'embeds.pos_embed': [1, 4, 6, 16] }; // prettier-ignore

test('timm NaFlexVit: flat patches, a table of rows and columns, arguments of another forward pass', () => {
  const of = (fields: object, shapes = NAFLEX) => described(fields, shapes).architecture;
  const { tokenizer, image, position, pool } = of({ architecture: 'naflexvit_base_patch8_gap', model_args: { num_heads: 2 } });
  assert.deepEqual([tokenizer.kind === 'patch' && tokenizer.patch, image.channels, pool], [[8, 8], 3, 'avg']);
  assert.deepEqual(position.kind === 'learned' && [position.grid, position.covers], [[4, 6], 'patches']);
  assert.equal(of({ model_args: { num_heads: 2, patch_size: 4 }, architecture: 'naflexvit_x' }).image.channels, 12);
  const heads = (name: string) => described({ architecture: name, model_args: { embed_dim: 48 * 13 } }).architecture;
  assert.deepEqual(['naflexvit_base_patch16', 'naflexvit_so150m2_patch16', 'naflexvit_so400m_patch16'].map((name) => heads(name).block.heads), [12, 13, 16]);
  assert.deepEqual(['naflexvit_base_patch16_siglip', 'naflexvit_base_patch16_map'].map((name) => heads(name).block.activation), ['gelu_tanh', 'gelu']);
  assert.deepEqual(['naflexvit_base_patch16_gap', 'naflexvit_base_patch16_gap.x', 'naflexvit_base_patch16_map', 'naflexvit_base_gaps'].map((name) => heads(name).pool), ['avg', 'avg', 'map', 'map']);
  const known: Record<string, unknown> = { pos_embed: 'learned', pos_embed_ar_preserving: false, pos_embed_interp_mode: 'bicubic', pos_embed_use_grid_sample: false, patchify_channels_last: true, embed_proj_type: 'linear', rope_type: '', attn_type: 'standard', attn_gated: false, dynamic_img_pad: false };
  const other: Record<string, unknown> = { pos_embed: 'factorized', pos_embed_ar_preserving: true, pos_embed_interp_mode: 'bilinear', pos_embed_use_grid_sample: true, patchify_channels_last: false, embed_proj_type: 'conv', rope_type: 'axial', attn_type: 'rope', attn_gated: true, dynamic_img_pad: true };
  const config = (args: object) => ({ architecture: 'naflexvit_base_patch8_gap', model_args: { num_heads: 2, ...args } });
  for (const [name, value] of Object.entries(known)) {
    assert.doesNotThrow(() => of(config({ [name]: value })), name);
    refused(() => of(config({ [name]: other[name] })), new RegExp(`${name} .* of NaFlexVit is not supported; export`), 'unsupported');
  }
  refused(() => of(config({}), { ...NAFLEX, 'embeds.pos_embed_x': [1, 4, 16] }), /pos_embed factorized of NaFlexVit is not supported/, 'unsupported');
  assert.equal(of(config({}), { ...NAFLEX, 'embeds.cls_token': [1, 1, 16] }).prefix.class, true);
}); // prettier-ignore
