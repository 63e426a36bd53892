/** Class names for ImageNet models that carry none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '../../../extension/models/config/fields';
import { imagenetNames } from '../../../extension/models/imagenet';

const config = (fields: Record<string, unknown>) => new Fields('config.json', fields);

test('each data set has as many names as classes, in the order of its synsets', async () => {
  // The places of known classes: ILSVRC 2012's list, and Google's list of ImageNet-21k.
  const expected: [classes: number, title: string, index: number, name: RegExp][] = [
    [1000, 'ImageNet-1k', 0, /^tench/],
    [1000, 'ImageNet-1k', 281, /^tabby/],
    [1000, 'ImageNet-1k', 999, /^toilet tissue/],
    [21843, 'ImageNet-21k', 0, /^organism/],
    [11821, 'ImageNet-12k', 0, /./],
    [11221, 'ImageNet-21k-P', 0, /./],
    [21841, 'ImageNet-22k', 0, /./],
  ];
  for (const [classes, title, index, name] of expected) {
    const found = await imagenetNames(config({ architecture: 'vit_base_patch16_224.augreg_in21k_ft_in1k' }), 'timm', classes); // prettier-ignore
    assert.equal(found?.title, title);
    assert.equal(found.names.length, classes);
    assert.match(found.names[index] ?? '', name);
    assert.ok(found.names.every((text) => text.length > 0 && !text.includes('\t')));
  }
});

test('a thousand classes are ImageNet only where the model says so', async () => {
  const says = async (fields: Record<string, unknown>, family = 'timm') =>
    (await imagenetNames(config(fields), family, 1000)) !== null;
  assert.ok(await says({ pretrained_cfg: { tag: 'augreg2_in21k_ft_in1k' } }));
  assert.ok(await says({ pretrained_cfg: { tag: 'fb_in1k' } }));
  assert.ok(await says({}, 'torchvision'));
  assert.ok(!(await says({ architecture: 'vit_base_patch16_224', pretrained_cfg: { tag: 'mine' } })));
  assert.equal(await imagenetNames(config({ pretrained_cfg: { tag: 'fb_in1k' } }), 'timm', 10), null);
});
