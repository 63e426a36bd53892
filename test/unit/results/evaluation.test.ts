/** Figures against values worked by hand, and counted in another way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomNumbers } from '../../../extension/system/random';
import { agreement, mcNemar } from '../../../extension/results/comparison';
import { CALIBRATION_BINS, evaluate, type Compared } from '../../../extension/results/evaluation';

/** Ten pictures, three labels (the last one unknown to the model), classes 0..3. */
const small: Compared = {
  label: Int32Array.of(0, 0, 0, 1, 1, 2, 2, -1, 1, 0),
  predicted: Int32Array.of(2, 2, 0, 0, 0, 3, 1, 2, -1, 3),
  confidence: Float32Array.of(0.9, 0.8, 0.6, 0.9, 0.8, 0.7, 0.5, 0.4, NaN, 1),
  top: Int32Array.of(2, 0, 2, 1, 0, 2, 0, 1, 0, 2, 3, 1, 1, 0, 2, 1, -1, -1, 3, 2),
  width: 2,
  best: 2,
  classOf: Int32Array.of(2, 0, -1),
};

test('accuracy counts pictures whose label is a class of the model', () => {
  const { labelled, known, correct, amongBest } = evaluate(small);
  // rows 0..6 and 9 have both a label and a prediction; 5 and 6 are of a label the model has no class for
  assert.deepEqual({ labelled, known, correct, amongBest }, { labelled: 8, known: 6, correct: 4, amongBest: 6 });
});

test('the confusion matrix has the labels and classes that occur', () => {
  const { labels, classes, counts } = evaluate(small).confusion;
  assert.deepEqual(
    [[...labels], [...classes]],
    [
      [0, 1, 2],
      [0, 1, 2, 3],
    ],
  );
  assert.deepEqual(
    [...counts],
    [
      [1, 0, 2, 1],
      [2, 0, 0, 0],
      [0, 1, 0, 1],
    ].flat(),
  );
});

test('figures by class', () => {
  assert.deepEqual(evaluate(small).classes, [
    { label: 0, support: 4, predicted: 2, correct: 2 },
    { label: 1, support: 2, predicted: 3, correct: 2 },
    { label: 2, support: 2, predicted: 0, correct: 0 },
  ]);
});

test('the calibration error of pictures worked by hand', () => {
  const { bins, ece } = evaluate(small).calibration!;
  assert.equal(bins.length, CALIBRATION_BINS);
  // bins of 1/15: 0.9 (two: right, right) is in (13/15, 14/15], 0.8 (two: right, right) in (11/15, 12/15], 0.6 (wrong) in (8/15, 9/15],
  // 1 (wrong) in the last; single precision keeps 0.8 and 0.6 a little above their bin's end
  assert.ok(Math.abs(ece - (2 * 0.1 + 2 * 0.2 + 0.6 + 1) / 6) < 1e-6, String(ece));
  assert.deepEqual([bins[13]!.count, bins[13]!.accuracy, bins[14]!.count, bins[14]!.accuracy], [2, 1, 1, 0]);
});

test('many pictures, counted in another way', () => {
  const random = randomNumbers(7);
  const n = 5000;
  const draw = (most: number) => Math.floor(random() * most);
  const label = Int32Array.from({ length: n }, () => draw(12) - 1);
  const predicted = Int32Array.from({ length: n }, () => draw(9) - 1);
  const confidence = Float32Array.from({ length: n }, () => random());
  const classOf = Int32Array.from({ length: 11 }, (_, i) => (i < 8 ? (i * 3) % 8 : -1));
  const { confusion, known, correct, calibration } = evaluate({
    label,
    predicted,
    confidence,
    classOf,
    top: predicted,
    width: 1,
    best: 1,
  });
  const rows = [...label.keys()];
  for (const [i, wanted] of [...confusion.labels].entries()) {
    for (const [j, guess] of [...confusion.classes].entries()) {
      const count = rows.filter((row) => label[row] === wanted && predicted[row] === guess).length;
      assert.equal(confusion.counts[i * confusion.classes.length + j], count);
    }
  }
  const compared = rows.filter((row) => label[row]! >= 0 && predicted[row]! >= 0 && classOf[label[row]!]! >= 0);
  const right = (row: number) => classOf[label[row]!] === predicted[row];
  assert.deepEqual([known, correct], [compared.length, compared.filter(right).length]);
  let ece = 0;
  for (let m = 1; m <= 15; m++) {
    const bin = compared.filter((row) => confidence[row]! > (m - 1) / 15 && confidence[row]! <= m / 15);
    const gap = bin.reduce((sum, row) => sum + Number(right(row)) - confidence[row]!, 0);
    ece += Math.abs(gap) / compared.length;
  }
  assert.ok(Math.abs(calibration!.ece - ece) < 1e-9);
});

test("McNemar's test, exact, is the binomial sum in whole numbers", () => {
  const exact = (b: number, c: number) => {
    let [sum, term] = [0n, 1n];
    const n = BigInt(b + c);
    for (let k = 0n; k <= BigInt(Math.min(b, c)); k++) {
      sum += term;
      term = (term * (n - k)) / (k + 1n);
    }
    const digits = 10n ** 15n;
    return Math.min(1, Number((2n * sum * digits) / 2n ** n) / 1e15);
  };
  for (const [b, c] of [
    [8, 16],
    [0, 0],
    [5, 5],
    [1, 9],
    [120, 180],
    [700, 650],
  ] as const) {
    const p = mcNemar({ onlyFirst: b, onlySecond: c });
    assert.ok(Math.abs(p - exact(b, c)) < 1e-11, `${b} ${c}: ${p}`);
    assert.equal(mcNemar({ onlyFirst: c, onlySecond: b }), p);
  }
  // Python: min(1, 2 * sum(comb(24, k) for k in range(9)) / 2 ** 24)
  assert.ok(Math.abs(mcNemar({ onlyFirst: 8, onlySecond: 16 }) - 0.15158963203430176) < 1e-12);
  assert.ok(mcNemar({ onlyFirst: 100_000, onlySecond: 400_000 }) < 1e-300);
});

test('two models on the same pictures', () => {
  const counts = agreement([true, true, false, false, true], [true, false, true, false, true]);
  assert.deepEqual(counts, { bothRight: 2, onlyFirst: 1, onlySecond: 1, bothWrong: 1 });
});
