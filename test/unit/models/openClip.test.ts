/** open_clip's own files: vision towers and the timm models inside them. What is expected is what open_clip 3.3 computed from such files. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ModelDescription } from '../../../extension/architecture/description';
import { bind } from '../../../extension/models/bind';
import { Fields } from '../../../extension/models/config/fields';
import { recognise } from '../../../extension/models/families';
import { withInputSize } from '../../../extension/models/inputSize';
import { asTimmConfig } from '../../../extension/models/families/openClipTrunk';
import { at, described, refused, tensorsOf, type Shapes } from './described';

const tower = (vision: object, rest: object = {}) => ({
  model_cfg: { embed_dim: 20, vision_cfg: { image_size: 24, patch_size: 8, layers: 1, width: 64, ...vision } },
  ...rest,
});

const SHAPES: Shapes = {
  'visual.class_embedding': [64],
  'visual.positional_embedding': [10, 64],
  'visual.proj': [64, 20],
  'visual.conv1.weight': [64, 3, 8, 8],
  'visual.ln_post.weight': [64],
  'visual.ln_post.bias': [64],
  ...Object.fromEntries(
    [
      ['ln_1.weight', [64]],
      ['ln_1.bias', [64]],
      ['attn.in_proj_weight', [192, 64]],
      ['attn.in_proj_bias', [192]],
      ['attn.out_proj.weight', [64, 64]],
      ['attn.out_proj.bias', [64]],
      ['ln_2.weight', [64]],
      ['ln_2.bias', [64]],
      ['mlp.c_fc.weight', [256, 64]],
      ['mlp.c_fc.bias', [256]],
      ['mlp.c_proj.weight', [64, 256]],
      ['mlp.c_proj.bias', [64]],
    ].map(([name, shape]) => [`visual.transformer.resblocks.0.${name as string}`, shape as number[]]),
  ),
  'transformer.resblocks.0.ln_1.weight': [16],
  'ln_final.weight': [16],
  logit_scale: [],
};

describe('vision towers', () => {
  test('the last norm is before the pooling, or after it where the config says so', () => {
    const usual = described(tower({ pool_type: 'avg' }), SHAPES).architecture;
    assert.deepEqual([usual.finalNorm !== null, usual.fcNorm], [true, null]);
    const after = described(tower({ pool_type: 'avg', no_ln_pre: true, final_ln_after_pool: true }), SHAPES);
    assert.deepEqual([after.architecture.finalNorm, after.architecture.fcNorm?.eps], [null, 1e-5]);
    const { family, tensors, outside } = recognise(new Fields('c', tower({})), tensorsOf(SHAPES));
    const bound = bind(after.architecture, family, tensors!, outside);
    assert.equal(bound.tensors['fc_norm.weight'] !== undefined, true);
    assert.deepEqual(bound.findings.filter(({ severity }) => severity === 'error'), []); // prettier-ignore
  });

  test('norm_kwargs and act_kwargs reach every layer', () => {
    const block = (vision: object) => described(tower(vision), SHAPES).architecture.block;
    assert.deepEqual([block({}).norm.eps, block({}).activation], [1e-5, 'gelu']);
    assert.equal(block({ norm_kwargs: { eps: 1e-3 } }).norm.eps, 1e-3);
    assert.equal(block({ act_kwargs: { approximate: 'tanh' } }).activation, 'gelu_tanh');
    refused(() => block({ norm_kwargs: { elementwise_affine: false } }), /elementwise_affine of open_clip/);
    refused(() => block({ act_kwargs: { inplace: true } }), /inplace of open_clip/);
  });

  for (const name of ['qk_norm', 'scaled_cosine_attn', 'scale_heads', 'scale_attn_inner', 'scale_attn', 'scale_fc'])
    test(`${name} is refused`, () => {
      refused(() => described(tower({ [name]: true }), SHAPES), new RegExp(`${name} of open_clip is not supported`));
      assert.equal(described(tower({ [name]: false }), SHAPES).family, 'clip');
    });

  test("a layer of the tower that is not known is an error, not the text tower's", () => {
    const shapes = { ...SHAPES, 'visual.transformer.resblocks.0.mlp.ln.weight': [256] };
    const found = recognise(new Fields('c', tower({})), tensorsOf(shapes));
    const { architecture } = described(tower({}), SHAPES);
    // what thop leaves in every layer
    const counted = { ...SHAPES, 'visual.transformer.resblocks.0.attn.total_ops': [1] };
    const beside = recognise(new Fields('c', tower({})), tensorsOf(counted));
    const quiet = bind(architecture, beside.family, beside.tensors!, beside.outside).findings;
    assert.deepEqual(
      quiet.map(({ severity, code }) => [severity, code]),
      [['warning', 'unread-tensors']],
    );
    const { findings } = bind(architecture, found.family, found.tensors!, found.outside);
    const said = findings.find(({ subject }) => subject?.includes('mlp.ln.weight'));
    assert.equal(said?.severity, 'error');
    // the text tower's own
    const plain = recognise(new Fields('c', tower({})), tensorsOf(SHAPES));
    const errors = bind(architecture, plain.family, plain.tensors!, plain.outside).findings.filter(({ severity }) => severity === 'error'); // prettier-ignore
    assert.deepEqual(errors, []);
  });
});

describe('what is done to a picture', () => {
  const preprocessing = (given: object, size: unknown = 24) =>
    described(tower({ image_size: size }, { preprocess_cfg: given }), size === 24 ? SHAPES : null).preprocessing;

  const CASES: [string, object, unknown, string, unknown][] = [
    ['shortest', {}, 24, 'resize', { kind: 'shorter-side', size: 24 }],
    ['longest', { resize_mode: 'longest' }, 24, 'resize', { kind: 'keep-ratio', height: 24, width: 24, longest: 1 }],
    ['squash', { resize_mode: 'squash' }, 24, 'resize', { kind: 'exact', height: 24, width: 24 }],
    ['oblong', {}, [24, 40], 'resize', { kind: 'keep-ratio', height: 24, width: 40, longest: 0 }],
    ['oblong', { interpolation: 'bilinear' }, [24, 40], 'interpolation', 'bicubic'],
    ['random', { interpolation: 'random' }, 24, 'interpolation', 'bicubic'],
    ['bilinear', { interpolation: 'bilinear' }, 24, 'interpolation', 'bilinear'],
    ['black around it', { resize_mode: 'longest' }, 24, 'crop.fill', [0, 0, 0]],
    ['fill_color', { resize_mode: 'longest', fill_color: 128 }, 24, 'crop.fill', [128, 128, 128]],
    ["OpenAI's mean", {}, 24, 'mean', [0.48145466, 0.4578275, 0.40821073]],
  ];
  for (const [name, given, size, path, expected] of CASES)
    test(`${name}: ${path}`, () => assert.deepEqual(at(preprocessing(given, size), path), expected));

  test('at another, oblong size it is as bicubic as at its own', () => {
    const { architecture, preprocessing: own } = described(tower({}), SHAPES);
    const model = { path: 'm', weights: { kind: 'seed', seed: 0 }, architecture, preprocessing: own };
    const { preprocessing: other } = withInputSize(model as unknown as ModelDescription, 24, 48);
    assert.deepEqual([other.interpolation, other.crop?.height, other.crop?.width], ['bicubic', 24, 48]);
  });

  test('an unknown resize_mode is refused', () =>
    refused(() => preprocessing({ resize_mode: 'other' }), /"preprocess_cfg.resize_mode" should be one of/));
});

describe('a timm model inside', () => {
  const trunk = (vision: object, given: object = {}) =>
    asTimmConfig(
      new Fields('open_clip_config.json', {
        model_cfg: { embed_dim: 20, vision_cfg: { image_size: 224, timm_model_name: 'vit_base_patch16_224', timm_pool: 'token', ...vision } },
        preprocess_cfg: given,
      }),
    ); // prettier-ignore
  const shapes: Shapes = { 'patch_embed.proj.weight': [192, 3, 16, 16], 'pos_embed': [1, 197, 192], 'cls_token': [1, 1, 192], 'head.weight': [20, 192], 'head.bias': [20], 'norm.weight': [192], 'norm.bias': [192] }; // prettier-ignore
  const described_ = (config: Fields) => described(config.only(config.names()), shapes);

  test('its head is the projection where open_clip has none of its own, and never classes', () => {
    for (const name of ['vit_base_patch16_224', 'eva02_base_patch16_clip_224', 'vit_pe_core_base_patch16_224']) {
      const made = described_(trunk({ timm_model_name: name, timm_proj: null })).architecture;
      assert.deepEqual([made.classes, made.projection], [0, { length: 20, bias: true, activation: null }], name);
      for (const proj of ['linear', 'mlp', 'none']) {
        const other = described_(trunk({ timm_model_name: name, timm_proj: proj })).architecture;
        assert.deepEqual([other.classes, other.projection], [0, null], `${name} ${proj}`);
      }
    }
  });

  test("the picture is open_clip's, not timm's", () => {
    const { preprocessing } = described_(trunk({}));
    assert.deepEqual(preprocessing.mean, [0.48145466, 0.4578275, 0.40821073]);
    assert.equal(preprocessing.interpolation, 'bicubic');
    const longest = described_(trunk({}, { resize_mode: 'longest', fill_color: 7 })).preprocessing;
    assert.deepEqual(longest.crop?.fill, [7, 7, 7]);
    assert.equal(longest.resize.kind, 'keep-ratio');
  });
});
