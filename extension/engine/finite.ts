/** Results that are not numbers are an error that names where they come from, never a probability. */
import type { ModelDescription } from '../architecture/description';
import { EngineError } from '../errors/engineError';
import { sentence, type Sentence } from '../errors/sentence';
import { firstNonFinite, placeIn } from '../files/finite';
import { firstTensorNotFinite } from '../models/weightValues';
import type { BackendRun } from './backend';

/** Throws ERR_ARGUMENT naming the first value of an input that is not a number. */
export function assertFiniteInput(values: Float32Array, shape: readonly number[]): void {
  const at = firstNonFinite(values);
  if (at < 0) return;
  const said = sentence(
    'The input holds a value that is not a number ({0}), at {1}.',
    String(values[at]),
    placeIn(shape, at),
  );
  throw new EngineError('ERR_ARGUMENT', said);
}

/** Releases the run and throws ERR_TENSOR when its results are not numbers. */
export async function assertFiniteRun(description: ModelDescription, run: BackendRun): Promise<void> {
  const at = firstNonFinite(run.logits);
  if (at < 0) return;
  try {
    const image = Math.floor(at / (run.logits.length / run.batch));
    throw new EngineError('ERR_TENSOR', await whyNotFinite(description, run, image));
  } finally {
    run.release();
  }
}

/** Looked for once: each picture of a job may have to know. */
const notFinite = new WeakMap<ModelDescription, ReturnType<typeof firstTensorNotFinite>>();

function tensorNotFinite(description: ModelDescription): ReturnType<typeof firstTensorNotFinite> {
  const known = notFinite.get(description) ?? firstTensorNotFinite(description);
  notFinite.set(description, known);
  return known;
}

export async function whyNotFinite(description: ModelDescription, run: BackendRun, image: number): Promise<Sentence> {
  const { path } = description;
  const tensor = await tensorNotFinite(description);
  if (tensor)
    return sentence(
      '{0} cannot be run: its weights hold values that are not numbers (NaN or infinity), first in tensor {1} at {2}.',
      path,
      tensor.name,
      placeIn(tensor.shape, tensor.first),
    );
  const step = await run.firstNonFiniteStep(image);
  return step === null
    ? sentence('{0} gives results that are not numbers (NaN or infinity) for this input.', path)
    : sentence(
        '{0} gives values that are not numbers (NaN or infinity) for this input, first in step {1}.',
        path,
        step,
      );
}
