/** Downloads models from the Hugging Face hub, or a mirror, into the cache its own tools use. Nothing half-written is ever found there. */
import { fileDownloadInfo, HubApiError, listFiles, modelInfo, type ListFileEntry } from '@huggingface/hub';
import { FileRefusal } from '../../errors/fileRefusal';
import { ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';
import { systemReason } from '../../errors/systemError';
import { blobPath, publish } from './cache';
import { downloadBlob, hasBlob, type RemoteFile } from './file';
import { hubAnswers, hubFetch } from './fetching';
import { HUB_ID, hubSettings, type HubSettings } from './settings';

export interface Progress {
  /** The file that is arriving. */
  file: string;
  /** Bytes of all files together, those that were there already included. */
  received: number;
  total: number;
}

interface DownloadOptions {
  revision?: string;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** The environment's by default. */
  settings?: HubSettings;
}

const isWeb = (address: string): boolean =>
  URL.canParse(address) && ['http:', 'https:'].includes(new URL(address).protocol);

/** Of one repository, its folders included. */
const MOST_FILES = 10_000;
/** Errors of writing that name no path. */
const WRITING = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS']);

/**
 * Downloads config, preprocessing, labels and weights of `id` ("org/name"). Returns the snapshot's directory.
 * Goes on where an earlier try stopped; files that are there are not fetched again. Throws ModelError.
 */
export async function downloadModel(id: string, options: DownloadOptions = {}): Promise<string> {
  const settings = options.settings ?? (await hubSettings());
  const { signal, onProgress } = options;
  const revision = options.revision ?? 'main';
  if (!HUB_ID.test(id))
    throw new ModelError('config', sentence('"{0}" is not a model\'s id on the hub: they look like org/name.', id));
  if (settings.offline) throw new ModelError('network', sentence('{0} is not downloaded: HF_HUB_OFFLINE is set.', id));
  if (!isWeb(settings.endpoint))
    throw new ModelError(
      'network',
      sentence('HF_ENDPOINT is {0}, which is no address of a hub: they begin with https://.', settings.endpoint),
    );
  if (settings.tokenProblem !== undefined) throw new ModelError('unreadable', settings.tokenProblem);
  if (settings.token && !/^hf_[\x21-\x7e]*$/.test(settings.token)) {
    throw new ModelError(
      'forbidden',
      sentence('HF_TOKEN is set but is not a Hugging Face token: those tokens begin with hf_.'),
    );
  }
  try {
    const { commit, files } = await listing(id, revision, settings, signal);
    const blobs = files.map((file) => ({ path: file.path, blob: blobPath(settings.cacheDir, id, file.etag), file }));
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    for (const { blob, file } of blobs) {
      const onBytes = (received: number) => onProgress?.({ file: file.path, received: done + received, total });
      if (!(await hasBlob(blob, file.etag))) {
        await downloadBlob(await located(id, file, commit, settings, signal), blob, {
          fetch: hubFetch(settings, signal),
          token: settings.token,
          signal,
          onBytes,
        });
      }
      onBytes(file.size);
      done += file.size;
    }
    return await publish(settings.cacheDir, id, revision, commit, blobs);
  } catch (error) {
    throw explained(error, id, settings, signal);
  }
}

async function listing(
  id: string,
  revision: string,
  settings: HubSettings,
  signal: AbortSignal | undefined,
): Promise<{ commit: string; files: Omit<RemoteFile, 'url'>[] }> {
  const common = { hubUrl: settings.endpoint, accessToken: settings.token, fetch: hubAnswers(settings, signal) };
  const info = await modelInfo({ ...common, name: id, revision, additionalFields: ['sha'] });
  const commit = info.sha;
  if (!/^[0-9a-f]{40}$/.test(commit))
    throw new ModelError(
      'network',
      sentence('{0} did not say which commit of {1} is {2}.', new URL(settings.endpoint).host, id, revision),
    );
  const entries: ListFileEntry[] = [];
  let listed = 0;
  for await (const entry of listFiles({ ...common, repo: { type: 'model', name: id }, revision: commit })) {
    if (++listed > MOST_FILES)
      throw new ModelError('unsupported', sentence('{0} has more than {1} files.', id, MOST_FILES));
    // The top folder only; names come from strangers and become paths.
    if (entry.type === 'file' && !/[/\\]/.test(entry.path)) entries.push(entry);
  }
  const files = chosen(id, entries).map(({ path, size, oid, lfs }) => ({
    path,
    size: lfs?.size ?? size,
    etag: lfs?.oid ?? oid ?? '',
  }));
  const nameless = files.find(({ etag }) => !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag));
  if (nameless) throw new ModelError('network', sentence('The hub gave no checksum for {0}.', nameless.path));
  const sizeless = files.find(({ size }) => !Number.isSafeInteger(size) || size < 0);
  if (sizeless) throw new ModelError('network', sentence('The hub gave no size for {0}.', sizeless.path));
  return { commit, files };
}

/** What openModel will read: one set of weights and the small files beside it, all in the top folder. */
function chosen(id: string, entries: ListFileEntry[]): ListFileEntry[] {
  const named = (name: string) => entries.filter(({ path }) => path === name);
  const small = ['config.json', 'preprocessor_config.json', 'labels.txt'].flatMap(named);
  const all = entries.filter(({ path }) => path.endsWith('.safetensors'));
  const index = named('model.safetensors.index.json');
  const single = named('model.safetensors');
  if (single.length > 0) return [...small, ...single];
  if (index.length > 0)
    return [...small, ...index, ...all.filter(({ path }) => /^model-\d+-of-\d+\.safetensors$/.test(path))];
  if (all.length === 1) return [...small, ...all];
  const onnx = entries.filter(({ path }) => path.endsWith('.onnx'));
  // its weights may lie in files of their own: model.onnx_data, model.onnx.data
  const [graph] = onnx;
  if (all.length === 0 && graph && onnx.length === 1)
    return [...small, ...entries.filter(({ path }) => path.startsWith(graph.path))];
  const pickle = entries.find(({ path }) => /\.(bin|pth|pt|ckpt)$/.test(path));
  if (all.length === 0 && pickle) {
    throw new ModelError(
      'unsafe',
      sentence(
        '{0} has only a pickle ({1}), which can run code when opened; ask its authors for safetensors, or convert it yourself.',
        id,
        pickle.path,
      ),
    );
  }
  throw new ModelError(
    'missing',
    all.length === 0
      ? sentence('{0} has no weights in .safetensors or .onnx.', id)
      : sentence('{0} has several weight files and no model.safetensors.', id),
  );
}

/** The address the hub gives for a file (it may lie on another host). */
async function located(
  id: string,
  file: Omit<RemoteFile, 'url'>,
  commit: string,
  settings: HubSettings,
  signal: AbortSignal | undefined,
): Promise<RemoteFile> {
  const info = await fileDownloadInfo({
    repo: { type: 'model', name: id },
    path: file.path,
    revision: commit,
    hubUrl: settings.endpoint,
    accessToken: settings.token,
    fetch: hubAnswers(settings, signal),
  });
  if (!info) throw new ModelError('missing', sentence('{0} is no longer in {1}.', file.path, id));
  return { ...file, url: info.url };
}

/** Whatever went wrong, as one sentence. */
function explained(
  error: unknown,
  id: string,
  { endpoint, token, cacheDir }: HubSettings,
  signal: AbortSignal | undefined,
): ModelError {
  if (signal?.aborted)
    return new ModelError(
      'cancelled',
      sentence('The download of {0} was cancelled; what arrived is kept for the next time.', id),
    );
  if (error instanceof ModelError) return error;
  const { host } = new URL(endpoint);
  if (error instanceof HubApiError) return refusal(error, id, host, token);
  const code = codeOf(error);
  if (error instanceof FileRefusal)
    return new ModelError('unreadable', sentence('{0} is not downloaded: {1}.', id, error));
  // of the file system: fetch's errors come from a socket, and are wrapped
  if (typeof (error as NodeJS.ErrnoException).path === 'string' || (code !== undefined && WRITING.has(code)))
    return new ModelError(
      'unreadable',
      sentence('The cache {0} cannot be written: {1}; {2} was not downloaded.', cacheDir, systemReason(error), id),
    );
  // fetch wraps what happened to it: the rest is what could not be made of an answer
  if (code === undefined && error instanceof Error && error.cause === undefined)
    return new ModelError(
      'network',
      sentence('{0} gave an answer that is none of a hub; set HF_ENDPOINT to one.', host),
    );
  return new ModelError(
    'network',
    code
      ? sentence('{0} cannot be reached ({1}): check the network, or set HF_ENDPOINT to a mirror.', host, code)
      : sentence('{0} cannot be reached: check the network, or set HF_ENDPOINT to a mirror.', host),
  );
}

function refusal(error: HubApiError, id: string, host: string, token: string | undefined): ModelError {
  if (error.statusCode === 403) {
    return new ModelError(
      'forbidden',
      sentence('{0} is gated: accept its terms on {1}/{0} and set HF_TOKEN to a token of that account.', id, host),
    );
  }
  // The hub answers 401 for what does not exist and for what one may not know of.
  if (error.statusCode === 401) {
    return new ModelError(
      'forbidden',
      token
        ? sentence('{0} does not exist on {1}, or the token in use may not read it.', id, host)
        : sentence('{0} does not exist on {1}, or it is private: set HF_TOKEN to a token that may read it.', id, host),
    );
  }
  if (error.statusCode === 404) return new ModelError('missing', sentence('{0} does not exist on {1}.', id, host));
  return new ModelError('network', sentence('{0} answered {1} for {2}; try again later.', host, error.statusCode, id));
}

/** undici hides the reason in `cause`. */
function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return undefined;
}
