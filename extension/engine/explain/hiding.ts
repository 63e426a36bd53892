/** Maps made by hiding patches: how the explained number changes without them. */
import { SampledMap } from './estimates';
import { samplingMasks, singleMasks } from './masks';
import { passes, type Picture } from './passes';
import { randomNumbers } from '../../system/random';

/** The explained number, of the logits of a pass. */
type ValueOf = (logits: Float32Array) => number;

interface Going {
  signal: AbortSignal;
  /** After each batch of passes: how many there were. */
  after: (done: number) => void;
}

/** For each patch y - y without it, (patches,). One pass a patch. */
export async function leaveOneOut(picture: Picture, y: number, valueOf: ValueOf, going: Going): Promise<Float32Array> {
  const { patches } = picture;
  const map = new Float32Array(patches);
  await passes(
    picture,
    patches,
    (from, to) => singleMasks(patches, from, to),
    (patch, logits) => (map[patch] = y - valueOf(logits)),
    going,
  );
  return map;
}

/** For each patch the mean with it less the mean without it, over `total` passes (an even number) with random patches hidden; (patches,). */
export async function tokenSampling(
  picture: Picture,
  { total, seed }: { total: number; seed: number },
  valueOf: ValueOf,
  going: Going,
): Promise<Float32Array> {
  const { patches } = picture;
  const random = randomNumbers(seed);
  const map = new SampledMap(patches);
  let masks: Uint8Array = new Uint8Array();
  let first = 0;
  await passes(
    picture,
    total,
    (from, to) => {
      first = from;
      return (masks = samplingMasks(patches, to - from, random));
    },
    (variant, logits) => {
      const at = (variant - first) * patches;
      map.add(valueOf(logits), masks.subarray(at, at + patches));
    },
    going,
  );
  return map.map();
}
