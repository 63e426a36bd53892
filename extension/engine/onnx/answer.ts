/** Which output of a foreign graph is shown, and as what: classes by one rule, features never as classes. */
import type { Tensor } from 'onnxruntime-node';
import type { ModelDescription } from '../../architecture/description';
import { scoresFor, type Scores } from '../../architecture/scores';
import { answerOf, namesClasses, namesFeatures, type Answer } from '../../onnx/answer';
import { promoted } from '../../onnx/promote';
import { FLOAT, FLOAT16, type OnnxModel } from '../../onnx/schema';
import { EngineError } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';

const DOUBLE = 11;
const BFLOAT16 = 16;

export interface LogitsOutput {
  output: string;
  /**
   * The graph gives probabilities in a way that cannot be undone. `shares` of one: their logarithm stands for the logits;
   * `single` ones: log(p / (1 - p)).
   */
  probabilities: 'shares' | 'single' | null;
}

/** All outputs of floating-point numbers, or chosen among such, each looked at from its end. */
export const answersOf = ({ graph }: OnnxModel): Answer[] =>
  graph.outputs
    .map(({ name, elementType }) => ({
      answer: answerOf(graph, name),
      numbers: [FLOAT, FLOAT16, DOUBLE, BFLOAT16, 0].includes(elementType),
    }))
    .filter(({ answer, numbers }) => numbers || answer.value !== answer.output)
    .map(({ answer }) => answer);

/** @param candidates with what they gave for a picture of zeros */
export function chooseAnswer(
  candidates: (Answer & { tensor: Tensor | undefined })[],
  batch: number,
  { architecture, labels, scores, path }: ModelDescription,
): { value: string; logits: LogitsOutput; scores: Scores | null } {
  const declared = architecture?.classes || labels?.length || 0;
  const sized = candidates.flatMap(({ tensor, ...answer }) => {
    if (tensor === undefined) return [];
    const wide = tensor.dims.slice(1).filter((side) => side !== 1).length;
    return [{ ...answer, tensor, flat: wide <= 1, size: tensor.size / batch }];
  });
  const flat = sized.filter((each) => each.flat);
  const classes =
    flat.find(({ size, output }) => size === declared && !namesFeatures(output)) ??
    flat.find(({ output }) => namesClasses(output)) ??
    flat.find((answer) => answer.scores !== null) ??
    // a config without a classifier says that what is there are features
    (architecture?.classes === 0 ? undefined : flat.find(({ output }) => !namesFeatures(output)));
  const chosen = classes ?? flat[0] ?? sized[0];
  if (chosen === undefined) throw new EngineError('ERR_MODEL', sentence('{0} has no output to show.', path));
  const output = promoted(chosen.value);
  if (chosen !== classes) return { value: chosen.value, logits: { output, probabilities: null }, scores: null };
  const found = chosen.scores ?? scores ?? scoresFor('', chosen.size);
  const values = chosen.tensor.data as Float32Array;
  const shares = chosen.scores === null && found === 'softmax' && areProbabilities(values, batch);
  return {
    value: chosen.value,
    logits: { output, probabilities: chosen.probabilities ? 'single' : shares ? 'shares' : null },
    scores: found,
  };
}

/** Logits that are all positive and add up to one by chance are not to be expected. */
function areProbabilities(values: Float32Array, batch: number): boolean {
  const classes = values.length / batch;
  if (classes < 2) return false;
  let sum = 0;
  for (let i = 0; i < classes; i++) {
    const value = values[i] ?? NaN;
    if (!(value >= 0 && value <= 1)) return false;
    sum += value;
  }
  return Math.abs(sum - 1) < 1e-3;
}
