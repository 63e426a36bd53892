import type { EngineClient } from '../engine/client';
import { deadlines } from '../engine/deadlines';
import type { DescribedModel, LoadedModel, ModelQuery } from '../engine/requests';
import { UsageError } from './errors';
import { engineOptionsOf, type ModelOptions } from './options';

/** The model as --model and --image-size say. */
export function modelQueryOf({ model, imageSize }: Pick<ModelOptions, 'model' | 'imageSize'>): ModelQuery {
  return { id: model, inputSize: imageSize && { height: imageSize[0], width: imageSize[1] } };
}

/** The model --model names, ready to run. */
export async function loadModel(
  engine: EngineClient,
  options: ModelOptions,
): Promise<{ description: DescribedModel; loaded: LoadedModel }> {
  const take = { model: modelQueryOf(options), options: engineOptionsOf(options) };
  const opened = await engine.request('open-model', take, { deadlineMs: deadlines.open });
  if (options.engine === 'native' && opened.loaded.engine === 'onnx')
    throw new UsageError(`--engine native: ${opened.description.path} is an ONNX file, which only onnx runs`);
  return opened;
}
