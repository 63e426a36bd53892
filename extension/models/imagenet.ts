/** ImageNet's class names (models/labels), for models that are known to be trained on it and name no classes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packageRoot } from '../files/packageRoot';
import type { Fields } from './config/fields';

/** By number of classes, as timm tells them apart (data/imagenet_info.py), with the bit of models/labels/README.md. */
const DATA_SETS: Record<number, { title: string; bit: number }> = {
  1000: { title: 'ImageNet-1k', bit: 1 },
  11821: { title: 'ImageNet-12k', bit: 2 },
  11221: { title: 'ImageNet-21k-P', bit: 4 },
  21841: { title: 'ImageNet-22k', bit: 8 },
  21843: { title: 'ImageNet-21k', bit: 16 },
};

/** The data set's title and its class names in index order; null when the model does not say that it was trained on one. */
export async function imagenetNames(
  config: Fields,
  family: string,
  classes: number,
): Promise<{ title: string; names: string[] } | null> {
  const found = DATA_SETS[classes];
  if (!found || (classes === 1000 && !saysImagenet(config, family))) return null;
  const table = gunzipSync(await readFile(join(packageRoot(), 'models', 'labels', 'imagenet.tsv.gz'))).toString('utf8');
  const names: string[] = [];
  for (const line of table.split('\n')) {
    const tab = line.indexOf('\t');
    if ((Number(line.slice(0, tab)) & found.bit) !== 0) names.push(line.slice(tab + 1));
  }
  return { title: found.title, names };
}

/** A thousand classes may be anything; timm writes its training set into names and tags, torchvision has no other. */
function saysImagenet(config: Fields, family: string): boolean {
  const cfg = config.inner('pretrained_cfg');
  const words = [config.word('architecture'), cfg.word('tag'), config.word('tag'), cfg.word('hf_hub_id')].join(' ');
  return family === 'torchvision' || /(^|[._ ])(\w*_)?in1k(?![a-z0-9])/.test(words);
}
