/** Two models on the same pictures. */

/** Of pictures that both have, with a label both models know: whether each was right. */
export interface Agreement {
  bothRight: number;
  onlyFirst: number;
  onlySecond: number;
  bothWrong: number;
}

/**
 * McNemar's test, exact: how probable a difference at least as large is, if the two models were equally good. Only pictures on which one
 * of them is right count; of n such, the number one model has is binomial (n, 1/2). Two-sided; 1 when there are none.
 */
export function mcNemar({ onlyFirst, onlySecond }: Pick<Agreement, 'onlyFirst' | 'onlySecond'>): number {
  const n = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  if (n === 0) return 1;
  // log of C(n, k) / 2^n, from one k to the next
  let term = -n * Math.LN2;
  // terms rise up to the middle: the sum is kept in units of the last one
  let sum = 1;
  for (let k = 1; k <= fewer; k++) {
    const ratio = (n - k + 1) / k;
    term += Math.log(ratio);
    sum = sum / ratio + 1;
  }
  return Math.min(1, 2 * Math.exp(term) * sum);
}

/** @param first whether each picture was right under the first model, `second` under the second */
export function agreement(first: readonly boolean[], second: readonly boolean[]): Agreement {
  const counts: Agreement = { bothRight: 0, onlyFirst: 0, onlySecond: 0, bothWrong: 0 };
  first.forEach((right, i) => {
    counts[right ? (second[i] ? 'bothRight' : 'onlyFirst') : second[i] ? 'onlySecond' : 'bothWrong']++;
  });
  return counts;
}
