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
}

/** Throws ERR_UNSUPPORTED where embeddings are wanted and the model has none. */
export function headerOf({ description, loaded, weights, precision, root, topK, embeddings }: Of): ResultsHeader {
  const { architecture, preprocessing, labels, id, name, energyThreshold } = description;
  const { engine, scores } = loaded;
  const files = weights.files.map(({ sha256 }) => sha256);
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
    embeddings: embeddings === null ? null : { file: embeddings, length: embeddingLength(description, loaded) },
  };
}

/** In English, as results are the same whoever makes them. */
export const classText = (label: string | null | undefined, index: number): string =>
  label || className(null, index).message;

function embeddingLength({ architecture, name }: DescribedModel, { engine }: LoadedModel): number {
  const length = engine === 'native' && architecture ? featureLength(architecture) : 0;
  if (length > 0) return length;
  const said =
    engine === 'native'
      ? sentence('{0} pools nothing: it has no embeddings of pictures.', name)
      : sentence('Embeddings of {0} need the native engine; ONNX Runtime gives its output alone.', name);
  throw new EngineError('ERR_UNSUPPORTED', said);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
