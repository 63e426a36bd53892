/** ImageNet-1k's class names from the Hugging Face cache, for models that are known to be trained on it and name no classes. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '../files/checkpoint';
import type { Fields } from '../families/fields';

export const IMAGENET_LABELS = { repo: 'huggingface/label-files', file: 'imagenet-1k-id2label.json' };
export const IMAGENET_CLASSES = 1000;

/** timm writes its training set into names and tags (augreg_in21k_ft_in1k); torchvision has no other. */
export function saysImagenet(config: Fields, family: string): boolean {
  const cfg = config.inner('pretrained_cfg');
  const words = [config.word('architecture'), cfg.word('tag'), config.word('tag'), cfg.word('hf_hub_id')].join(' ');
  return family === 'torchvision' || /(^|[._ ])in1k(?![a-z0-9])/.test(words);
}

/** 1000 names in index order, or null when they were never downloaded. */
export async function imagenetNames(cacheDir: string): Promise<string[] | null> {
  const snapshots = join(cacheDir, `datasets--${IMAGENET_LABELS.repo.replace('/', '--')}`, 'snapshots');
  let commits: string[];
  try {
    commits = await readdir(snapshots);
  } catch {
    return null;
  }
  for (const commit of commits) {
    try {
      const table = await readJson(join(snapshots, commit, IMAGENET_LABELS.file));
      const names = Array.from({ length: IMAGENET_CLASSES }, (_, index) => table[String(index)]);
      if (names.every((name): name is string => typeof name === 'string')) return names;
    } catch {
      // Half a file, or another one of this data set: look further.
    }
  }
  return null;
}

export const hasImagenetLabels = async (cacheDir: string): Promise<boolean> => (await imagenetNames(cacheDir)) !== null;
