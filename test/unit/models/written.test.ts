/** Configs as people and programs write them: labels of every kind, processors with most fields left out. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertRunnable } from '../../../extension/models/runnable';
import type { Preprocessing } from '../../../extension/image/preprocessing';
import { write } from './files';
import { folder, golden, json, open } from './opening';

let serial = 0;
/** A golden model with another config and processor beside its weights. */
async function written(name: string, config: object, processor?: object) {
  const at = `written-${serial++}`;
  write(folder, `${at}/config.json`, JSON.stringify({ ...json(join(golden(name), 'config.json')), ...config }));
  if (processor) write(folder, `${at}/preprocessor_config.json`, JSON.stringify(processor));
  copyFileSync(join(golden(name), 'model.safetensors'), join(folder, at, 'model.safetensors'));
  const model = await open(join(folder, at));
  assertRunnable(model);
  return model;
}

test('class names: numbers, a list, counted from 1, label2id alone, too few, too many', async () => {
  const { architecture } = await open(golden('hf-vit'));
  const classes = architecture?.classes ?? 0;
  const all = Array.from({ length: classes }, (_, i) => `name ${i}`);
  const byIndex = (from: number, names: unknown[]) => Object.fromEntries(names.map((name, i) => [i + from, name]));
  const labels = async (config: object) => {
    const { labels: found, findings } = await written('hf-vit', {
      id2label: undefined,
      label2id: undefined,
      ...config,
    });
    return { found, said: findings.filter(({ code }) => code === 'labels') };
  };
  assert.deepEqual((await labels({ id2label: byIndex(0, all) })).found, all);
  assert.deepEqual((await labels({ id2label: all })).found, all);
  assert.deepEqual((await labels({ id2label: byIndex(0, all.map((_, i) => i * 2)) })).found, all.map((_, i) => String(i * 2))); // prettier-ignore
  const fromOne = await labels({ id2label: byIndex(1, all) });
  assert.deepEqual([fromOne.found, fromOne.said[0]?.severity], [all, 'info']);
  for (const id of [(i: number) => i, String]) {
    const label2id = Object.fromEntries(all.map((name, i) => [name, id(i)]));
    assert.deepEqual((await labels({ label2id })).found, all);
  }
  const few = await labels({ id2label: { 0: 'first', 2: 'third' } });
  assert.deepEqual(few.found?.slice(0, 3), ['first', '', 'third']);
  assert.match(few.said[0]?.message ?? '', new RegExp(`^id2label names 2 of ${classes} classes`));
  // none is of class 0, but these are not all that there are
  assert.deepEqual((await labels({ id2label: { 1: 'second' } })).found?.slice(0, 3), ['', 'second', '']);
  const last = await labels({ id2label: { [classes - 1]: 'last' } });
  assert.deepEqual([last.found?.length, last.found?.at(-1)], [classes, 'last']);
  const many = await labels({ id2label: byIndex(0, [...all, 'one', 'two']) });
  assert.equal(many.found, null);
  assert.match(many.said[0]?.message ?? '', /^id2label names class \d+, but there are/);
});

const HALF = [0.5, 0.5, 0.5];
const CLIP = [0.48145466, 0.4578275, 0.40821073];

test('what a processor leaves out is its class, not its model', async () => {
  const expected: Record<string, Pick<Preprocessing, 'resize' | 'interpolation' | 'mean'> & { crop: number | null }> = {
    ViTImageProcessor: { resize: { kind: 'exact', height: 224, width: 224 }, interpolation: 'bilinear', mean: HALF, crop: null },
    ViTFeatureExtractor: { resize: { kind: 'exact', height: 224, width: 224 }, interpolation: 'bilinear', mean: HALF, crop: null },
    ViTImageProcessorFast: { resize: { kind: 'exact', height: 224, width: 224 }, interpolation: 'bilinear', mean: HALF, crop: null },
    DeiTImageProcessor: { resize: { kind: 'exact', height: 256, width: 256 }, interpolation: 'bicubic', mean: HALF, crop: 224 },
    SiglipImageProcessor: { resize: { kind: 'exact', height: 224, width: 224 }, interpolation: 'bicubic', mean: HALF, crop: null },
    BitImageProcessor: { resize: { kind: 'shorter-side', size: 224 }, interpolation: 'bicubic', mean: CLIP, crop: 224 },
    CLIPImageProcessor: { resize: { kind: 'shorter-side', size: 224 }, interpolation: 'bicubic', mean: CLIP, crop: 224 },
  }; // prettier-ignore
  for (const [type, { crop, ...rest }] of Object.entries(expected)) {
    for (const name of ['hf-vit', 'hf-dinov2']) {
      const key = type.endsWith('Extractor') ? 'feature_extractor_type' : 'image_processor_type';
      const { preprocessing, findings } = await written(name, {}, { [key]: type });
      const { resize, interpolation, mean } = preprocessing;
      assert.deepEqual({ resize, interpolation, mean }, rest, type);
      assert.equal(preprocessing.crop?.height ?? null, crop, type);
      assert.ok(!findings.some(({ code }) => code === 'assumed-mean-std'), type);
    }
  }
});

test('a number for a list, a list for an object', async () => {
  const type = { image_processor_type: 'CLIPImageProcessor' };
  const { preprocessing } = await written('hf-clip', {}, { ...type, size: [40, 48], crop_size: [32, 32], image_mean: 0.5, image_std: 0.25 }); // prettier-ignore
  assert.deepEqual(preprocessing.resize, { kind: 'exact', height: 40, width: 48 });
  assert.deepEqual([preprocessing.crop?.height, preprocessing.crop?.width], [32, 32]);
  assert.deepEqual([preprocessing.mean, preprocessing.std], [HALF, [0.25, 0.25, 0.25]]);
  const timm = json(join(golden('timm-plain'), 'config.json'));
  const cfg = { ...(timm['pretrained_cfg'] as object), mean: 0.1, std: [0.2] };
  const plain = await written('timm-plain', { pretrained_cfg: cfg });
  assert.deepEqual([plain.preprocessing.mean, plain.preprocessing.std], [[0.1, 0.1, 0.1], [0.2, 0.2, 0.2]]); // prettier-ignore
  assert.ok(readFileSync(join(golden('timm-plain'), 'config.json'), 'utf8').includes('pretrained_cfg'));
});

test('problem_type and the number of classes say what the logits are', async () => {
  assert.equal((await written('hf-vit', {})).scores, 'softmax');
  assert.equal((await written('hf-vit', { problem_type: 'multi_label_classification' })).scores, 'sigmoid');
  assert.equal((await written('hf-vit', { problem_type: 'regression' })).scores, 'value');
  assert.equal((await open(golden('hf-vit-features'))).scores, null);
});

test('what an image processor does and is not done here is said', async () => {
  const warned = async (processor: object) => {
    const { findings } = await written('hf-vit', {}, processor);
    return findings.filter(({ severity }) => severity === 'warning').map(({ code, message }) => ({ code, message }));
  };
  const plain = { image_mean: HALF, image_std: HALF };
  assert.deepEqual(await warned({ ...plain, image_processor_type: 'ViTImageProcessor', size: 32 }), []);
  const [unknown] = await warned({
    ...plain,
    image_processor_type: 'ConvNextImageProcessor',
    size: { shortest_edge: 32 },
  });
  assert.equal(unknown?.code, 'processor-class');
  assert.match(unknown.message, /^ConvNextImageProcessor is no image processor known here/);
  const [odd] = await warned({ ...plain, image_processor_type: 'ViTImageProcessor', size: { longest_edge: 32 } });
  assert.equal(odd?.code, 'processor-size');
});

test('a number, and a longest edge, mean what they mean to the class', async () => {
  const resizeOf = async (processor: object) => (await written('hf-vit', {}, processor)).preprocessing.resize;
  const exact = { kind: 'exact', height: 32, width: 32 };
  assert.deepEqual(await resizeOf({ image_processor_type: 'ViTImageProcessor', size: 32 }), exact);
  const shorter = { kind: 'shorter-side', size: 32 };
  assert.deepEqual(await resizeOf({ image_processor_type: 'SiglipImageProcessor', size: 32 }), shorter);
  const size = { shortest_edge: 32, longest_edge: 48 };
  assert.deepEqual(await resizeOf({ image_processor_type: 'CLIPImageProcessor', size }), { ...shorter, longest: 48 });
  const { preprocessing } = await written('hf-vit', {}, { image_processor_type: 'BeitImageProcessorFast' });
  assert.deepEqual([preprocessing.resize, preprocessing.crop], [{ kind: 'exact', height: 224, width: 224 }, null]);
});
