/** The most probable class of a row of logits. Subtracting the largest logit keeps the exponentials finite. */
export function mostProbable(logits: Float32Array): { index: number; probability: number } {
  let index = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[index]!) index = i;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[index]!);
  return { index, probability: 1 / sum };
}
