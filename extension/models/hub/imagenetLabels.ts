/**
 * timm's and torchvision's ImageNet models carry no class names. Hugging Face publishes them once, for everyone:
 * https://huggingface.co/datasets/huggingface/label-files. They come along with a download and are found in the same cache.
 */
import { downloadFileToCacheDir } from '@huggingface/hub';
import type { HubSettings } from './settings';
import { IMAGENET_LABELS, hasImagenetLabels } from './imagenetNames';

/** Best effort: without them classes are shown by number. */
export async function downloadImagenetLabels(settings: HubSettings, signal: AbortSignal | undefined): Promise<void> {
  if (await hasImagenetLabels(settings.cacheDir)) return;
  try {
    await downloadFileToCacheDir({
      repo: { type: 'dataset', name: IMAGENET_LABELS.repo },
      path: IMAGENET_LABELS.file,
      hubUrl: settings.endpoint,
      cacheDir: settings.cacheDir,
      accessToken: settings.token,
      fetch: (input, init) => fetch(input, { ...init, signal }),
    });
  } catch {
    // The model itself is there; its classes have numbers.
  }
}
