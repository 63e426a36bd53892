/** What a job's results say of the model they are of. */
import { createHash } from 'node:crypto';
import { className } from '../architecture/className';
import { featureLength } from '../architecture/tensors';
import type { DescribedModel, LoadedModel, WeightFiles } from '../engine/requests';
import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import type { ResultsHeader } from '../results/format';

interface Of {
  description: DescribedModel;
  loaded: LoadedModel;
  weights: WeightFiles;
  precision: string;
  /** The folder that ids begin in, absolute; '' for none. */
  root: string;
  topK: number;
  /** Name of the file of embeddings; null: none are wanted. */
  embeddings: string | null;
  /** Nothing is refused for want of embeddings: there are none then. */
  embeddingsIfAny: boolean;
}

/** Throws ERR_UNSUPPORTED where embeddings are wanted and the model has none. */
export function headerOf(of: Of): ResultsHeader {
  const { description, loaded, weights, precision, root, topK, embeddings, embeddingsIfAny } = of;
  const { architecture, preprocessing, labels, id, name, energyThreshold } = description;
  const { engine, scores } = loaded;
  const files = weights.files.map(({ sha256 }) => sha256);
  const length = embeddings === null ? 0 : embeddingLength(description, loaded);
  if (embeddings !== null && length === 0 && !embeddingsIfAny) throw withoutEmbeddings(name, engine);
  const classes = scores === null ? 0 : (architecture?.classes ?? labels?.length ?? 0);
  return {
    vitresults: 1,
    created: new Date().toISOString(),
    root,
    model: { source: id, name, hash: sha256(JSON.stringify([architecture, weights.seed, files])) },
    preprocessing: { ...preprocessing, hash: sha256(JSON.stringify(preprocessing)) },
    engine,
    precision: engine === 'native' ? precision : 'fp32',
    scores,
    classes: Array.from({ length: classes }, (_, i) => classText(labels?.[i], i)),
    topK,
    unfamiliarBelow: energyThreshold ?? null,
    embeddings: embeddings !== null && length > 0 ? { file: embeddings, length } : null,
  };
}

/** In English, as results are the same whoever makes them. */
export const classText = (label: string | null | undefined, index: number): string =>
  label || className(null, index).message;

/** 0: there are none. */
const embeddingLength = ({ architecture }: DescribedModel, { engine }: LoadedModel): number =>
  engine === 'native' && architecture ? featureLength(architecture) : 0;

function withoutEmbeddings(name: string, engine: LoadedModel['engine']): EngineError {
  const said =
    engine === 'native'
      ? sentence('{0} pools nothing: it has no embeddings of pictures.', name)
      : sentence('Embeddings of {0} need the native engine; ONNX Runtime gives its output alone.', name);
  return new EngineError('ERR_UNSUPPORTED', said);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
