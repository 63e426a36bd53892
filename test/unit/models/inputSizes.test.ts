/** A model at another size, and at that of a picture: whole patches, and the picture resized and cropped as its library would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Architecture, ModelDescription, PictureInput } from '../../../extension/architecture/description';
import type { Preprocessing } from '../../../extension/image/preprocessing';
import { withInputSize } from '../../../extension/models/inputSize';
import { atPictureSize } from '../../../extension/models/pictureSize';
import { described, refused } from './described';

/** A model that runs at another size. */
type Known = ModelDescription & { architecture: Architecture };

function model(config: object, processor: object | null = null, change: Partial<ModelDescription> = {}): Known {
  const { architecture, preprocessing, family } = described(config, null, processor);
  const tensors = { pos_embed: { dtype: 'F32', shape: [1], parts: [] }, cls_token: { dtype: 'F32', shape: [1], parts: [] } };
  return {
    ...{ id: 'm', name: 'mine', path: '/m', family, labels: null, scores: null, dtypes: ['F32'], bytes: 0, findings: [] },
    ...{ architecture, preprocessing, weights: { kind: 'tensors', tensors } },
    ...change,
  } as Known;
} // prettier-ignore

const VIT = { model_type: 'vit', image_size: 32, patch_size: [8, 4] };
const sides = ({ height, width }: { height: number; width: number }) => [height, width];
const at = (config: object, processor: object | null, height: number, width: number) =>
  withInputSize(model(config, processor), height, width);

test('sides are rounded to whole patches, of which there is one at least', () => {
  const image = (height: number, width: number) => sides(at(VIT, null, height, width).architecture!.image);
  assert.deepEqual(image(60, 62), [64, 64]);
  assert.deepEqual(image(59, 61), [56, 60]);
  assert.deepEqual(image(1, 1), [8, 4]);
  assert.deepEqual(image(40, 32), [40, 32]);
  const trained = model({ ...VIT, image_size: 33 });
  assert.equal(withInputSize(trained, 33, 33), trained);
  assert.notEqual(withInputSize(trained, 33, 32), trained);
  assert.notEqual(withInputSize(trained, 32, 33), trained);
  const t2t = model({ architecture: 't2t_vit_t_14' });
  assert.deepEqual(sides(withInputSize(t2t, 100.4, 99.6).architecture!.image), [100, 100]);
  refused(() => withInputSize(t2t, 0, 0), /^0x0 pixels are too few for mine\.$/, 'config');
  refused(() => withInputSize(model(VIT), 1e6, 1e6), /^mine cannot run at 1000000x1000000 pixels: /, 'config');
  refused(() => withInputSize({ ...model(VIT), weights: { kind: 'onnx', file: '/m.onnx', input: null } }, 8, 8), /^\/m has a fixed input size\.$/, 'unsupported');
}); // prettier-ignore

test('positions that are computed are computed anew where the grid is another, trained ones stay', () => {
  const sinusoid = model({ architecture: 'ViT_Model', img_size: [1, 16, 16], patch_size: 4 });
  const wide = withInputSize(sinusoid, 16, 32);
  assert.deepEqual(wide.architecture?.position.kind === 'sinusoid' && wide.architecture.position.grid, [4, 8]);
  assert.deepEqual(wide.weights.kind === 'tensors' && Object.keys(wide.weights.tensors), ['cls_token']);
  const learned = at(VIT, null, 64, 64);
  assert.deepEqual(learned.architecture?.position.kind === 'learned' && learned.architecture.position.grid, [4, 8]);
  assert.deepEqual(learned.weights.kind === 'tensors' && Object.keys(learned.weights.tensors), ['pos_embed', 'cls_token']);
  const native = withInputSize(model({ model_type: 'aimv2', vision_config: { is_native: true } }), 28, 42);
  assert.deepEqual(native.architecture?.position.kind === 'sinusoid-2d' && native.architecture.position.grid, [2, 3]);
  // of other pixels and as many patches
  const same = model({ architecture: 'ViT_Model', img_size: [1, 16, 16], patch_size: 4 });
  assert.deepEqual(same.weights, withInputSize(same, 17, 16).weights);
}); // prettier-ignore

test("the picture's resize and crop keep the proportion that the trained size had", () => {
  const of = (processor: object, height: number, width: number) => {
    const { resize, crop } = at({ ...VIT, patch_size: 8 }, processor, height, width).preprocessing;
    return [resize, crop && sides(crop)];
  };
  assert.deepEqual(of({ size: 32 }, 64, 48), [{ kind: 'exact', height: 64, width: 48 }, null]);
  assert.deepEqual(of({ size: 36, do_center_crop: true, crop_size: 32 }, 64, 48), [{ kind: 'exact', height: 72, width: 54 }, [64, 48]]);
  assert.deepEqual(of({ do_resize: false }, 64, 48), [{ kind: 'exact', height: 64, width: 48 }, null]);
  const crops = { do_center_crop: true, crop_size: 32 };
  assert.deepEqual(of({ size: { shortest_edge: 36 }, ...crops }, 64, 64), [{ kind: 'shorter-side', size: 72 }, [64, 64]]);
  assert.deepEqual(of({ size: { shortest_edge: 36 }, ...crops }, 64, 48), [{ kind: 'keep-ratio', height: 72, width: 54, longest: 0 }, [64, 48]]);
  const tall = (to: [number, number]) => {
    const config = { ...VIT, image_size: [32, 64], patch_size: 8 };
    return at(config, { size: { shortest_edge: 36 }, do_center_crop: true, crop_size: [32, 64] }, ...to).preprocessing.resize;
  };
  // the margin was that over the shorter side
  assert.deepEqual(tall([64, 64]), { kind: 'keep-ratio', height: 72, width: 72, longest: 0 });
}); // prettier-ignore

test("timm's rule for a size is asked again, so that nothing is rounded twice", () => {
  const of = (cfg: object, height: number, width: number): Preprocessing =>
    at({ architecture: 'vit_of_ours', model_args: { img_size: 32, patch_size: 8 }, pretrained_cfg: cfg }, null, height, width).preprocessing;
  assert.deepEqual(of({}, 64, 64).resize, { kind: 'shorter-side', size: 73 });
  assert.deepEqual(of({}, 64, 64).interpolation, 'bicubic');
  assert.deepEqual(of({}, 64, 48).resize, { kind: 'keep-ratio', height: 73, width: 54, longest: 0 });
  assert.deepEqual(of({}, 64, 48).interpolation, 'bilinear');
  assert.deepEqual(sides(of({}, 64, 48).crop!), [64, 48]);
  assert.deepEqual(of({ crop_mode: 'squash' }, 64, 48).resize, { kind: 'exact', height: 73, width: 54 });
  assert.deepEqual(of({ crop_mode: 'squash' }, 64, 48).interpolation, 'bicubic');
  assert.deepEqual(of({ crop_mode: 'border' }, 64, 48).resize, { kind: 'keep-ratio', height: 73, width: 54, longest: 1 });
  assert.deepEqual(of({ crop_mode: 'border' }, 64, 48).interpolation, 'bicubic');
}); // prettier-ignore

test('a graph whose sides are open takes another size, one with a fixed side does not', () => {
  const open: PictureInput = { name: 'x', elementType: 1, channelsLast: false, channels: 3, height: null, width: null, batch: 1 };
  const graph = (input: PictureInput | null, change: Partial<ModelDescription> = {}) =>
    withInputSize(model(VIT, { size: 32 }, { architecture: null, weights: { kind: 'onnx', file: '/m.onnx', input }, ...change }), 64, 48);
  assert.deepEqual(graph(open).preprocessing.resize, { kind: 'exact', height: 64, width: 48 });
  refused(() => graph({ ...open, height: 32 }), /has a fixed input size/, 'unsupported');
  refused(() => graph({ ...open, width: 32 }), /has a fixed input size/, 'unsupported');
  const preprocessing: Preprocessing = { ...model(VIT).preprocessing, resize: { kind: 'none' }, crop: null };
  refused(() => graph(open, { preprocessing }), /^\/m does not say its input size\.$/, 'unsupported');
  const cropped = { ...preprocessing, crop: { height: 32, width: 32, fill: [0, 0, 0] as [number, number, number] } };
  assert.deepEqual(sides(graph(open, { preprocessing: cropped }).preprocessing.crop!), [64, 48]);
  const fixed = model(VIT, null, { weights: { kind: 'onnx', file: '/m.onnx', input: open } });
  assert.equal(atPictureSize(fixed, { width: 64, height: 64 }), fixed);
}); // prettier-ignore

test("at a picture's size: 1024 patches at most, or as many as it was trained with", () => {
  const of = (side: number, width: number, height: number) =>
    sides(atPictureSize(model({ model_type: 'vit', image_size: side, patch_size: 8 }), { width, height }).architecture!.image);
  assert.deepEqual(of(32, 80, 40), [40, 80]);
  assert.deepEqual(of(32, 256, 256), [256, 256]);
  assert.deepEqual(of(32, 512, 512), [256, 256]);
  assert.deepEqual(of(384, 512, 512), [384, 384]);
  assert.deepEqual(of(384, 264, 264), [264, 264]);
  const none = model(VIT, null, { architecture: null });
  assert.equal(atPictureSize(none, { width: 5, height: 5 }), none);
}); // prettier-ignore
