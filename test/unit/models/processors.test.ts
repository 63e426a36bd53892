/** How pictures are fed: every class of transformers' image processors with every field it has, timm's pretrained_cfg, open_clip's preprocess_cfg. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, codes, described, refused } from './described';

const CLIP = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] };
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const exact = (side: number) => ({ kind: 'exact', height: side, width: side });
const shorter = (size: number) => ({ kind: 'shorter-side', size });
const fed = (processor: object | null, config: object = { model_type: 'vit' }) => described(config, null, processor);

test('a class of processors does what transformers says of it where its file leaves it out', () => {
  const classes: Record<string, [resize: object, crop: number | null, interpolation: string, statistics: typeof HALF]> = {
    ViTImageProcessor: [exact(224), null, 'bilinear', HALF],
    ViTImageProcessorFast: [exact(224), null, 'bilinear', HALF],
    DeiTImageProcessor: [exact(256), 224, 'bicubic', HALF],
    BeitImageProcessor: [exact(256), 224, 'bicubic', HALF],
    BeitFeatureExtractor: [exact(256), 224, 'bicubic', HALF],
    BeitImageProcessorFast: [exact(224), null, 'bicubic', HALF],
    SiglipImageProcessor: [exact(224), null, 'bicubic', HALF],
    DINOv3ViTImageProcessorFast: [exact(224), null, 'bilinear', IMAGENET],
    BlipImageProcessor: [exact(384), null, 'bicubic', CLIP],
    OwlViTImageProcessor: [exact(768), null, 'bicubic', CLIP],
    BitImageProcessor: [shorter(224), 224, 'bicubic', CLIP],
    CLIPImageProcessor: [shorter(224), 224, 'bicubic', CLIP],
    CLIPFeatureExtractor: [shorter(224), 224, 'bicubic', CLIP],
    ChineseCLIPImageProcessor: [shorter(224), 224, 'bicubic', CLIP],
  };
  for (const [type, [resize, crop, interpolation, { mean, std }]] of Object.entries(classes)) {
    const found = fed({ [type.endsWith('Extractor') ? 'feature_extractor_type' : 'image_processor_type']: type });
    const { preprocessing: p } = found;
    assert.deepEqual([p.resize, p.crop?.height ?? null, p.crop?.width ?? null, p.interpolation, p.mean, p.std], [resize, crop, crop, interpolation, mean, std], type); // prettier-ignore
    assert.deepEqual([p.rescale, p.crop && [p.crop.fill, p.crop.rounding]], [1 / 255, crop === null ? null : [[0, 0, 0], 'floor']]);
    assert.deepEqual(codes(found).filter((code) => code !== 'assumed-eps'), [], type);
  }
  for (const type of ['ConvNextImageProcessor', 'MyViTImageProcessor', 'ViT', 'toStringImageProcessor', 'XImageProcessor']) {
    const unknown = fed({ image_processor_type: type }).findings.find(({ code }) => code === 'processor-class');
    assert.ok(unknown?.message.startsWith(`${type} is no image processor known here`), type);
    assert.deepEqual([unknown?.severity, unknown?.subject], ['warning', 'image_processor_type']);
  }
  assert.ok(fed({ image_processor_type: 'x'.repeat(200) }).findings.some(({ message }) => message.startsWith(`${'x'.repeat(80)} is`)));
  // the newer field goes first
  const both = { image_processor_type: 'BlipImageProcessor', feature_extractor_type: 'ViTFeatureExtractor' };
  assert.deepEqual(fed(both).preprocessing.resize, exact(384));
}); // prettier-ignore

const VIT = { image_processor_type: 'ViTImageProcessor' };
const BIT = { image_processor_type: 'BitImageProcessor' };

/** Fields of preprocessor_config.json, and what they make. */
const FIELDS: [processor: object, path: string, expected: unknown][] = [
  [{ ...VIT, do_resize: false }, 'resize', { kind: 'none' }],
  [{ ...VIT, do_resize: true, size: 32 }, 'resize', exact(32)],
  [{ ...VIT, do_rescale: false }, 'rescale', 1],
  [{ ...VIT, rescale_factor: 0.5 }, 'rescale', 0.5],
  [{ ...VIT, do_normalize: false }, 'mean', [0, 0, 0]],
  [{ ...VIT, do_normalize: false }, 'std', [1, 1, 1]],
  [{ ...VIT, do_normalize: true }, 'mean', HALF.mean],
  [{ ...VIT, image_mean: [0.1, 0.2, 0.3] }, 'mean', [0.1, 0.2, 0.3]],
  [{ ...VIT, image_std: [0.1, 0.2, 0.3] }, 'std', [0.1, 0.2, 0.3]],
  ...['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'].map((name, resample): [object, string, unknown] => [{ ...VIT, resample }, 'interpolation', name]),
  [{ ...VIT, do_center_crop: true }, 'crop.height', 224],
  [{ ...VIT, do_center_crop: true, crop_size: 20 }, 'crop.width', 20],
  [{ ...VIT, crop_size: 20 }, 'crop', null],
  [{ ...BIT, do_center_crop: false }, 'crop', null],
  [{ ...BIT, crop_size: { height: 20, width: 30 } }, 'crop.height', 20],
  [{ ...BIT, crop_size: { height: 20, width: 30 } }, 'crop.width', 30],
  [{ ...BIT, crop_size: { shortest_edge: 20 } }, 'crop.width', 20],
  [{ ...BIT, crop_size: { height: 20 } }, 'crop.height', 224],
  [{ ...BIT, crop_size: [20, 30] }, 'crop.width', 30],
  [{ ...BIT, size: 32 }, 'resize', shorter(32)],
  [{ ...BIT, size: [32, 48] }, 'resize', { kind: 'exact', height: 32, width: 48 }],
  [{ ...BIT, size: { shortest_edge: 32 } }, 'resize', shorter(32)],
  [{ ...BIT, size: { shortest_edge: 32, longest_edge: 2000 } }, 'resize', { ...shorter(32), longest: 2000 }],
  [{ ...BIT, size: { height: 32, width: 48 } }, 'resize', { kind: 'exact', height: 32, width: 48 }],
  [{ ...BIT, size: { height: 32 } }, 'resize', { kind: 'exact', height: 32, width: 224 }],
  [{ image_processor_type: 'SiglipImageProcessor', size: 32 }, 'resize', shorter(32)],
  [{ image_processor_type: 'DeiTImageProcessor', size: 32 }, 'resize', exact(32)],
  // without a class: as the model is fed
  [{ size: 32 }, 'resize', exact(32)],
  [{}, 'resize', exact(224)],
  [{}, 'crop', null],
  [{ do_center_crop: true }, 'crop.height', 224],
]; // prettier-ignore

test('what a processor says is done', () => {
  for (const [processor, path, expected] of FIELDS)
    assert.deepEqual(at(fed(processor).preprocessing, path), expected, `${JSON.stringify(processor)} ${path}`);
  const small = { model_type: 'vit', image_size: [64, 32] };
  assert.deepEqual(fed({}, small).preprocessing.resize, { kind: 'exact', height: 64, width: 32 });
  const { crop } = fed({ do_center_crop: true }, small).preprocessing;
  assert.deepEqual([crop?.height, crop?.width], [64, 32]);
  // a class has a size of its own, whatever the model takes
  assert.deepEqual(fed({ ...BIT }, small).preprocessing.crop?.width, 224);
  const grey = { model_type: 'vit', num_channels: 1 };
  assert.deepEqual(fed({ ...VIT, image_mean: [0.1, 0.2, 0.3], image_std: 0.5 }, grey).preprocessing.mean.map((x) => x.toFixed(6)), ['0.200000']); // prettier-ignore
  const half = fed({ size: { height: 32 } }).findings.find(({ code }) => code === 'processor-size');
  assert.match(half?.message ?? '', /neither height and width nor shortest_edge; pictures are resized to 224x32\./);
  assert.deepEqual([half?.severity, half?.subject], ['warning', 'size']);
  assert.ok(!codes(fed({ size: { height: 32, width: 32 } })).includes('processor-size'));
});

test('fields of a processor that make no picture are refused with their name', () => {
  const of = (fields: object) => () => fed({ ...VIT, ...fields });
  refused(of({ resample: 6 }), /"resample" should be a whole number from 0 to 5, not 6/, 'config');
  refused(of({ resample: -1 }), /"resample" should be a whole number from 0 to 5, not -1/);
  refused(of({ size: 0 }), /"size" should be a whole number from 1 to/);
  refused(of({ size: { shortest_edge: 0 } }), /"size\.shortest_edge" should be a whole number from 1/);
  refused(of({ size: { shortest_edge: 8, longest_edge: 2e9 } }), /"size\.longest_edge" should be a whole number from 1 to 1000000000/);
  refused(of({ image_std: [0, 1, 1] }), /"image_std" should be a list of 1 or 3 numbers from/);
  refused(of({ image_mean: [1, 2] }), /"image_mean" should be a list of 1 or 3 numbers/);
  refused(of({ do_normalize: 'yes' }), /"do_normalize" should be true or false, not "yes"/);
  refused(of({ size: 'big' }), /"size" should be an object, not "big"/);
}); // prettier-ignore

const timm = (pretrained_cfg: object, config: object = {}) =>
  described({ architecture: 'vit_of_ours', pretrained_cfg, ...config });

test("timm's pretrained_cfg: transforms_imagenet_eval", () => {
  const plain = timm({}).preprocessing;
  assert.deepEqual(plain, {
    channels: 3,
    resize: shorter(256),
    interpolation: 'bicubic',
    cropPercent: 0.875,
    crop: { height: 224, width: 224, fill: [0, 0, 0] },
    rescale: 1 / 255,
    ...IMAGENET,
  });
  const cases: [cfg: object, path: string, expected: unknown][] = [
    [{ crop_pct: 1 }, 'resize', shorter(224)],
    [{ crop_pct: 0.9 }, 'resize', shorter(248)],
    [{ crop_pct: 0.9 }, 'cropPercent', 0.9],
    [{ crop_pct: 0.9, crop_mode: 'squash' }, 'resize', exact(248)],
    [{ crop_pct: 0.9, crop_mode: 'border' }, 'resize', { kind: 'keep-ratio', height: 248, width: 248, longest: 1 }],
    [{ crop_mode: 'border' }, 'crop.fill', [124, 116, 104]],
    [{ crop_mode: 'border', mean: [2, 0, -1] }, 'crop.fill', [255, 0, 0]],
    [{ crop_mode: 'border', interpolation: 'bilinear' }, 'interpolation', 'bilinear'],
    [{ crop_mode: 'border' }, 'interpolation', 'bicubic'],
    [{ input_size: [3, 64, 96], crop_pct: 1 }, 'resize', { kind: 'keep-ratio', height: 64, width: 96, longest: 0 }],
    // its own call for sides that differ leaves out the interpolation
    [{ input_size: [3, 64, 96], interpolation: 'bicubic' }, 'interpolation', 'bilinear'],
    [{ input_size: [3, 64, 96], crop_mode: 'squash', interpolation: 'bicubic' }, 'interpolation', 'bicubic'],
    [{ mean: [0.1, 0.2, 0.3] }, 'mean', [0.1, 0.2, 0.3]],
    [{ std: [0.1, 0.2, 0.3] }, 'std', [0.1, 0.2, 0.3]],
    ...['nearest', 'bilinear', 'bicubic', 'box', 'hamming', 'lanczos'].map((name): [object, string, unknown] => [{ interpolation: name }, 'interpolation', name]),
    [{ interpolation: 'random' }, 'interpolation', 'bilinear'],
  ]; // prettier-ignore
  for (const [cfg, path, expected] of cases) assert.deepEqual(at(timm(cfg).preprocessing, path), expected, `${JSON.stringify(cfg)} ${path}`); // prettier-ignore
  // beside pretrained_cfg only where there is none
  assert.equal(described({ model_args: {}, crop_pct: 1 }).preprocessing.cropPercent, 1);
  assert.equal(timm({ mean: HALF.mean }, { crop_pct: 1 }).preprocessing.cropPercent, 0.875);
  refused(() => timm({ crop_pct: 0 }), /"pretrained_cfg\.crop_pct" should be a number from/, 'config');
  refused(
    () => timm({ interpolation: 'area' }),
    /should be one of nearest, bilinear, bicubic, box, hamming, lanczos, random/,
  );
  const said = timm({ mean: HALF.mean }).findings.find(({ code }) => code === 'assumed-mean-std');
  assert.match(said?.message ?? '', /mean 0\.485, 0\.456, 0\.406 and std 0\.229, 0\.224, 0\.225 are assumed/);
  assert.ok(!codes(timm(HALF)).includes('assumed-mean-std'));
});

test("open_clip's own models and what its preprocess_cfg says", () => {
  const of = (preprocess_cfg: object, vision_cfg: object = {}) => described({ model_cfg: { vision_cfg }, preprocess_cfg }).preprocessing;
  assert.deepEqual(of({}), { channels: 3, resize: shorter(224), interpolation: 'bicubic', crop: { height: 224, width: 224, fill: [0, 0, 0] }, rescale: 1 / 255, ...CLIP });
  assert.deepEqual(of({ resize_mode: 'squash' }).resize, exact(224));
  assert.deepEqual(of({ resize_mode: 'shortest' }).resize, shorter(224));
  assert.deepEqual(of({}, { image_size: [32, 64] }).resize, { kind: 'keep-ratio', height: 32, width: 64, longest: 0 });
  assert.deepEqual([of({ interpolation: 'bilinear' }).interpolation, of(HALF).mean], ['bilinear', HALF.mean]);
}); // prettier-ignore

test("torchvision's pictures: 256 to 224, and those of SWAG resized to the crop", () => {
  const of = (config: object) => described({ architecture: 'vit_b_16', ...config });
  assert.deepEqual(of({}).preprocessing, { channels: 3, resize: shorter(256), interpolation: 'bilinear', crop: { height: 224, width: 224, fill: [0, 0, 0] }, rescale: 1 / 255, ...IMAGENET });
  const swag = of({ image_size: 384 }).preprocessing;
  assert.deepEqual([swag.resize, swag.interpolation, swag.crop?.height], [shorter(384), 'bicubic', 384]);
  assert.deepEqual(of({ image_size: 112 }).preprocessing.resize, shorter(128));
  assert.deepEqual(of({ image_size: [112, 224] }).preprocessing.resize, { kind: 'exact', height: 112, width: 224 });
  assert.deepEqual(codes(of({})), []);
}); // prettier-ignore
