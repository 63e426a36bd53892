/** Somebody else's .onnx file: which input takes the picture, which output is the answer, where attention is. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelDescription } from '../../architecture/description';
import { findAttention, findPatch, noAttention, type AttentionSearch, type FoundMap } from '../../onnx/attention';
import { promoteToOutputs, promoted } from '../../onnx/promote';
import { FLOAT, FLOAT16, readModel, type OnnxModel } from '../../onnx/schema';
import type { BackendModel } from '../backend';
import { grouped } from '../../errors/count';
import { EngineError } from '../../errors/engineError';
import { modelTokens, type ModelTokens } from '../loaded';
import { answersOf, chooseAnswer } from './answer';
import { isAttention, mapsOf, tokensOf, type LayerMaps, type MapOutput } from './maps';
import { externalFiles, type ExternalFile } from './externalFiles';
import { LazySessions, type OnnxLayout, type Sessions } from './model';
import { pictureTensor } from './pictureTensor';
import { runtimeReason, type Runtime } from './runtime';
import { sentence } from '../../errors/sentence';

export interface OpenedFile {
  sessions: Sessions;
  layout: OnnxLayout;
  loaded: BackendModel['loaded'];
  inputShape: [channels: number, height: number, width: number];
}

type Results = Record<string, Tensor>;

/** Numbers of one pass's input: 1 GiB of them. */
const MOST_INPUT = 2 ** 28;

/**
 * Reads the graph, makes a session with every attention map as an output, and runs it once on zeros: shapes are often
 * symbolic in the file, and the first pass of a session is its slow one anyway.
 */
export async function openForeign(
  ort: Runtime,
  file: string,
  bytes: Uint8Array,
  description: ModelDescription,
  create: (bytes: Uint8Array, external: readonly ExternalFile[]) => Promise<InferenceSession>,
  /** Throws when weights of that many bytes are more than may be loaded. */
  assertFits: (bytes: number) => void,
): Promise<OpenedFile> {
  const model = parse(file, bytes);
  const external = await externalFiles(file, bytes, model, (outside) => assertFits(bytes.length + outside));
  const { inputShape, ...picture } = inputFor(file, model, description);
  const answers = answersOf(model);
  if (answers.length === 0)
    throw new EngineError('ERR_MODEL', sentence('{0} has no output of floating-point numbers.', file));
  const values = answers.map(({ value }) => value);
  const search = findAttention(model.graph);
  const { session, found } = await withMaps(search, (maps) =>
    create(promoteToOutputs(bytes, [...values, ...maps.maps.map(({ value }) => value)], maps.opened), external),
  );
  const size = (picture.batch ?? 1) * inputShape.reduce((product, side) => product * side, 1);
  if (size > MOST_INPUT)
    throw new EngineError(
      'ERR_MODEL',
      sentence('{0} wants {1} numbers at once, more than is run.', file, grouped(size)),
    );
  const zeros = new Float32Array(size);
  const feed = { [picture.input]: pictureTensor(ort, zeros, picture.batch ?? 1, inputShape, picture) };
  const results: Results = await session.run(feed).catch((error: unknown) => {
    const [, height, width] = inputShape;
    const reason = runtimeReason(error);
    throw new EngineError(
      'ERR_MODEL',
      leavesSizeOpen(description)
        ? sentence(
            '{0} leaves the size of its pictures open and fails on {1}x{2}: a config.json beside it with "input_size": [3, height, width] says another ({3}).',
            file,
            width,
            height,
            reason,
          )
        : sentence('{0} fails on a {1}x{2} picture: {3}.', file, width, height, reason),
    );
  });
  const answer = chooseAnswer(
    answers.map((each) => ({ ...each, tensor: results[promoted(each.value)] })),
    picture.batch ?? 1,
    description,
  );
  const { attention, tokens, heads } = layersOf(found.maps, results, description, picture.batch ?? 1);
  // Asked for what is inside, ONNX Runtime no longer fuses a quantised graph's operators, which then round elsewhere.
  const quantised = model.graph.nodes.some(({ opType }) => opType.endsWith('QuantizeLinear'));
  const sessions = quantised
    ? new LazySessions((extras) =>
        extras ? Promise.resolve(session) : create(promoteToOutputs(bytes, [answer.value]), external),
      )
    : { plain: session, full: session };
  return {
    sessions,
    layout: { ...picture, logits: answer.logits, attention, stageAttention: [], tokens: [] },
    inputShape,
    loaded: {
      engine: 'onnx',
      ...tokensAs(model, description, inputShape, tokens),
      layers: attention.length,
      heads,
      stages: [],
      parameters: parametersOf(model),
      steps: [],
      memory: { weights: external.reduce((sum, { data }) => sum + data.length, bytes.length), scratch: 0 },
      scores: answer.scores,
      attention: attention.length > 0 ? true : noAttention(description.name, found),
      explains: sentence(
        '{0} is an ONNX file, which gives no gradients and hides no patches: attention and rollout are what it can show.',
        description.name,
      ),
      tokens: `${description.name} is an ONNX file: which of its values are tokens is not known.`,
    },
  };
}

const leavesSizeOpen = ({ weights }: ModelDescription): boolean =>
  weights.kind === 'onnx' && weights.input !== null && (weights.input.height === null || weights.input.width === null);

/** A graph that ONNX Runtime only takes as it is (an operator set without what is added) runs without maps. */
async function withMaps(
  search: AttentionSearch,
  create: (search: AttentionSearch) => Promise<InferenceSession>,
): Promise<{ session: InferenceSession; found: AttentionSearch }> {
  try {
    return { session: await create(search), found: search };
  } catch (error) {
    if (search.maps.length === 0) throw error;
    const closed = [sentence('the graph cannot be extended ({0})', runtimeReason(error))];
    const bare = { ...search, maps: [], opened: [], closed };
    return { session: await create(bare), found: bare };
  }
}

function parse(file: string, bytes: Uint8Array): OnnxModel {
  try {
    return readModel(bytes);
  } catch (error) {
    throw new EngineError('ERR_MODEL', sentence('{0} cannot be used: {1}.', file, runtimeReason(error)));
  }
}

/** What the description found to take the picture, when it can be fed. */
function inputFor(file: string, { graph }: OnnxModel, { weights, preprocessing }: ModelDescription) {
  const picture = weights.kind === 'onnx' ? weights.input : null;
  if (picture === null) {
    const free = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
    const inputs = free.map(({ name, shape }) => `${name} (${shape?.join(', ') ?? 'any shape'})`).join(', ');
    throw new EngineError(
      'ERR_MODEL',
      sentence('{0} is no image classifier: it wants {1}, not one picture.', file, inputs || sentence('no input')),
    );
  }
  const { name, elementType, channelsLast, channels, height, width, batch } = picture;
  if (![FLOAT, FLOAT16, 0].includes(elementType)) {
    throw new EngineError(
      'ERR_UNSUPPORTED',
      sentence(
        '{0} takes pictures in another number format than float32 and float16; export it with float32 inputs.',
        file,
      ),
    );
  }
  const { crop, resize } = preprocessing;
  const wanted =
    crop ?? (resize.kind === 'exact' || resize.kind === 'keep-ratio' ? resize : { height: 224, width: 224 });
  const inputShape: [number, number, number] = [
    channels ?? preprocessing.channels,
    height ?? wanted.height,
    width ?? wanted.width,
  ];
  return { input: name, half: elementType === FLOAT16, channelsLast, batch, inputShape };
}

/** What turned out to be attention between the same tokens, by layers. */
function layersOf(maps: FoundMap[], results: Results, { architecture }: ModelDescription, batch: number) {
  const square = maps.flatMap(({ value, key, query, level }) => {
    const tensor = results[promoted(value)];
    const output: MapOutput = { output: promoted(value), key, query };
    const values = tensor && { dims: tensor.dims, data: tensor.data as Float32Array };
    if (!values || !isAttention(values, output)) return [];
    const { shape } = mapsOf(values, output, 0, batch);
    return [{ output, level, tokens: tokensOf(values.dims, output) ?? 0, heads: shape[0] ?? 0 }];
  });
  // Token count of most maps; a pooling head's own attention has another and is left out.
  const tokens = mostCommon(square.map((map) => map.tokens));
  const kept = square.filter((map) => map.tokens === tokens && map.heads > 0);
  const layers: { level: number; heads: number; maps: LayerMaps }[] = [];
  for (const { output, level, heads } of kept) {
    const layer = layers.find((other) => other.level === level);
    if (layer === undefined) layers.push({ level, heads, maps: { parts: [output], combine: 'mean' } });
    else layer.maps.parts.push(output);
  }
  const branches = architecture?.block.branches ?? 1;
  let heads = layers[0]?.heads ?? 0;
  // Side by side are parallel branches (their mean is the map, as in the native engine), or single heads of one attention.
  const apart = layers.every(({ maps: { parts }, heads: each }) => each === 1 && parts.length > branches);
  if (apart && layers.length > 0) {
    for (const { maps: own } of layers) own.combine = 'heads';
    heads = layers[0]?.maps.parts.length ?? 0;
  }
  return { attention: layers.map((layer) => layer.maps), tokens, heads };
}

function mostCommon(values: number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

/** By the config beside the file where it counts the same tokens; else from the patch embedding's kernel. */
function tokensAs(
  model: OnnxModel,
  { architecture }: ModelDescription,
  [, height, width]: [number, number, number],
  tokens: number,
): Pick<ModelTokens, 'numTokens' | 'numPrefix' | 'prefixNames' | 'grid'> {
  if (architecture) {
    const { numTokens, numPrefix, prefixNames, grid } = modelTokens(architecture);
    if (numTokens === tokens) return { numTokens, numPrefix, prefixNames, grid };
  }
  const grid = patchGrid(model, height, width, tokens);
  const prefix = tokens - grid[0] * grid[1];
  return {
    numTokens: tokens,
    numPrefix: prefix,
    prefixNames: Array.from({ length: prefix }, (_, i) => (i === 0 ? 'class' : `prefix ${i + 1}`)),
    grid,
  };
}

/** From the patch embedding's kernel; else the largest square that leaves at most 8 prefix tokens. */
function patchGrid({ graph }: OnnxModel, height: number, width: number, tokens: number): [number, number] {
  const patch = findPatch(graph);
  if (patch !== null) {
    const grid: [number, number] = [Math.floor(height / patch[0]), Math.floor(width / patch[1])];
    if (grid[0] * grid[1] <= tokens) return grid;
  }
  const side = Math.floor(Math.sqrt(tokens));
  return tokens - side * side <= 8 ? [side, side] : [1, tokens];
}

function parametersOf({ graph }: OnnxModel): number {
  let count = 0;
  for (const { dims, dataType } of graph.initializers.values()) {
    if (dataType === FLOAT || dataType === FLOAT16) count += dims.reduce((product, side) => product * side, 1);
  }
  return count;
}
