/**
 * onnxruntime as an engine: an .onnx file as it is, or any ViT of ours by way of the export. Loaded on first use.
 * A running session cannot be cancelled (onnxruntime has no way to); the client's kill is what ends it.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { exportOnnx, outputNames } from '../../onnx/export';
import type { TensorReader } from '../../onnx/weights';
import { exportedBytes, passBytes } from '../../onnx/size';
import { tensorsFromFiles } from '../../onnx/weights';
import type { Architecture, ModelDescription, TensorSource } from '../../architecture/description';
import type { Backend, BackendModel } from '../backend';
import type { EngineOptions, Slice } from '../requests';
import { EngineError } from '../../errors/engineError';
import { whyUnreadable } from '../../errors/fileRefusal';
import { readRegularFile } from '../../files/regularFile';
import { modelTokens } from '../loaded';
import { assertMemory, memoryLimit } from '../memory';
import type { ExternalFile } from './externalFiles';
import { openForeign } from './foreign';
import type { LayerMaps } from './maps';
import { LazySessions, OnnxModel, type OnnxLayout } from './model';
import { createSession, loadRuntime } from './runtime';
import { sentence } from '../../errors/sentence';

/** What protobuf holds in one message. */
const MOST_BYTES = 2 ** 31 - 1;

interface Weights {
  read: TensorReader;
  parameters: number;
}

/** Weights that only the addon can make: those drawn from a seed. */
export type SeededWeights = (architecture: Architecture, seed: number) => Promise<Weights>;

export class OnnxBackend implements Backend {
  readonly kind = 'onnx';

  constructor(private readonly seeded: SeededWeights) {}

  async load(description: ModelDescription, options: EngineOptions): Promise<BackendModel> {
    const limit = memoryLimit(options.memoryLimit);
    const ort = await loadRuntime();
    const create = (bytes: Uint8Array, external: readonly ExternalFile[] = []): Promise<InferenceSession> =>
      createSession(ort, bytes, external, description, options);
    if (description.weights.kind === 'onnx') {
      const file = description.weights.file;
      // the file, its copy with more outputs, and what ONNX Runtime makes of it
      const assertFits = (bytes: number): void =>
        assertMemory(sentence('{0} in ONNX Runtime', file), COPIES * bytes, limit);
      assertFits(description.bytes);
      const bytes = await readRegularFile(file, MOST_BYTES).catch((error: unknown) => {
        throw new EngineError('ERR_FILE', whyUnreadable(file, error));
      });
      const { sessions, layout, loaded, inputShape } = await openForeign(
        ort,
        file,
        bytes,
        description,
        create,
        assertFits,
      );
      return new OnnxModel(ort, sessions, layout, loaded, inputShape, () => {
        throw new EngineError(
          'ERR_UNSUPPORTED',
          sentence('{0} is an ONNX file; its weight tensors are not shown.', description.name),
        );
      });
    }
    const { architecture } = description;
    if (architecture === null)
      throw new EngineError('ERR_MODEL', sentence('{0} has no architecture to export.', description.name));
    assertExportable(description.name, architecture, limit);
    const { read, parameters } = await weightsOf(description, architecture, this.seeded);
    const build = (extras: boolean): Promise<InferenceSession> =>
      create(Buffer.concat(exportOnnx(description.name, architecture, read, { attention: extras, tokens: extras })));
    const sessions = new LazySessions(build);
    const layout = layoutOf(architecture);
    const { channels, height, width } = architecture.image;
    const loaded: BackendModel['loaded'] = {
      engine: 'onnx',
      ...modelTokens(architecture),
      parameters,
      steps: [],
      memory: { weights: description.bytes, scratch: 0 },
      scores: description.scores,
      attention: true,
      tokens: true,
      explains: sentence('ONNX Runtime gives no gradients and hides no patches: choose the native engine.'),
    };
    const readTensor = (name: string): Slice => {
      const tensor = read(name);
      if (tensor === null)
        throw new EngineError('ERR_ARGUMENT', sentence('{0} has no tensor {1}.', description.name, name));
      return tensor;
    };
    const fits = (batch: number, keeps: { attention: boolean; tokens: boolean }): void =>
      assertMemory(sentence('A pass of {0}', description.name), passBytes(architecture, batch, keeps), limit);
    return new OnnxModel(ort, sessions, layout, loaded, [channels, height, width], readTensor, fits);
  }
}

/** The weights as they are gathered, as one file, and in ONNX Runtime. */
const COPIES = 3;

/** Throws ERR_MEMORY when the model written as ONNX needs more than the limit. */
export function assertExportable(name: string, architecture: Architecture, limit: number): void {
  assertMemory(sentence('{0} as ONNX', name), COPIES * exportedBytes(architecture), limit);
}

/** A model's tensors and how many numbers they are, wherever they come from. */
export async function weightsOf(
  { weights, path: file }: ModelDescription,
  architecture: Architecture,
  seeded: SeededWeights,
): Promise<Weights> {
  switch (weights.kind) {
    case 'tensors':
      return storedWeights(weights.tensors);
    case 'seed':
      return seeded(architecture, weights.seed);
    case 'onnx':
      throw new EngineError('ERR_UNSUPPORTED', sentence('{0} keeps its weights in an ONNX graph.', file));
  }
}

function storedWeights(tensors: Record<string, TensorSource>): Weights {
  const sizes = Object.values(tensors).map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  return { read: tensorsFromFiles(tensors), parameters: sizes.reduce((sum, size) => sum + size, 0) };
}

/** (B, h, N, N) */
const maps = (output: string): LayerMaps => ({ parts: [{ output, key: -1, query: -2 }], combine: 'mean' });

function layoutOf({ depth, tokenizer }: Architecture): OnnxLayout {
  const stages = tokenizer.kind === 'soft-split' ? tokenizer.stages.length : 0;
  return {
    input: 'input',
    channelsLast: false,
    half: false,
    batch: null,
    logits: { output: outputNames.logits, probabilities: null },
    attention: Array.from({ length: depth }, (_, i) => maps(outputNames.attention(i))),
    stageAttention: Array.from({ length: stages }, (_, i) => maps(outputNames.stageAttention(i))),
    tokens: Array.from({ length: depth + 1 }, (_, i) => outputNames.tokens(i)),
  };
}
