/**
 * npm run eval: a model on the CIFAR-10 test set through the native engine, as a user's pictures go through it
 * (JPEG decoding, preprocessing, forward pass). Prints accuracy, accuracy by class, calibration, and, given the logits
 * the training recipe wrote (or with another precision than fp32: those of fp32), in how many pictures the two argmaxes differ.
 *
 * With --photos it judges the photographs of photographs.json instead, and says how much of the attention lies on their object.
 *
 *   npm run eval -- [--data ../shared/cifar10/cifar10-jpeg.npz] [--model embedded] [--logits logits.npy] [--precision fp32|stored|bf16|int8] [--limit N] [--json]
 *   npm run eval -- --photos ../shared/photos [--model embedded] [--json]
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { BackendModel } from '../extension/engine/backend';
import type { EngineOptions } from '../extension/engine/requests';
import { loadBinding } from '../extension/engine/native/binding';
import { NativeBackend } from '../extension/engine/native/backend';
import { best, logSumExp } from '../extension/architecture/scores';
import { decodeImage } from '../extension/image/decode';
import { readNpy } from '../extension/files/npy';
import { preprocess } from '../extension/image/preprocess';
import { openModel } from '../extension/models/open';
import { judgePhotographs, type Judged } from './photographs';
import { readTestSet, type TestSet } from './testSet';

const BATCH = 100;
/** Bins of the expected calibration error (Guo et al. 2017, eq. 5), by confidence. */
const BINS = 15;

interface Evaluation {
  images: number;
  accuracy: number;
  byClass: Record<string, number>;
  expectedCalibrationError: number;
  meanConfidence: number;
  /** Share of the test set that would be called unlike the training data; null without a threshold. */
  unfamiliar: number | null;
  /** Pictures on which the argmax differs from the recipe's logits; null without them. */
  disagreements: number | null;
  largestLogitDifference: number | null;
  seconds: number;
}

async function evaluate(
  modelId: string,
  { jpegs, labels }: TestSet,
  reference: Float32Array | null,
  precision: EngineOptions['precision'],
): Promise<Evaluation> {
  const started = performance.now();
  const { signal } = new AbortController();
  const { description, binding, load } = await opened(modelId);
  const model = await load(precision);
  const exact = precision === 'fp32' ? null : await load('fp32');
  const names = description.labels ?? [];
  const classes = description.architecture?.classes ?? 0;
  const correct = new Float64Array(classes);
  const total = new Float64Array(classes);
  const bins = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, correct: 0 }));
  let unfamiliar = 0;
  let disagreements = 0;
  let largest = 0;
  for (let start = 0; start < jpegs.length; start += BATCH) {
    const inputs = await Promise.all(
      jpegs.slice(start, start + BATCH).map(async (bytes, i) => {
        const image = await decodeImage({ name: `test picture ${start + i}`, bytes }, signal);
        return (await preprocess(image, description.preprocessing, (request) => binding.resize(request))).values;
      }),
    );
    const size = inputs[0]?.length ?? 0;
    const input = new Float32Array(inputs.length * size);
    inputs.forEach((values, i) => input.set(values, i * size));
    const request = { input, batch: inputs.length, attention: false, tokens: false, signal };
    const run = await model.forward(request);
    const other = (await exact?.forward(request))?.logits ?? reference?.subarray(start * classes);
    for (let i = 0; i < inputs.length; i++) {
      const logits = run.logits.subarray(i * classes, (i + 1) * classes);
      const label = labels[start + i] ?? 0;
      const { index: predicted, score: confidence } = best(logits, 'softmax');
      const right = Number(predicted === label);
      total[label] = (total[label] ?? 0) + 1;
      correct[label] = (correct[label] ?? 0) + right;
      const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))];
      if (bin !== undefined)
        Object.assign(bin, {
          count: bin.count + 1,
          confidence: bin.confidence + confidence,
          correct: bin.correct + right,
        });
      if (logSumExp(logits) < (description.energyThreshold ?? -Infinity)) unfamiliar++;
      if (other !== undefined) {
        const expected = other.subarray(i * classes, (i + 1) * classes);
        if (best(expected, 'softmax').index !== predicted) disagreements++;
        logits.forEach((logit, c) => (largest = Math.max(largest, Math.abs(logit - (expected[c] ?? NaN)))));
      }
    }
    run.release();
  }
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  const images = jpegs.length;
  return {
    images,
    accuracy: sum(correct) / images,
    byClass: Object.fromEntries(
      [...total.keys()].map((c) => [names[c] ?? `class ${c}`, (correct[c] ?? 0) / (total[c] ?? 1)]),
    ),
    expectedCalibrationError: bins.reduce((error, bin) => error + Math.abs(bin.correct - bin.confidence), 0) / images,
    meanConfidence: bins.reduce((confidence, bin) => confidence + bin.confidence, 0) / images,
    unfamiliar: description.energyThreshold === undefined ? null : unfamiliar / images,
    disagreements: reference === null && exact === null ? null : disagreements,
    largestLogitDifference: reference === null && exact === null ? null : largest,
    seconds: (performance.now() - started) / 1000,
  };
}

/** A model, and the engine that loads it in one precision or another. */
async function opened(modelId: string) {
  const description = await openModel(modelId, { root: path.resolve(__dirname, '..') });
  const binding = loadBinding();
  const { signal } = new AbortController();
  const load = (precision: EngineOptions['precision']): Promise<BackendModel> =>
    new NativeBackend(binding).load(description, { engine: 'native', gemm: 'packed', precision, threads: 0 }, signal);
  return { description, binding, load };
}

async function photographs(folder: string, modelId: string): Promise<Judged[]> {
  const { description, binding, load } = await opened(modelId);
  return judgePhotographs(folder, await load('fp32'), description, (request) => binding.resize(request));
}

function sayJudged(rows: Judged[]): void {
  for (const { file, label, probability, energy, unlike, sensible, attention, area } of rows) {
    const verdict = `${label} ${percent(probability)}${unlike ? ', unlike' : ''}`;
    const share = `${percent(attention)} of attention on ${percent(area)} of the picture`;
    say(`${sensible ? 'yes' : 'no '}  ${file.padEnd(22)} ${verdict.padEnd(28)} energy ${energy.toFixed(2)}  ${share}`);
  }
  const mean = (of: (row: Judged) => number): number => rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  say(`sensible                    ${rows.filter(({ sensible }) => sensible).length} of ${rows.length}`);
  say(
    `attention on the object     ${percent(mean((row) => row.attention))}, evenly spread ${percent(mean((row) => row.area))}`,
  );
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const complain = (line: string): boolean => process.stderr.write(`${line}\n`);
const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: path.resolve(__dirname, '../../shared/cifar10/cifar10-jpeg.npz') },
      model: { type: 'string', default: 'embedded' },
      logits: { type: 'string' },
      precision: { type: 'string', default: 'fp32' },
      limit: { type: 'string', default: '10000' },
      photos: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.photos !== undefined) {
    const judged = await photographs(values.photos, values.model);
    if (values.json) say(JSON.stringify(judged));
    else sayJudged(judged);
    return;
  }
  if (!existsSync(values.data)) {
    complain(
      `${values.data} does not exist: name the CIFAR-10 .npz with --data (models/README.md says how it is made).`,
    );
    process.exitCode = 2;
    return;
  }
  const reference = values.logits === undefined ? null : readNpy(readFileSync(values.logits)).values;
  const precision = (['fp32', 'stored', 'bf16', 'int8'] as const).find((name) => name === values.precision);
  if (precision === undefined) {
    complain(`--precision is fp32, stored, bf16 or int8, not ${values.precision}.`);
    process.exitCode = 2;
    return;
  }
  const result = await evaluate(values.model, readTestSet(values.data, Number(values.limit)), reference, precision);
  if (values.json) {
    say(JSON.stringify(result));
    return;
  }
  say(`${result.images} test pictures through the native engine in ${result.seconds.toFixed(1)} s`);
  say(`accuracy                    ${percent(result.accuracy)}`);
  for (const [name, share] of Object.entries(result.byClass)) say(`  ${name.padEnd(26)}${percent(share)}`);
  say(`mean confidence             ${percent(result.meanConfidence)}`);
  say(`expected calibration error  ${percent(result.expectedCalibrationError)} (${BINS} bins)`);
  if (result.unfamiliar !== null) say(`called unfamiliar           ${percent(result.unfamiliar)}`);
  if (result.disagreements !== null) {
    say(
      `argmax unlike ${precision === 'fp32' ? "the recipe's" : 'fp32        '}  ${result.disagreements} (largest logit difference ${result.largestLogitDifference?.toExponential(1)})`,
    );
  }
}

main().catch((error: unknown) => {
  complain(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
