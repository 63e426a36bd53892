/** Somebody else's .onnx file: which input takes the picture, which output is the answer, where attention is. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelDescription } from '../../architecture/description';
import { findAttention, findPatch, promoteToOutputs } from '../../onnx/attention';
import { pictureInput } from '../../onnx/picture';
import { FLOAT, readModel, type OnnxModel } from '../../onnx/schema';
import type { BackendModel } from '../backend';
import { EngineError } from '../../errors/engineError';
import type { OnnxLayout } from './model';
import { firstLine, type Runtime } from './runtime';

export interface OpenedFile {
  session: InferenceSession;
  layout: OnnxLayout;
  loaded: BackendModel['loaded'];
  inputShape: [channels: number, height: number, width: number];
}

/**
 * Reads the graph, makes a session with every attention map as an output, and runs it once on zeros: shapes are often
 * symbolic in the file, and the first pass of a session is its slow one anyway.
 */
export async function openForeign(
  ort: Runtime,
  file: string,
  bytes: Uint8Array,
  description: ModelDescription,
  create: (bytes: Uint8Array) => Promise<InferenceSession>,
): Promise<OpenedFile> {
  const model = parse(file, bytes);
  const { input, channelsLast, inputShape } = findInput(file, model, description);
  const { maps, fused } = findAttention(model.graph);
  const session = await create(promoteToOutputs(bytes, model.graph, maps));
  const [channels, height, width] = inputShape;
  const dims = channelsLast ? [1, height, width, channels] : [1, channels, height, width];
  const zeros = new ort.Tensor('float32', new Float32Array(channels * height * width), dims);
  const results = (await session.run({ [input]: zeros }).catch((error: unknown) => {
    throw new EngineError('ERR_MODEL', `${file} fails on a ${width}x${height} picture: ${firstLine(error)}`);
  })) as Record<string, Tensor>;

  const square = maps.filter((name) => isMap(results[name]));
  // Token count of most maps; a pooling head's own attention has another and is left out.
  const tokens = mostCommon(square.map((name) => results[name]?.dims.at(-1) ?? 0));
  const attention = square.filter((name) => results[name]?.dims.at(-1) === tokens);
  const layout: OnnxLayout = {
    input,
    channelsLast,
    logits: findAnswer(file, model, results),
    attention,
    stageAttention: [],
    tokens: [],
  };
  const heads = attention[0] === undefined ? 0 : headsOf(results[attention[0]]);
  const grid = patchGrid(model, height, width, tokens);
  const prefix = tokens - grid[0] * grid[1];
  return {
    session,
    layout,
    inputShape,
    loaded: {
      engine: 'onnx',
      numTokens: tokens,
      numPrefix: prefix,
      prefixNames: Array.from({ length: prefix }, (_, i) => (i === 0 ? 'class' : `prefix ${i + 1}`)),
      grid,
      layers: attention.length,
      heads,
      stages: [],
      parameters: parametersOf(model),
      steps: [],
      memory: { weights: bytes.length, scratch: 0 },
      attention: attention.length > 0 ? true : noAttention(description.name, fused),
    },
  };
}

function parse(file: string, bytes: Uint8Array): OnnxModel {
  try {
    return readModel(bytes);
  } catch (error) {
    throw new EngineError('ERR_MODEL', `${file} cannot be used: ${firstLine(error)}.`);
  }
}

function noAttention(name: string, fused: number): string {
  return fused > 0
    ? `${name} computes attention with fused operators, which keep no attention maps.`
    : `${name} has no attention (no softmax between two matrix products).`;
}

/** The one 4-dimensional float input that no initializer feeds. */
function findInput(file: string, { graph }: OnnxModel, { preprocessing }: ModelDescription) {
  const picture = pictureInput(graph);
  if (picture === null) {
    const free = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
    const inputs = free.map(({ name, shape }) => `${name} (${shape?.join(', ') ?? 'any shape'})`).join(', ');
    throw new EngineError(
      'ERR_MODEL',
      `${file} is no image classifier: it wants ${inputs || 'no input'}, not one picture.`,
    );
  }
  const { input, channelsLast, channels, height, width } = picture;
  if (input.elementType !== FLOAT && input.elementType !== 0) {
    throw new EngineError(
      'ERR_UNSUPPORTED',
      `${file} takes pictures in another number format than float32; export it with float32 inputs.`,
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
  return { input: input.name, channelsLast, inputShape };
}

/** 'logits' by name, else the first output of the file that is (1, classes); features of an encoder otherwise. */
function findAnswer(file: string, { graph }: OnnxModel, results: Record<string, Tensor>): string {
  const float = graph.outputs.map(({ name }) => name).filter((name) => results[name]?.type === 'float32');
  const named = float.find((name) => /logits/i.test(name) && results[name]?.dims.length === 2);
  const answer = named ?? float.find((name) => results[name]?.dims.length === 2) ?? float[0];
  if (answer === undefined) throw new EngineError('ERR_MODEL', `${file} has no float32 output to show.`);
  return answer;
}

const isMap = (tensor: Tensor | undefined): boolean =>
  tensor !== undefined &&
  tensor.type === 'float32' &&
  (tensor.dims.length === 4 ? tensor.dims[0] === 1 : tensor.dims.length === 3) &&
  tensor.dims.at(-1) === tensor.dims.at(-2);

const headsOf = (tensor: Tensor | undefined): number => (tensor === undefined ? 0 : (tensor.dims.at(-3) ?? 0));

function mostCommon(values: number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
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
    if (dataType === FLOAT || dataType === 10) count += dims.reduce((product, side) => product * side, 1);
  }
  return count;
}
