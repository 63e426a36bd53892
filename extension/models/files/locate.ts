/** Which files a model is made of, given a directory or one of its files. */
import { isModelFile } from './modelFileName';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { answered, withRegularFile } from '../../files/regularFile';
import { ModelError, fileError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';
import { PICKLE_EXTENSIONS, pickleRefusal, refuseOtherKinds } from './unsupportedFormats';

export interface Located {
  /** What the user pointed at. */
  path: string;
  directory: string;
  config: string | null;
  processor: string | null;
  /** A .safetensors file, an index of shards, an .onnx file, or null: a config alone. */
  weights: string | null;
}

/** config.json, or what open_clip writes beside its own files. */
const CONFIGS = ['config.json', 'open_clip_config.json'];
const INDEX = 'model.safetensors.index.json';

export async function locate(path: string): Promise<Located> {
  let directory: boolean;
  try {
    directory = (await answered(path, stat(path))).isDirectory();
  } catch (error) {
    throw fileError(path, error);
  }
  if (!directory) return locateFile(path);
  const located = await locateDirectory(path);
  const graph = located.weights;
  // pointed at onnx/ itself
  return located.config === null && graph?.endsWith('.onnx') ? { ...(await locateFile(graph)), path } : located;
}

async function locateDirectory(path: string): Promise<Located> {
  let names: string[];
  try {
    names = (await readdir(path)).sort();
  } catch (error) {
    throw fileError(path, error);
  }
  const seed = names.filter(isModelFile);
  const only = seed.length === 1 ? seed[0] : undefined;
  const config = CONFIGS.find((name) => names.includes(name)) ?? only ?? null;
  return {
    path,
    directory: path,
    config: config === null ? null : join(path, config),
    processor: processorAmong(path, names),
    weights: (await onnxBelow(path, names)) ?? (await weightsAmong(path, names, config !== null)),
  };
}

/** preprocessor_config.json, or the file of a whole processor, which transformers 5 writes. */
const PROCESSORS = ['preprocessor_config.json', 'processor_config.json'];

function processorAmong(path: string, names: string[]): string | null {
  const name = PROCESSORS.find((processor) => names.includes(processor));
  return name === undefined ? null : join(path, name);
}

/** Exported repositories keep their graphs in onnx/ below config and processor; weights beside the config go first. */
async function onnxBelow(path: string, names: string[]): Promise<string | null> {
  if (!names.includes('onnx') || names.some((name) => /\.(safetensors|onnx)$|\.index\.json$/.test(name))) return null;
  const inner: string[] = await readdir(join(path, 'onnx')).catch(() => []);
  return inner.includes('model.onnx') ? join(path, 'onnx', 'model.onnx') : null;
}

async function weightsAmong(path: string, names: string[], hasConfig: boolean): Promise<string | null> {
  if (names.includes('model.safetensors')) return join(path, 'model.safetensors');
  if (names.includes(INDEX)) return join(path, INDEX);
  // beside it lie the same graph's quantised and half-precision siblings
  if (names.includes('model.onnx') && !names.some((name) => name.endsWith('.safetensors')))
    return join(path, 'model.onnx');
  const safetensors = names.filter((name) => name.endsWith('.safetensors'));
  const indices = names.filter((name) => name.endsWith('.safetensors.index.json'));
  const candidates =
    indices.length > 0
      ? indices
      : safetensors.length > 0
        ? safetensors
        : names.filter((name) => name.endsWith('.onnx'));
  if (candidates.length > 1) {
    throw new ModelError(
      'missing',
      sentence('{0} holds several weight files ({1}); name the one to open.', path, candidates.slice(0, 3).join(', ')),
    );
  }
  if (candidates[0]) return join(path, candidates[0]);
  const pickle = names.find(isPickle);
  if (pickle) await refusePickle(join(path, pickle));
  if (!hasConfig && names.includes('adapter_config.json'))
    throw new ModelError(
      'missing',
      sentence(
        '{0} holds the settings of an adapter, not a whole model: merge it into its base model and save that.',
        path,
      ),
    );
  if (!hasConfig)
    throw new ModelError(
      'missing',
      sentence('{0} holds no model: no .safetensors, .onnx or config.json is in it.', path),
    );
  return null;
}

async function locateFile(path: string): Promise<Located> {
  const directory = dirname(path);
  const name = basename(path);
  if (isPickle(name)) await refusePickle(path);
  if (isModelFile(name)) return { path, directory, config: path, processor: null, weights: null };
  // an export's onnx/ has no config of its own: it is one level up
  const above = name.endsWith('.onnx') && basename(directory) === 'onnx' ? [dirname(directory)] : [];
  const find = async (names: string[]): Promise<string | null> => {
    for (const folder of [directory, ...above])
      for (const other of names) if (await exists(join(folder, other))) return join(folder, other);
    return null;
  };
  const located = { path, directory, config: await find(CONFIGS), processor: await find(PROCESSORS) };
  if (CONFIGS.includes(name)) {
    const parent = await locateDirectory(directory);
    return { ...parent, path };
  }
  if (name.endsWith('.safetensors') || name.endsWith('.safetensors.index.json') || name.endsWith('.onnx')) {
    return { ...located, weights: path };
  }
  throw new ModelError(
    'unsupported',
    sentence('{0} is not a model: .safetensors, .onnx and .vit.json files and directories can be opened.', path),
  );
}

async function refusePickle(file: string): Promise<never> {
  // a pointer is no pickle yet
  await withRegularFile(file, refuseOtherKinds).catch((error: unknown) => {
    throw fileError(file, error);
  });
  throw pickleRefusal(file);
}

const isPickle = (name: string) => PICKLE_EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension));

export async function exists(path: string): Promise<boolean> {
  try {
    await answered(path, stat(path));
    return true;
  } catch {
    return false;
  }
}

/** The directory of the model that comes with the extension. `root` is the extension's. */
export const embeddedModel = (root: string): string => join(root, 'models', 'vit-cifar10');
