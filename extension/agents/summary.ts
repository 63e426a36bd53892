/** A results file in figures: how many pictures, of which classes, how right and how sure the model is. */
import { plainText } from '../errors/plainText';
import type { ResultsFile } from '../inspect/resultsFile';
import type { Tables } from '../inspect/tables';
import type { ResultsState } from '../results/requests';
import { everything, type RowQuery } from '../results/query';

const MOST = 20;

export async function summaryOf(tables: Tables, file: string): Promise<object> {
  const results = tables.open(file);
  try {
    const { model, engine: computedBy, classes, created } = await results.overview();
    let state: ResultsState | undefined;
    await results.read((now) => (state = now));
    const labels = await results.request('label-results', { source: { kind: 'found' } });
    const evaluation = await results.request('evaluate-results', { split: null });
    const { labelled, known, correct, amongBest, best, calibration } = evaluation;
    const name = (text: string | undefined) => plainText(text ?? '').slice(0, 200);
    const confused = pairs(evaluation.confusion).filter(({ label, predicted }) => labels.classOf[label] !== predicted);
    return {
      file,
      created,
      model: name(model),
      engine: computedBy,
      pictures: state?.rows ?? 0,
      failed: state?.failed ?? 0,
      unlikeTheTrainingData: state?.unfamiliar ?? 0,
      tagged: state?.tagged ?? 0,
      ...(labelled > 0 && {
        labelled,
        withAKnownLabel: known,
        ...(known > 0 && { accuracy: correct / known, [`accuracyAmong${best}`]: amongBest / known }),
        expectedCalibrationError: calibration?.ece ?? null,
        mostConfused: confused.slice(0, MOST).map(({ label, predicted, count }) => ({
          label: name(labels.names[label]),
          predicted: name(classes[predicted]),
          count,
        })),
      }),
      leastCertain: await leastCertain(results),
    };
  } finally {
    results.dispose();
  }
}

/** Rows whose two most probable classes are closest. */
async function leastCertain(results: ResultsFile): Promise<object[]> {
  const query: RowQuery = { ...everything, sort: 'margin' };
  const { rows } = await results.request('results-rows', { query, from: 0, count: MOST });
  return rows.map(({ id, label, predictions }) => ({
    id: plainText(id),
    ...(label !== null && { label: plainText(label) }),
    predictions: predictions
      .slice(0, 2)
      .map(({ label: said, probability }) => ({ label: plainText(said), probability })),
  }));
}

function pairs({ labels, classes, counts }: { labels: Int32Array; classes: Int32Array; counts: Uint32Array }) {
  const all = [...counts.keys()].filter((i) => counts[i]! > 0);
  return all
    .sort((a, b) => counts[b]! - counts[a]!)
    .map((i) => ({
      label: labels[Math.floor(i / classes.length)]!,
      predicted: classes[i % classes.length]!,
      count: counts[i]!,
    }));
}
