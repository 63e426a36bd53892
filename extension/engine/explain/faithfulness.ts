/** Deletion and insertion of one map's patches, and deletion in random orders, computed in batches and reported as they come. */
import { scoresOf, type Scores } from '../../architecture/scores';
import type { Curve } from '../requests';
import { curveOf, meanCurve } from './curves';
import { deletionMasks, insertionMasks } from './masks';
import { descending } from './order';
import { passes, type Picture } from './passes';
import { randomNumbers, shuffled } from '../../system/random';

/** Random orders that a map is compared with. */
export const RANDOM_ORDERS = 5;

export interface Scored extends Picture {
  /** With every patch shown that the run showed. */
  logits: ArrayLike<number>;
  scores: Scores;
  class: number;
}

interface Watch {
  signal: AbortSignal;
  /** Points so far, and passes so far. */
  after: (points: number[][], done: number) => void;
}

const scoreOf = ({ scores, class: index }: Scored, logits: ArrayLike<number>): number =>
  scoresOf(logits, scores)[index]!;

/** Passes that deletionAndInsertion makes: no patch hidden is known, and all hidden is a point of both. */
export const mapPasses = (patches: number): number => 2 * patches - 1;

export const randomPasses = (patches: number): number => RANDOM_ORDERS * Math.max(0, patches - 1);

/** Both curves by one walk along the map's order, so that they are drawn together. */
export async function deletionAndInsertion(
  picture: Scored,
  map: ArrayLike<number>,
  { signal, after }: Watch,
): Promise<{ deletion: Curve; insertion: Curve }> {
  const { patches } = picture;
  const order = descending(map);
  const whole = scoreOf(picture, picture.logits);
  const [deletion, insertion]: number[][] = [[whole], []];
  // variant 0 hides everything; then 1 patch hidden, 1 shown, 2 hidden, 2 shown, ...
  let none = NaN;
  const masks = (from: number, to: number): Uint8Array => {
    const all = new Uint8Array((to - from) * patches);
    for (let v = from; v < to; v++) {
      const k = Math.ceil(v / 2);
      const make = v % 2 === 1 ? deletionMasks : insertionMasks;
      all.set(make(order, k, k + 1), (v - from) * patches);
    }
    return all;
  };
  const take = (variant: number, logits: Float32Array): void => {
    const score = scoreOf(picture, logits);
    if (variant === 0) none = score;
    (variant % 2 === 1 ? deletion! : insertion!).push(score);
  };
  await passes(picture, mapPasses(patches), masks, take, {
    signal,
    after: (done) => after([deletion!, insertion!], done),
  });
  deletion!.push(none);
  insertion!.push(whole);
  return { deletion: curveOf(deletion!), insertion: curveOf(insertion!) };
}

/**
 * Deletion in random orders. `none`: the score with every patch hidden. Insertion in an order is deletion in the reverse one, so
 * their mean areas estimate the same number.
 */
export async function randomDeletion(
  picture: Scored,
  seed: number,
  none: number,
  { signal, after }: Watch,
): Promise<Curve & { aucs: number[] }> {
  const { patches } = picture;
  const random = randomNumbers(seed);
  const orders = Array.from({ length: RANDOM_ORDERS }, () => shuffled(patches, random));
  const whole = scoreOf(picture, picture.logits);
  const points = orders.map(() => [whole]);
  const each = Math.max(0, patches - 1);
  const masks = (from: number, to: number): Uint8Array => {
    const all = new Uint8Array((to - from) * patches);
    for (let v = from; v < to; v++) {
      const k = (v % each) + 1;
      all.set(deletionMasks(orders[Math.floor(v / each)]!, k, k + 1), (v - from) * patches);
    }
    return all;
  };
  const take = (variant: number, logits: Float32Array): void =>
    void points[Math.floor(variant / each)]!.push(scoreOf(picture, logits));
  await passes(picture, RANDOM_ORDERS * each, masks, take, { signal, after: (done) => after(points, done) });
  return meanCurve(points.map((known) => curveOf([...known, none])));
}
