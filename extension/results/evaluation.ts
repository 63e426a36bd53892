/** How a model's predictions compare with the labels of pictures. */

/** Columns of the rows that are compared, all of the same length. */
export interface Compared {
  /** Most probable class; -1: no prediction. */
  predicted: Int32Array;
  /** Its probability, 0..1; NaN where the model gives none. */
  confidence: Float32Array;
  /** The most probable classes of each row, (rows, width), of which `best` count; -1 fills up. */
  top: Int32Array;
  width: number;
  best: number;
  /** Labels, -1: none. */
  label: Int32Array;
  /** By label: the model's class it means, -1: the model knows none. */
  classOf: Int32Array;
}

export interface ClassFigures {
  label: number;
  /** Rows of that label; rows predicted as its class; rows where both are so. */
  support: number;
  predicted: number;
  correct: number;
}

export interface CalibrationBin {
  count: number;
  /** Mean confidence and share of correct ones; 0 in an empty bin. */
  confidence: number;
  accuracy: number;
}

export interface Evaluation {
  /** Rows with a label and a prediction; of them, those whose label is a class of the model; of these, the correct ones. */
  labelled: number;
  known: number;
  correct: number;
  /** Correct among the `best` most probable classes. */
  amongBest: number;
  best: number;
  confusion: Confusion;
  classes: ClassFigures[];
  calibration: { bins: CalibrationBin[]; ece: number } | null;
}

/** Rows of a label (down) that were predicted as a class (across), of labels and classes that occur. */
export interface Confusion {
  labels: Int32Array;
  classes: Int32Array;
  /** (labels, classes) */
  counts: Uint32Array;
}

export const CALIBRATION_BINS = 15;

/** The most cells of a confusion matrix: 2,000 classes by as many. */
const MOST_CELLS = 4_000_000;

export function evaluate(compared: Compared): Evaluation {
  const { predicted, label, classOf, top, width, best } = compared;
  let [labelled, known, correct, amongBest] = [0, 0, 0, 0];
  const figures = Array.from(classOf, (_, i): ClassFigures => ({ label: i, support: 0, predicted: 0, correct: 0 }));
  const labelOfClass = new Map<number, number>();
  classOf.forEach((index, i) => index >= 0 && labelOfClass.set(index, i));
  for (let row = 0; row < predicted.length; row++) {
    const [said, guess] = [label[row]!, predicted[row]!];
    if (said < 0 || guess < 0) continue;
    labelled++;
    figures[said]!.support++;
    const guessed = labelOfClass.get(guess);
    if (guessed !== undefined) figures[guessed]!.predicted++;
    const wanted = classOf[said]!;
    if (wanted < 0) continue;
    known++;
    if (guess === wanted) {
      correct++;
      figures[said]!.correct++;
    }
    for (let k = 0; k < best; k++) {
      if (top[row * width + k] !== wanted) continue;
      amongBest++;
      break;
    }
  }
  return {
    labelled,
    known,
    correct,
    amongBest,
    best,
    confusion: confusion(compared),
    classes: figures.filter(({ support }) => support > 0),
    calibration: calibration(compared),
  };
}

function confusion({ predicted, label }: Compared): Confusion {
  const [labels, classes] = [occurring(label, predicted), occurring(predicted, label)];
  // with more, the most frequent ones
  const most = Math.floor(MOST_CELLS / Math.max(1, labels.length));
  const across = classes.slice(0, Math.max(1, most));
  const [rowOf, columnOf] = [placesOf(labels), placesOf(across)];
  const counts = new Uint32Array(labels.length * across.length);
  for (let row = 0; row < predicted.length; row++) {
    const [down, over] = [rowOf.get(label[row]!), columnOf.get(predicted[row]!)];
    if (down !== undefined && over !== undefined) counts[down * across.length + over]!++;
  }
  return { labels: Int32Array.from(labels), classes: Int32Array.from(across), counts };
}

/** The values of one column where both have one, ascending. */
function occurring(values: Int32Array, others: Int32Array): number[] {
  const found = new Set<number>();
  for (let row = 0; row < values.length; row++) if (values[row]! >= 0 && others[row]! >= 0) found.add(values[row]!);
  return [...found].sort((a, b) => a - b);
}

const placesOf = (values: readonly number[]): Map<number, number> => new Map(values.map((value, i) => [value, i]));

/**
 * Expected calibration error: the mean over rows of |accuracy - confidence| of their bin, in bins ((m - 1) / M, m / M] (Guo et al. 2017,
 * eq. 3; Naeini et al. 2015). Null where nothing can be compared.
 */
function calibration({ predicted, confidence, label, classOf }: Compared): Evaluation['calibration'] {
  const sums = Array.from({ length: CALIBRATION_BINS }, () => ({ count: 0, confidence: 0, correct: 0 }));
  let rows = 0;
  for (let row = 0; row < predicted.length; row++) {
    const wanted = label[row]! < 0 ? -1 : classOf[label[row]!]!;
    const sure = confidence[row]!;
    if (wanted < 0 || predicted[row]! < 0 || Number.isNaN(sure)) continue;
    rows++;
    const bin = sums[Math.min(CALIBRATION_BINS - 1, Math.max(0, Math.ceil(sure * CALIBRATION_BINS) - 1))]!;
    bin.count++;
    bin.confidence += sure;
    bin.correct += Number(predicted[row] === wanted);
  }
  if (rows === 0) return null;
  const bins = sums.map(({ count, confidence, correct }) => ({
    count,
    confidence: count === 0 ? 0 : confidence / count,
    accuracy: count === 0 ? 0 : correct / count,
  }));
  const ece = bins.reduce((sum, { count, confidence, accuracy }) => sum + count * Math.abs(accuracy - confidence), 0);
  return { bins, ece: ece / rows };
}
