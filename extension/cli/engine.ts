import path from 'node:path';
import { EngineClient } from '../engine/client';
import type { LoadedModel } from '../engine/requests';
import { packageRoot } from '../files/packageRoot';
import type { ModelDescription } from '../architecture/description';
import { cachedSnapshot } from '../models/hub/cache';
import { hubSettings } from '../models/hub/settings';
import { withInputSize } from '../models/inputSize';
import { assertRunnable, openModel } from '../models/open';
import { UsageError } from './errors';
import { engineOptionsOf, type ModelOptions } from './options';

/** Runs `work` with an engine process of its own, which ends with it. */
export async function withEngine<T>(work: (engine: EngineClient) => Promise<T>): Promise<T> {
  const engine = new EngineClient({ processFile: path.join(packageRoot(), 'dist', 'engine.js') });
  try {
    return await work(engine);
  } finally {
    engine.dispose();
  }
}

/** The model as --model and --image-size say. Whether it fits its weights is another question: assertRunnable. */
export async function describeModel({
  model,
  imageSize,
}: Pick<ModelOptions, 'model' | 'imageSize'>): Promise<ModelDescription> {
  const description = await openModel(model, { root: packageRoot(), resolveId });
  return imageSize ? withInputSize(description, ...imageSize) : description;
}

/** Registry ids are looked up in the hub's cache; downloading is for those who ask for it. */
async function resolveId(id: string): Promise<string | null> {
  return cachedSnapshot((await hubSettings()).cacheDir, id);
}

/** The model --model names, ready to run. */
export async function loadModel(
  engine: EngineClient,
  options: ModelOptions,
): Promise<{ description: ModelDescription; loaded: LoadedModel }> {
  const description = await describeModel(options);
  assertRunnable(description);
  if (description.weights.kind === 'onnx' && options.engine === 'native')
    throw new UsageError(`--engine native: ${description.path} is an ONNX file, which only onnx runs`);
  const loaded = await engine.request('load-model', { description, options: engineOptionsOf(options) });
  return { description, loaded };
}
