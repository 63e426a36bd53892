/** The options of `explain`, and what they mean for a model. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { HeadFusion, LoadedModel } from '../../engine/requests';
import {
  explainingIds,
  methodDefaults,
  methodIds,
  methods,
  takes,
  type MethodId,
  type MethodParameters,
} from '../../engine/methods';
import { UsageError } from '../errors';
import { addModelOptions, commaList, positiveNumber, wholeNumber, type ModelOptions } from '../options';

const formats = ['npy', 'png', 'json'] as const;
export type Format = (typeof formats)[number];

export interface ExplainOptions extends ModelOptions {
  input?: string;
  method: MethodId[];
  class?: string;
  against?: string;
  layer?: number;
  head?: number | HeadFusion;
  query?: number;
  steps?: number;
  samples?: number;
  seed?: number;
  faithfulness?: true;
  output: string;
  format?: Format[];
}

export function addExplainOptions(command: Command): Command {
  command
    .option('-i, --input <file>', 'instead of pictures a float32 .npy file (B, C, H, W), already preprocessed')
    .requiredOption('--method <names>', `all, or any of ${methodIds.join(', ')}; with commas between them`, methodNames)
    .option('--class <classes>', 'index or label, one for all pictures or one for each (default: the most probable)')
    .option('--against <classes>', "explain the class's logit less this one's")
    .option('--layer <n>', 'from 0; of rollout the last one (default: the last)', wholeNumber)
    .option('--head <n>', 'from 0, or mean, max, min of all (default: mean)', head)
    .option('--query <n>', 'token, prefix tokens first, from 0 (default: 0)', wholeNumber)
    .option('--steps <n>', `of integrated-gradients (default: ${methodDefaults.steps})`, positiveNumber)
    .option('--samples <n>', `passes of token-sampling (default: ${methodDefaults.samples})`, positiveNumber)
    .option('--seed <n>', `of random masks and orders (default: ${methodDefaults.seed})`, wholeNumber)
    .option('--faithfulness', 'also deletion and insertion curves, and those of random orders')
    .requiredOption('-o, --output <dir>', 'directory for NAME.npy, NAME.json, NAME.png; made when missing')
    .addOption(
      new Option('--format <list>', 'any of npy, png, json (default: npy, json, and for pictures png)').argParser(
        formatList,
      ),
    );
  return addModelOptions(command);
}

/** Throws UsageError for options that none of the methods has, and for places that the model has not. */
export function parametersOf(
  options: ExplainOptions,
  { layers, heads, numTokens }: LoadedModel,
): Omit<MethodParameters, 'class' | 'against'> {
  const { layer = layers - 1, head: of = 'mean', query = 0 } = options;
  const { steps, samples, seed } = { ...methodDefaults, ...given(options) };
  const limits = { layer: layers, query: numTokens };
  for (const name of ['layer', 'query'] as const) {
    const value = options[name];
    if (value !== undefined && value >= limits[name])
      throw new UsageError(`--${name} ${value}: the model has ${limits[name]}, from 0`);
  }
  if (typeof of === 'number' && of >= heads) throw new UsageError(`--head ${of}: the model has ${heads}, from 0`);
  const fusion = typeof of === 'number' ? 'mean' : of;
  return { layer, query, from: 0, to: layer, fusion, discardRatio: methodDefaults.discardRatio, steps, samples, seed };
}

/** Which parameters an option sets. */
const sets = {
  layer: ['layer', 'to'],
  query: ['query'],
  head: ['fusion'],
  steps: ['steps'],
  samples: ['samples'],
} as const satisfies Partial<Record<keyof ExplainOptions, readonly (keyof MethodParameters)[]>>;

/** Throws UsageError for an option that no chosen method has. A class is said of every map: its logit stands beside it. */
export function assertOptionsFit(options: ExplainOptions): void {
  for (const option of Object.keys(sets) as (keyof typeof sets)[]) {
    const parameters: readonly (keyof MethodParameters)[] = sets[option];
    if (options[option] === undefined) continue;
    const has = (id: MethodId) =>
      parameters.some((parameter) => takes(id, parameter)) || (option === 'head' && methods[id].perHead);
    if (!options.method.some(has)) throw new UsageError(`--${option}: ${options.method.join(', ')} has none`);
  }
  const { head: of, method } = options;
  if (typeof of === 'number' && !method.some((id) => methods[id].perHead))
    throw new UsageError(`--head ${of}: ${method.join(', ')} has no map for each head`);
}

/** Throws an Error, the reason, when this model cannot answer one of the methods. */
export function assertPossible({ method, faithfulness }: ExplainOptions, loaded: LoadedModel): void {
  for (const id of method) {
    const possible = methods[id].needs === 'maps' ? loaded.attention : loaded.explains;
    if (possible !== true) throw new Error(`${id}: ${possible.message}`);
  }
  if (faithfulness && loaded.explains !== true) throw new Error(`--faithfulness: ${loaded.explains.message}`);
}

function given({
  steps,
  samples,
  seed,
}: ExplainOptions): Partial<Pick<MethodParameters, 'steps' | 'samples' | 'seed'>> {
  return { ...(steps && { steps }), ...(samples && { samples }), ...(seed !== undefined && { seed }) };
}

function methodNames(text: string): MethodId[] {
  if (text === 'all') return explainingIds;
  const names = commaList(text);
  const unknown = names.find((name) => !Object.hasOwn(methods, name));
  if (unknown !== undefined) throw new InvalidArgumentError(`It must be all, or any of ${methodIds.join(', ')}.`);
  return [...new Set(names)] as MethodId[];
}

function head(text: string): number | HeadFusion {
  if (text === 'mean' || text === 'max' || text === 'min') return text;
  return wholeNumber(text);
}

function formatList(text: string): Format[] {
  const names = commaList(text);
  if (!names.every((name): name is Format => (formats as readonly string[]).includes(name)))
    throw new InvalidArgumentError(`It must be any of ${formats.join(', ')}.`);
  return names;
}
