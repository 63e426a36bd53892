/**
 * timm's and torchvision's ImageNet models carry no class names. Hugging Face publishes them once, for everyone:
 * https://huggingface.co/datasets/huggingface/label-files. They come along with a download and are found in the same cache.
 */
import { pathsInfo } from '@huggingface/hub';
import { blobPath, publish } from './cache';
import { downloadBlob, hasBlob } from './file';
import { hubFetch } from './fetching';
import type { HubSettings } from './settings';
import { IMAGENET_LABELS, hasImagenetLabels } from './imagenetNames';

/** Best effort: without them classes are shown by number. */
export async function downloadImagenetLabels(settings: HubSettings, signal: AbortSignal | undefined): Promise<void> {
  const { endpoint, cacheDir, token } = settings;
  if (await hasImagenetLabels(cacheDir)) return;
  const { repo, file } = IMAGENET_LABELS;
  const fetch = hubFetch(settings, signal);
  try {
    const [info] = await pathsInfo({
      repo: { type: 'dataset', name: repo },
      paths: [file],
      expand: true,
      hubUrl: endpoint,
      ...(token ? { accessToken: token } : {}),
      fetch,
    });
    const etag = info?.lfs?.oid ?? info?.oid ?? '';
    const commit = info?.lastCommit.id ?? '';
    if (!info || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag) || !/^[0-9a-f]{40}$/.test(commit)) return;
    const url = `${endpoint}/datasets/${repo}/resolve/main/${file}`;
    const blob = blobPath(cacheDir, repo, etag, 'datasets');
    if (!(await hasBlob(blob, etag)))
      await downloadBlob({ path: file, url, size: info.size, etag }, blob, {
        fetch,
        token,
        signal,
        onBytes: () => undefined,
      });
    await publish(cacheDir, repo, 'main', commit, [{ path: file, blob }], 'datasets');
  } catch {
    // The model itself is there; its classes have numbers.
  }
}
