/** The same weights and the same input through two engines: where and by how much they differ. */
import { tolerances } from '../tolerances';
import type { BackendModel, BackendRun, BackendSlice } from '../backend';
import type { Difference, Verification } from '../requests';

/** @param input (1, C, H, W), preprocessed */
export async function verify(
  native: BackendModel,
  onnx: BackendModel,
  input: Float32Array,
  assertFinite: (run: BackendRun) => Promise<void>,
  signal: AbortSignal,
): Promise<Verification> {
  const timed = async (model: BackendModel): Promise<{ run: BackendRun; ms: number }> => {
    const started = performance.now();
    const run = await model.forward({ input, batch: 1, attention: true, tokens: true, signal });
    const ms = performance.now() - started;
    await assertFinite(run);
    return { run, ms };
  };
  const ours = await timed(native);
  const theirs = await timed(onnx);
  try {
    const both = async (what: BackendSlice): Promise<Difference> =>
      difference((await ours.run.slice(0, what)).values, (await theirs.run.slice(0, what)).values);
    const logits = difference(ours.run.logits, theirs.run.logits);
    const layers = [];
    for (let layer = 0; layer < native.loaded.layers; layer++) {
      const attention = await both({ kind: 'attention', layer });
      layers.push({ layer, attention, tokens: await both({ kind: 'tokens', layer: layer + 1 }) });
    }
    const agree =
      logits.max <= tolerances.logits * Math.max(1, logits.scale) &&
      layers.every(({ attention }) => attention.max <= tolerances.attention);
    return { logits, layers, agree, forward_ms: { native: ours.ms, onnx: theirs.ms } };
  } finally {
    ours.run.release();
    theirs.run.release();
  }
}

/** NaN on one side only counts as infinitely different. */
export function difference(a: Float32Array, b: Float32Array): Difference {
  if (a.length !== b.length) return { max: Infinity, scale: 0 };
  let max = 0;
  let scale = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    const apart = Object.is(x, y) ? 0 : Math.abs(x - y);
    max = Math.max(max, Number.isNaN(apart) ? Infinity : apart);
    scale = Math.max(scale, Math.abs(y));
  }
  return { max, scale };
}
