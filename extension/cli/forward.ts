import { mapsInOrder, ownOrder, tokensInOrder } from '../architecture/tokenOrder';
import type { Command } from 'commander';
import path from 'node:path';
import type { EngineClient } from '../engine/client';
import type { LoadedModel, Slice, SliceRequest } from '../engine/requests';
import { npyBody, npyHeader } from '../files/npyEncoding';
import { makeDirectory, writeWholeFile } from '../files/wholeFile';
import { writeAttentionGradient } from './attentionGradient';
import { classesOf } from './classNames';
import { loadModel } from './engine';
import { withEngine } from './engineProcess';
import { complain, UsageError } from './errors';
import { forwardPart } from './forwardPart';
import { addModelOptions, commaList, type ModelOptions } from './options';
import { asPictures, readTensor } from './tensorFile';

interface ForwardOptions extends ModelOptions {
  input: string;
  output: string;
  outputs: string[];
  class?: string;
}

const GRADIENT = 'attention_gradient';
const DEFAULT_OUTPUTS = ['logits', 'attention', 'tokens'];

/** A file to write: slices of the run, in order, that together have that shape. */
interface Output {
  file: string;
  shape: number[];
  slices: { image: number; what: SliceRequest }[];
}

interface Passed {
  runId: number;
  batch: number;
}

export function addForward(program: Command): void {
  const command = program
    .command('forward')
    .description('run a model on a tensor and write what it computes as .npy files')
    .requiredOption('-i, --input <file>', 'float32 .npy file (B, C, H, W), already preprocessed')
    .requiredOption('-o, --output <dir>', 'directory for the .npy files, made when missing')
    .option(
      '--outputs <names>',
      'any of logits, attention, tokens, input, attention_gradient, steps (all of the walk-through), or names of steps',
      commaList,
      DEFAULT_OUTPUTS,
    );
  command.option(
    '--class <classes>',
    'of attention_gradient: index or label, one for all pictures or one for each (default: the most probable)',
  );
  addModelOptions(command).action(async (options: ForwardOptions) => {
    await withEngine((engine) => forward(engine, options));
  });
}

async function forward(engine: EngineClient, options: ForwardOptions): Promise<void> {
  const input = await readTensor(options.input);
  const part = await engine.request('describe-part', { file: path.resolve(options.model) });
  if (part !== null) return forwardPart(engine, part, input, options);
  const { shape, values } = asPictures(options.input, input);
  const { loaded, description } = await loadModel(engine, options);
  const gradient = options.outputs.includes(GRADIENT);
  if (options.class !== undefined && !gradient) throw new UsageError(`--class: only ${GRADIENT} has one`);
  const steps = stepsAmong(options.outputs, loaded);
  const attention = options.outputs.includes('attention');
  const missing = [
    ...(attention && loaded.attention !== true ? [['attention', loaded.attention.message]] : []),
    ...(options.outputs.includes('tokens') && loaded.tokens !== true ? [['tokens', loaded.tokens]] : []),
    ...(gradient && loaded.explains !== true ? [[GRADIENT, loaded.explains.message]] : []),
  ] as [name: string, reason: string][];
  const without = (name: string): boolean => missing.some(([other]) => other === name);
  const tokens = steps.length > 0 || (options.outputs.includes('tokens') && !without('tokens'));
  const { modelId } = loaded;
  const run = await engine.request('run-tensor', {
    modelId,
    values,
    shape,
    attention: (attention && !without('attention')) || steps.length > 0,
    tokens,
  });
  await makeDirectory(options.output);
  const order = ownOrder(loaded.prefixNames, loaded.numTokens);
  if (gradient && !without(GRADIENT)) {
    const { labels } = description;
    const classes = options.class === undefined ? null : classesOf('--class', options.class, labels, shape[0] ?? 0);
    await writeAttentionGradient(engine, loaded, input, classes, path.join(options.output, `${GRADIENT}.npy`));
  }
  for (const name of [
    ...new Set([...options.outputs.filter((name) => !['steps', GRADIENT].includes(name)), ...steps]),
  ]) {
    if (!without(name))
      await write(engine, run, await outputOf(engine, run, name, loaded, shape), options.output, order);
  }
  // what was asked for by name and is not there is a failure; of what comes when nothing is said, a note
  for (const [name, reason] of missing) complain(`no ${name}.npy: ${reason}`);
  if (missing.length > 0 && options.outputs !== DEFAULT_OUTPUTS) process.exitCode = 1;
}

const plainOutputs = ['logits', 'attention', 'tokens', 'input', 'steps', GRADIENT];

/** Names of steps that are asked for. Throws UsageError for names that are neither outputs nor steps of this model. */
function stepsAmong(names: string[], { steps }: LoadedModel): string[] {
  const known = steps.map(({ name }) => name);
  const others = names.filter((name) => !plainOutputs.includes(name));
  const unknown = others.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--outputs: this model has no step called ${unknown} ("describe --steps" lists them)`);
  }
  return names.includes('steps') ? known : others;
}

async function outputOf(
  engine: EngineClient,
  { runId, batch }: Passed,
  name: string,
  { layers, heads, numTokens }: LoadedModel,
  inputShape: number[],
): Promise<Output> {
  const images = Array.from({ length: batch }, (_, image) => image);
  const layersOf = (count: number, what: (layer: number) => SliceRequest) =>
    images.flatMap((image) => Array.from({ length: count }, (_, layer) => ({ image, what: what(layer) })));
  const each = (what: SliceRequest) => images.map((image) => ({ image, what }));
  const sample = (what: SliceRequest) => engine.request('slice', { runId, what });
  const file = `${name}.npy`;
  switch (name) {
    case 'input':
      return { file, shape: inputShape, slices: each({ kind: 'input' }) };
    case 'logits': {
      const { shape } = await sample({ kind: 'logits' });
      return { file, shape: [batch, ...shape], slices: each({ kind: 'logits' }) };
    }
    case 'attention': {
      const slices = layersOf(layers, (layer) => ({ kind: 'attention', layer }));
      return { file, shape: [batch, layers, heads, numTokens, numTokens], slices };
    }
    case 'tokens': {
      const { shape } = await sample({ kind: 'tokens', layer: 0 });
      return {
        file,
        shape: [batch, layers + 1, ...shape],
        slices: layersOf(layers + 1, (layer) => ({ kind: 'tokens', layer })),
      };
    }
    default: {
      const what: SliceRequest = { kind: 'step', name };
      const { shape } = await sample(what);
      // steps come with a batch of one
      return { file, shape: [batch, ...(shape[0] === 1 ? shape.slice(1) : shape)], slices: each(what) };
    }
  }
}

/** Slice by slice into the file: all maps of a big model are never in memory, here or on the way. */
async function write(
  engine: EngineClient,
  { runId }: Passed,
  output: Output,
  directory: string,
  order: number[] | null,
): Promise<void> {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield npyHeader(output.shape);
    let missing = output.shape.reduce((product, side) => product * side, 1);
    for (const { image, what } of output.slices) {
      const { values }: Slice = await engine.request('slice', { runId, image, what });
      missing -= values.length;
      yield npyBody(order ? ordered(what, values, order) : values);
    }
    if (missing !== 0) throw new Error(`${output.file} would have ${-missing} values more than its shape`);
  }
  await writeWholeFile(path.join(directory, output.file), body());
}

/** Maps and tokens as the model's own code has them; a step of the walk-through stays as it is shown there. */
function ordered({ kind }: SliceRequest, values: Float32Array, order: number[]): Float32Array {
  if (kind === 'attention') return mapsInOrder(values, order);
  return kind === 'tokens' ? tokensInOrder(values, order) : values;
}
