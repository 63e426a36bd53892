/** Integrated gradients (Sundararajan et al. 2017, eq. 3): the mean gradient on the straight way from the zero input, times the input. */
import type { Target } from '../../../native/binding';
import { cancelled } from '../../errors/engineError';
import type { BackendModel } from '../backend';
import { addRows, alongTheWay, inputTimesGradient, type PatchLayout } from './estimates';

/** Pictures of one pass: they keep their tokens until the gradients are there. */
const TOKENS_AT_ONCE = 1024;

interface Of {
  model: BackendModel;
  /** (C, H, W), normalised: its zero is the picture of the training set's mean colour. */
  input: Float32Array;
  hidden: Uint32Array;
  layout: PatchLayout;
}

interface What {
  target: Target;
  /** Of a row of logits. */
  y: (logits: ArrayLike<number>) => number;
  /** Logits of the whole input. */
  whole: ArrayLike<number>;
  /** Gradients are taken at (k - 0.5) / steps of the way, k = 1..steps. */
  steps: number;
}

/** The map over the patches, and its completeness error: its sum less y(input) - y(zero). Rejects with ERR_CANCELLED. */
export async function integratedGradients(
  { model, input, hidden: maskedPatches, layout }: Of,
  { target, y, whole, steps }: What,
  { signal, after }: { signal: AbortSignal; after: (passes: number) => void },
): Promise<{ values: Float32Array; completeness: number }> {
  const forward = (pictures: Float32Array, batch: number, tokens: boolean) =>
    model.forward({ input: pictures, batch, attention: false, tokens, maskedPatches, signal });
  const zero = await forward(new Float32Array(input.length), 1, false);
  const atZero = y(zero.logits);
  zero.release();
  after(1);
  const step = Math.max(1, Math.min(8, Math.floor(TOKENS_AT_ONCE / model.loaded.numTokens)));
  const sums = new Float64Array(input.length);
  for (let from = 0; from < steps; from += step) {
    if (signal.aborted) throw cancelled();
    const to = Math.min(steps, from + step);
    const run = await forward(alongTheWay(input, steps, from, to), to - from, true);
    try {
      const targets = Array.from({ length: to - from }, () => target);
      const { input: gradients } = await run.inside!.gradients({ targets, input: true }, signal);
      addRows(sums, gradients!);
    } finally {
      run.release();
    }
    after(to + 1);
  }
  const mean = sums.map((sum) => sum / steps);
  const values = inputTimesGradient(input, mean, layout);
  let sum = 0;
  for (const value of values) sum += value;
  return { values, completeness: sum - (y(whole) - atZero) };
}
