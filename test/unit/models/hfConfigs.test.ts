/** Configs of transformers: what each configuration class takes where a field is left out, and what each field changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, codes, described, refused } from './described';

const CLIP = [0.48145466, 0.4578275, 0.40821073];
const IMAGENET = [0.485, 0.456, 0.406];
const HALF = [0.5, 0.5, 0.5];

/** Defaults of transformers/models/.../configuration_*.py: width, layers, heads, network, activation, epsilon, picture, patch. */
const VIT = [768, 12, 12, 3072, 'gelu', 1e-12, 224, 16];
const CLIP_VISION = [768, 12, 12, 3072, 'quick_gelu', 1e-5, 224, 32];
const SIGLIP = [768, 12, 12, 3072, 'gelu_tanh', 1e-6, 224, 16];
const AIMV2 = [1024, 24, 8, 2 * 2816, 'silu', 1e-5, 224, 14];
const BLIP = [768, 12, 12, 3072, 'gelu', 1e-5, 384, 16];
const OWLVIT = [768, 12, 12, 3072, 'quick_gelu', 1e-5, 768, 32];
const OWLV2 = [768, 12, 12, 3072, 'quick_gelu', 1e-5, 768, 16];
const MLCD = [1664, 48, 16, 8192, 'gelu', 1e-5, 336, 14];
/** With another value at a place. */
const but = (row: unknown[], place: number, value: unknown) => row.map((own, i) => (i === place ? value : own));
const DEFAULTS: Record<string, [family: string, defaults: unknown[]]> = {
  vit: ['hf-vit', VIT],
  vit_mae: ['hf-vit', VIT],
  vit_msn: ['hf-vit-msn', but(VIT, 5, 1e-6)],
  deit: ['hf-deit', VIT],
  ijepa: ['hf-ijepa', VIT],
  beit: ['hf-beit', VIT],
  'data2vec-vision': ['hf-beit', VIT],
  yolos: ['hf-yolos', but(VIT, 6, [512, 864])],
  dinov2: ['hf-dinov2', but(but(VIT, 5, 1e-6), 7, 14)],
  dinov2_with_registers: ['hf-dinov2-registers', but(VIT, 5, 1e-6)],
  dinov3_vit: ['hf-dinov3', [384, 12, 6, 1536, 'gelu', 1e-5, 224, 16]],
  clip_vision_model: ['hf-clip', CLIP_VISION],
  chinese_clip_vision_model: ['hf-clip', CLIP_VISION],
  altclip_vision_model: ['hf-clip', CLIP_VISION],
  metaclip_2_vision_model: ['hf-clip', CLIP_VISION],
  clipseg_vision_model: ['hf-clip', CLIP_VISION],
  siglip_vision_model: ['hf-siglip', SIGLIP],
  siglip2_vision_model: ['hf-siglip2', but(SIGLIP, 6, 256)],
  mlcd_vision_model: ['hf-mlcd', MLCD],
  mlcd: ['hf-mlcd', MLCD],
  owlvit_vision_model: ['hf-owlvit', OWLVIT],
  owlv2_vision_model: ['hf-owlv2', OWLV2],
  blip_vision_model: ['hf-blip', BLIP],
  aimv2_vision_model: ['hf-aimv2', AIMV2],
};
/** Of two towers, whose vision_config leaves out the same. */
const TOWERS: Record<string, string> = {
  clip: 'clip_vision_model',
  chinese_clip: 'chinese_clip_vision_model',
  altclip: 'altclip_vision_model',
  metaclip_2: 'metaclip_2_vision_model',
  clipseg: 'clipseg_vision_model',
  siglip: 'siglip_vision_model',
  siglip2: 'siglip2_vision_model',
  owlvit: 'owlvit_vision_model',
  owlv2: 'owlv2_vision_model',
  blip: 'blip_vision_model',
  aimv2: 'aimv2_vision_model',
};

const square = (size: unknown) => (Array.isArray(size) ? (size as number[]) : [size, size]);

test('a field that is left out has the default of its configuration class', () => {
  for (const [model_type, [family, defaults]] of Object.entries(DEFAULTS)) {
    const found = described({ model_type });
    const { dim, depth, block, image, tokenizer, classes } = found.architecture;
    assert.equal(found.family, family, model_type);
    assert.ok(tokenizer.kind === 'patch');
    assert.deepEqual(
      [dim, depth, block.heads, block.mlpHidden, block.activation, block.norm.eps, [image.height, image.width], tokenizer.patch],
      [...defaults.slice(0, 6), square(defaults[6]), square(defaults[7])],
      model_type,
    );
    assert.deepEqual([image.channels, classes, tokenizer.norm === null], [3, 0, family !== 'hf-aimv2'], model_type);
    assert.ok(codes(found).includes('assumed-eps'), model_type);
  }
  for (const [model_type, alone] of Object.entries(TOWERS)) {
    const pair = described({ model_type, vision_config: {}, hidden_size: 32, num_attention_heads: 1 });
    assert.deepEqual([pair.family, pair.architecture], [DEFAULTS[alone]?.[0], described({ model_type: alone }).architecture]);
  }
}); // prettier-ignore

test('an epsilon that is left out is said, under the name that its class has for it', () => {
  const said = (config: object) => described(config).findings.find(({ code }) => code === 'assumed-eps');
  assert.equal(said({ model_type: 'vit' })?.message, 'layer_norm_eps is not in the config; 1e-12 is assumed.');
  assert.equal(said({ model_type: 'aimv2' })?.message, 'rms_norm_eps is not in the config; 0.00001 is assumed.');
  assert.equal(said({ model_type: 'vit' })?.severity, 'info');
  assert.equal(said({ model_type: 'vit', layer_norm_eps: 1e-3 }), undefined);
  assert.equal(said({ model_type: 'aimv2_vision_model', rms_norm_eps: 1e-3 }), undefined);
  assert.notEqual(said({ model_type: 'aimv2_vision_model', layer_norm_eps: 1e-3 }), undefined);
});

test('tokens before the patches, positions and pooling of each model', () => {
  /** Tokens before the patches, what the table of positions covers, how it is resampled, what is pooled. */
  const expected: Record<string, [prefix: string, covers: string, resample: string, pool: string]> = {
    vit: ['class', 'all', 'bicubic', 'token'],
    vit_msn: ['class', 'all', 'bicubic', 'token'],
    deit: ['class distillation', 'all', 'bicubic', 'token'],
    ijepa: ['', 'patches', 'bicubic', 'avg'],
    yolos: ['class 100 detection', 'all', 'bicubic', 'token'],
    dinov2: ['class', 'all', 'bicubic', 'token'],
    dinov2_with_registers: ['class 4 registers', 'class', 'bicubic-antialias', 'token'],
    dinov3_vit: ['class', '', '', 'token'],
    clip: ['class', 'all', 'bicubic', 'token'],
    siglip: ['', 'patches', 'bicubic', 'map'],
    siglip2: ['', 'patches', 'bilinear-antialias', 'map'],
    mlcd: ['class', '', '', 'token'],
    owlvit: ['class', 'all', 'bicubic', 'token'],
    owlv2: ['class', 'all', 'bicubic', 'token'],
    blip: ['class', 'all', 'bicubic', 'token'],
    aimv2: ['', 'patches', 'bicubic-antialias', 'map'],
    beit: ['class', '', '', 'avg'],
  };
  for (const [model_type, [prefix, covers, resample, pooled]] of Object.entries(expected)) {
    const { architecture } = described({ model_type });
    const { prefix: own, position, pool } = architecture;
    const words = [
      own.class ? 'class' : '',
      own.distillation ? 'distillation' : '',
      own.registers ? `${own.registers} registers` : '',
      own.detection ? `${own.detection} detection` : '',
    ];
    assert.equal(words.filter(Boolean).join(' '), prefix, model_type);
    const table = position.kind === 'none' ? ['', ''] : [position.covers, position.resample];
    assert.deepEqual([...table, pool], [covers, resample, pooled], model_type);
  }
});

test('norms, biases and heads around the blocks', () => {
  const of = (config: object, path: string) => at(described(config).architecture, path);
  const bias = ['tokenizer.bias', 'block.qkvBias', 'block.projBias', 'block.mlpBias'];
  const biases = (config: object) => bias.map((path) => of(config, path));
  for (const model_type of ['vit', 'dinov2', 'dinov3_vit', 'siglip', 'blip', 'yolos'])
    assert.deepEqual(biases({ model_type }), [true, true, true, true], model_type);
  for (const model_type of ['clip', 'mlcd', 'owlvit', 'owlv2'])
    assert.deepEqual(biases({ model_type }), [false, true, true, true], model_type);
  assert.deepEqual(biases({ model_type: 'aimv2' }), [true, false, false, false]);
  const norms = (model_type: string) => ['preNorm.eps', 'finalNorm.eps', 'fcNorm.eps'].map((path) => of({ model_type }, path));
  assert.deepEqual(norms('vit'), [undefined, 1e-12, undefined]);
  for (const type of ['clip', 'mlcd', 'owlvit']) assert.deepEqual(norms(type), [1e-5, 1e-5, undefined], type);
  assert.deepEqual(norms('blip'), [undefined, 1e-5, 1e-5]);
  assert.deepEqual(norms('beit'), [undefined, undefined, 1e-12]);
  assert.equal(of({ model_type: 'aimv2' }, 'finalNorm.kind'), 'rms');
  assert.equal(of({ model_type: 'aimv2' }, 'tokenizer.norm.kind'), 'rms');
  assert.deepEqual(of({ model_type: 'siglip' }, 'mapPool'), { heads: 12, mlpHidden: 3072, activation: 'gelu_tanh', eps: 1e-6 });
  const pool = of({ model_type: 'aimv2' }, 'mapPool') as object;
  assert.deepEqual(pool, { heads: 8, mlpHidden: 0, activation: 'silu', eps: 1e-5, query: false, kvBias: false });
}); // prettier-ignore

/** A class's own fields, what is written in them, and what is another for it. */
const FIELDS: [type: string, fields: object, path: string, expected: unknown][] = [
  ['vit', { hidden_size: 96 }, 'dim', 96],
  ['vit', { num_hidden_layers: 7 }, 'depth', 7],
  ['vit', { num_attention_heads: 6 }, 'block.heads', 6],
  ['vit', { num_attention_heads: 6 }, 'block.headDim', 128],
  ['vit', { intermediate_size: 100 }, 'block.mlpHidden', 100],
  ['vit', { hidden_act: 'gelu_new' }, 'block.activation', 'gelu_tanh'],
  ['vit', { hidden_act: 'quick_gelu' }, 'block.activation', 'quick_gelu'],
  ['vit', { layer_norm_eps: 1e-3 }, 'finalNorm.eps', 1e-3],
  ['vit', { qkv_bias: false }, 'block.qkvBias', false],
  ['vit', { num_channels: 1 }, 'image.channels', 1],
  ['vit', { image_size: [64, 32] }, 'image', { channels: 3, height: 64, width: 32 }],
  ['vit', { image_size: [64, 32] }, 'position.grid', [4, 2]],
  ['vit', { patch_size: [8, 56] }, 'position.grid', [28, 4]],
  ['vit', { patch_size: 15 }, 'position.grid', [14, 14]],
  ['vit', { architectures: ['ViTForImageClassification'] }, 'classes', 2],
  ['vit', { architectures: ['ViTForImageClassification'], num_labels: 5 }, 'classes', 5],
  ['vit', { architectures: ['ViTForImageClassification'], id2label: { 0: 'a', 1: 'b', 2: 'c' } }, 'classes', 3],
  ['vit', { architectures: ['ViTModel'], id2label: { 0: 'a', 1: 'b', 2: 'c' } }, 'classes', 0],
  ['deit', { architectures: ['DeiTForImageClassification'] }, 'pool', 'token'],
  ['deit', { architectures: ['DeiTForImageClassificationWithTeacher'] }, 'pool', 'distilled'],
  ['deit', { architectures: ['DeiTModelWithTeacher'] }, 'pool', 'token'],
  ['dinov2', { architectures: ['Dinov2ForImageClassification'] }, 'pool', 'class-avg'],
  ['dinov2_with_registers', { architectures: ['Dinov2WithRegistersForImageClassification'] }, 'pool', 'class-avg'],
  ['dinov2_with_registers', { num_register_tokens: 0 }, 'prefix.registers', 0],
  ['dinov2', { mlp_ratio: 2 }, 'block.mlpHidden', 1536],
  ['dinov2', { mlp_ratio: 4 }, 'block.mlp', 'mlp'],
  ['dinov2', { use_swiglu_ffn: true }, 'block.mlp', 'swiglu'],
  ['dinov2', { use_swiglu_ffn: true }, 'block.activation', 'silu'],
  ['dinov2', { use_swiglu_ffn: true }, 'block.mlpHidden', 2 * 2048],
  // Dinov2SwiGLUFFN: (int(400 * 2 / 3) + 7) // 8 * 8 = 272, twice
  ['dinov2', { use_swiglu_ffn: true, hidden_size: 100, num_attention_heads: 4 }, 'block.mlpHidden', 2 * 272],
  ['dinov2', { hidden_act: 'relu' }, 'block.activation', 'relu'],
  ['dinov3_vit', {}, 'block.layerScale', true],
  ['dinov3_vit', { use_gated_mlp: true }, 'block.mlp', 'swiglu'],
  ['dinov3_vit', { use_gated_mlp: true, hidden_act: 'silu' }, 'block.activation', 'silu'],
  ['dinov3_vit', { use_gated_mlp: true }, 'block.mlpHidden', 3072],
  ['dinov3_vit', { query_bias: false }, 'block.qkvBias', false],
  ['dinov3_vit', { proj_bias: false }, 'block.projBias', false],
  ['dinov3_vit', { mlp_bias: false }, 'block.mlpBias', false],
  ['dinov3_vit', { num_register_tokens: 4 }, 'prefix.registers', 4],
  ['dinov3_vit', { rope_theta: 50 }, 'rotary.theta', 50],
  ['dinov3_vit', { rope_parameters: { rope_theta: 60 }, rope_theta: 50 }, 'rotary.theta', 60],
  ['dinov3_vit', { architectures: ['DINOv3ViTForImageClassification'] }, 'pool', 'token'],
  ['beit', { use_mean_pooling: false }, 'pool', 'token'],
  ['beit', { use_mean_pooling: false }, 'finalNorm.eps', 1e-12],
  ['beit', { use_mean_pooling: false }, 'fcNorm', null],
  ['beit', { use_absolute_position_embeddings: true }, 'position.kind', 'learned'],
  ['beit', { layer_scale_init_value: 0 }, 'block.layerScale', false],
  ['beit', {}, 'block.layerScale', true],
  ['beit', {}, 'relativeBias', null],
  ['beit', { use_relative_position_bias: true }, 'relativeBias.tables', 'block'],
  ['beit', { use_shared_relative_position_bias: true }, 'relativeBias.tables', 'shared'],
  ['beit', { use_relative_position_bias: true, use_shared_relative_position_bias: true }, 'relativeBias.tables', 'both'],
  ['beit', { use_relative_position_bias: true, image_size: [32, 64] }, 'relativeBias.grid', [4, 2]],
  ['clip_vision_model', { hidden_act: 'gelu' }, 'block.activation', 'gelu'],
  ['clip_vision_model', { architectures: ['CLIPForImageClassification'] }, 'pool', 'avg'],
  ['clip_vision_model', { architectures: ['CLIPForImageClassification'] }, 'finalNorm', null],
  ['siglip_vision_model', { vision_use_head: false }, 'pool', 'avg'],
  ['siglip_vision_model', { architectures: ['SiglipForImageClassification'] }, 'pool', 'avg'],
  ['siglip2_vision_model', { num_patches: 64 }, 'position.grid', [8, 8]],
  ['siglip2_vision_model', { num_patches: 64, patch_size: 4 }, 'image', { channels: 3, height: 32, width: 32 }],
  ['yolos', { num_detection_tokens: 9 }, 'prefix.detection', 9],
  ['yolos', {}, 'position.eachBlock', true],
  ['yolos', { use_mid_position_embeddings: false }, 'position.eachBlock', false],
  ['aimv2_vision_model', { use_head: false }, 'pool', 'avg'],
  ['aimv2_vision_model', { qkv_bias: true }, 'block.projBias', true],
  ['aimv2_vision_model', { qkv_bias: true }, 'mapPool.kvBias', true],
  ['aimv2_vision_model', { mlp_bias: true }, 'block.mlpBias', true],
  ['aimv2_vision_model', { is_native: true }, 'position.kind', 'sinusoid-2d'],
  ['aimv2_vision_model', { intermediate_size: 64 }, 'block.mlpHidden', 128],
  ['mlcd', {}, 'rotary', { frequencies: 'axial', theta: 10000, first: 'row', coordinates: 'index', offset: 0, reference: null, pairs: 'halves', prefix: true }],
  ['dinov3_vit', {}, 'rotary', { frequencies: 'axial', theta: 100, first: 'row', coordinates: 'centre', offset: 0, reference: null, pairs: 'halves', prefix: false }],
]; // prettier-ignore

test('what is written in a field is what the model has', () => {
  for (const [model_type, fields, path, expected] of FIELDS)
    assert.deepEqual(at(described({ model_type, ...fields }).architecture, path), expected, `${model_type} ${JSON.stringify(fields)} ${path}`); // prettier-ignore
});

test('fields that make no model are refused with their name', () => {
  const of = (fields: object) => () => described({ model_type: 'vit', ...fields });
  refused(of({ num_attention_heads: 7 }), /768-wide tokens cannot be split over 7 heads/, 'config');
  refused(of({ hidden_act: 'softmax' }), /"hidden_act" should be one of .*gelu/, 'config');
  refused(of({ layer_norm_eps: -1 }), /"layer_norm_eps" should be a number from 0 to 1, not -1/, 'config');
  refused(of({ layer_norm_eps: 2 }), /"layer_norm_eps" should be a number from 0 to 1, not 2/, 'config');
  refused(() => described({ model_type: 'videomae' }), /says model_type "videomae"/, 'unsupported');
  refused(() => described({}), /config\.json describes no model family known here/, 'config');
});

test('pictures without a processor: as the published models of the family are fed', () => {
  const exact = (side: number) => ({ kind: 'exact', height: side, width: side });
  const shorter = (size: number) => ({ kind: 'shorter-side', size });
  const published: Record<string, [resize: object, crop: number | null, interpolation: string, mean: number[]]> = {
    vit: [exact(224), null, 'bilinear', HALF],
    vit_msn: [exact(224), null, 'bilinear', HALF],
    ijepa: [exact(224), null, 'bilinear', HALF],
    deit: [exact(256), 224, 'bicubic', IMAGENET],
    beit: [exact(256), 224, 'bicubic', HALF],
    dinov2: [shorter(256), 224, 'bicubic', IMAGENET],
    dinov2_with_registers: [shorter(256), 224, 'bicubic', IMAGENET],
    dinov3_vit: [exact(224), null, 'bilinear', IMAGENET],
    clip: [shorter(224), 224, 'bicubic', CLIP],
    siglip: [exact(224), null, 'bicubic', HALF],
    siglip2: [exact(256), null, 'bicubic', HALF],
    mlcd: [shorter(336), 336, 'bicubic', CLIP],
    owlvit: [exact(768), null, 'bicubic', CLIP],
    blip: [exact(384), null, 'bicubic', CLIP],
    aimv2: [shorter(224), 224, 'bicubic', CLIP],
  };
  for (const [model_type, [resize, crop, interpolation, mean]] of Object.entries(published)) {
    const found = described({ model_type });
    const fed = found.preprocessing;
    assert.deepEqual([fed.resize, fed.crop?.height ?? null, fed.interpolation, fed.mean], [resize, crop, interpolation, mean], model_type); // prettier-ignore
    assert.ok(codes(found).includes('assumed-mean-std'), model_type);
    assert.equal(fed.rescale, 1 / 255);
  }
  // a model of other pictures: in proportion
  assert.deepEqual(described({ model_type: 'deit', image_size: 384 }).preprocessing.resize, exact(439));
  assert.deepEqual(described({ model_type: 'dinov2', image_size: 518, patch_size: 14 }).preprocessing.resize, shorter(592)); // prettier-ignore
});

test('heads that only the tensors tell of', () => {
  const pool = (model_type: string, shapes: Record<string, number[]>, fields: object = {}) => described({ model_type, ...fields }, shapes).architecture.pool;
  const aimv2 = { 'embeddings.patch_embed.weight': [1024, 3, 14, 14] };
  assert.deepEqual([pool('aimv2_vision_model', aimv2), pool('aimv2_vision_model', { ...aimv2, 'head.cls_token': [1, 1, 1024] })], ['avg', 'map']);
  assert.equal(pool('aimv2_vision_model', { ...aimv2, 'head.cls_token': [1, 1, 1024] }, { use_head: false }), 'avg');
  const deit = { 'embeddings.patch_embeddings.projection.weight': [768, 3, 16, 16], 'classifier.weight': [5, 768] };
  assert.deepEqual([pool('deit', deit), pool('deit', { ...deit, 'distillation_classifier.weight': [5, 768] })], ['token', 'distilled']);
  const beit = (fields: Record<string, number[]>) => described({ model_type: 'beit' }, { 'embeddings.patch_embeddings.projection.weight': [768, 3, 16, 16], ...fields }).architecture.fcNorm;
  assert.deepEqual([beit({}), beit({ 'pooler.layernorm.weight': [768] })?.kind], [null, 'layer']);
  const clip = (architectures: string[]) => described({ model_type: 'clip', architectures }, { 'embeddings.patch_embedding.weight': [768, 3, 32, 32], 'visual_projection.weight': [512, 768] }).architecture.projection;
  assert.deepEqual([clip(['CLIPVisionModelWithProjection']), clip(['CLIPModel']), clip([])], [{ length: 512, bias: false, activation: null }, null, null]);
}); // prettier-ignore

test('what a YOLOS processor says of edges is left aside: the size is that of the model', () => {
  const processor = {
    size: { shortest_edge: 512, longest_edge: 1333 },
    image_mean: HALF,
    image_std: HALF,
    do_pad: true,
  };
  const found = described({ model_type: 'yolos', image_size: [32, 48] }, null, processor);
  assert.deepEqual(found.preprocessing.resize, { kind: 'exact', height: 32, width: 48 });
  assert.deepEqual([found.preprocessing.crop, found.preprocessing.mean], [null, HALF]);
  assert.ok(codes(found).includes('detector'));
});
