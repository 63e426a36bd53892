import { InvalidArgumentError, Option, type Command } from 'commander';
import os from 'node:os';
import path from 'node:path';
import { bench, profile, type BenchReport, type BenchRow } from '../bench/bench';
import { allBenchModels, benchModelOfSide, benchModels, sideOf } from '../bench/models';
import { measureFolder } from '../bench/folder';
import { measureStart } from '../bench/start';
import { measureTokens } from '../bench/tokens';
import { packageRoot } from '../files/packageRoot';
import type { ModelDescription } from '../architecture/description';
import { folderPictures } from '../jobs/folderPictures';
import type { JobPicture } from '../jobs/picture';
import { EMBEDDED } from '../models/modelId';
import { openModel } from '../models/open';
import { positiveNumber } from './options';

const ROUNDS = 10;

interface BenchOptions {
  model?: string;
  models: 'sizes' | 'all';
  threads?: number[];
  batch?: number[];
  rounds?: number;
  profile?: boolean;
  start?: string;
  folder?: string;
  tokens?: number[];
  json?: boolean;
}

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measure the native engine against ONNX Runtime on the same weights, in alternation')
    .option(
      '-m, --model <model>',
      'a model, or one of those of --models by its name (ViT-Ti, ViT-S, ViT-B, ViT_Model, T2T_ViT, SwiGLU, ...)',
    )
    .addOption(
      new Option(
        '--models <which>',
        "ViT-Ti, S and B at 224 pixels with random weights, or with them the articles' and one of each kind of block",
      )
        .choices(['sizes', 'all'])
        .default('sizes'),
    )
    .addOption(new Option('--against <engine>', 'the other engine').choices(['onnx']).default('onnx'))
    .option('--threads <n,...>', "threads of a pass (default: 1 to the machine's cores, at most 8)", positiveNumbers)
    .option(
      '--batch <n,...>',
      'images of a pass (default: 1 and 8 for the models of --models, 1 for another)',
      positiveNumbers,
    )
    .option(
      '--rounds <n>',
      `passes of each engine that count (default: ${ROUNDS}; with --folder, where each round is all its pictures three times, 1)`,
      positiveNumber,
    )
    .option('--profile', 'say where the native engine spends its time instead')
    .option('--start <image>', 'time a new engine process until its first prediction for a picture instead')
    .option('--folder <folder>', 'time decoding, passes and both together for the pictures of a folder instead')
    .addOption(
      new Option(
        '--tokens <n,...>',
        'time ViT-S on one picture of so many tokens (197, 577, 1370, 4097) instead, with the most memory of each engine',
      )
        .argParser(tokenCounts)
        .conflicts(['model', 'models', 'batch', 'profile', 'start', 'folder']),
    )
    .option('--json', 'as one JSON object')
    .action(async (options: BenchOptions) => {
      if (options.folder !== undefined) return printFolder(options.folder, options);
      if (options.tokens !== undefined) return printTokens(options.tokens, options);
      // models of our own are measured with one image and with eight, others as they are used
      const named = allBenchModels().filter(({ name }) => name === options.model);
      const ours = options.model !== undefined ? named : options.models === 'all' ? allBenchModels() : benchModels();
      const models = ours.length > 0 ? ours : [await openModel(options.model ?? EMBEDDED, { root: packageRoot() })];
      const threads = options.threads ?? usualThreads();
      const batches = options.batch ?? (ours.length > 0 ? [1, 8] : [1]);
      if (options.start !== undefined) return printStart(models, options.start, threads, options);
      if (options.profile) return printProfiles(models, threads, batches, options);
      if (!options.json) console.log(HEADER);
      const onRow = (row: BenchRow): void => {
        if (!options.json) console.log(line(row));
      };
      const report = await bench(models, { threads, batches, rounds: options.rounds ?? ROUNDS }, onRow);
      console.log(options.json ? JSON.stringify(report) : footer(report));
    });
}

const usualThreads = (): number[] => upTo(Math.min(8, os.availableParallelism()));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** `1,8` */
const positiveNumbers = (text: string): number[] => text.split(',').map(positiveNumber);

/** A class token and the patches of a square picture. */
function tokenCounts(text: string): number[] {
  const counts = positiveNumbers(text);
  const wrong = counts.find((count) => sideOf(count) === null);
  if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is not one more than a square.`);
  return counts;
}

const COLUMNS = [
  'model',
  'threads',
  'batch',
  'weights',
  'native ms',
  'onnx ms',
  'ratio',
  'vs fp32',
  'vs onnx8',
  'blas ms',
  'GFLOP/s',
  'of peak',
];
const widths = [11, 8, 6, 11, 10, 10, 6, 8, 9, 10, 8, 8];
const row = (cells: string[]): string =>
  cells.map((cell, i) => (i === 0 || i === 3 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' ');
const HEADER = row(COLUMNS);

const line = (r: BenchRow): string =>
  row([
    r.model,
    String(r.threads),
    String(r.batch),
    r.maps ? `${r.precision} maps` : r.precision,
    r.native_ms.toFixed(1),
    r.onnx_ms.toFixed(1),
    r.ratio.toFixed(2),
    r.ratio_to_fp32.toFixed(2),
    r.ratio_to_onnx_int8 === null ? '' : r.ratio_to_onnx_int8.toFixed(2),
    r.blas_ms === null ? '' : r.blas_ms.toFixed(1),
    r.gflops.toFixed(0),
    `${(100 * r.share_of_peak).toFixed(0)}%`,
  ]);

const footer = (report: BenchReport): string =>
  `\n${report.machine}; kernels ${report.kernels}; float32 peak ${report.peak_gflops.toFixed(0)} GFLOP/s\n` +
  `ONNX Runtime ${report.onnxruntime}, without maps and in float32 in every line; ratio: ONNX Runtime / native, vs fp32: our own float32 without maps / native, vs onnx8: ONNX Runtime with 8-bit weights / native; medians of rounds`;

async function printStart(
  models: ModelDescription[],
  image: string,
  threads: number[],
  { rounds = ROUNDS, json }: BenchOptions,
): Promise<void> {
  const cells = (texts: string[]): string =>
    texts.map((text, i) => (i < 2 ? text.padEnd(12) : text.padStart(10))).join(' ');
  if (!json)
    console.log(cells(['model', 'engine', 'threads', 'ready ms', 'load ms', 'first ms', 'total ms', 'peak MB']));
  for (const model of models) {
    for (const count of threads) {
      const processFile = path.join(packageRoot(), 'dist', 'engine.js');
      const rows = await measureStart(model, { processFile, image: path.resolve(image), threads: count, rounds });
      for (const row of rows) {
        if (json) {
          console.log(JSON.stringify({ ...row, threads: count }));
          continue;
        }
        const times = [row.ready_ms, row.load_ms, row.first_ms, row.total_ms].map((ms) => ms.toFixed(0));
        const peak = row.peak_bytes === null ? '' : (row.peak_bytes / 1e6).toFixed(0);
        console.log(cells([row.model, row.engine, String(count), ...times, peak]));
      }
    }
  }
}

async function printTokens(
  tokens: number[],
  { threads = usualThreads(), rounds = ROUNDS, json }: BenchOptions,
): Promise<void> {
  const cells = (texts: string[]): string =>
    texts.map((text, i) => (i === 0 ? text.padEnd(8) : text.padStart(9))).join(' ');
  const head = ['model', 'tokens', 'threads', 'native ms', 'onnx ms', 'ratio', 'GFLOP/s', 'native MB', 'onnx MB'];
  if (!json) console.log(cells(head));
  const megabytes = (bytes: number | null): string => (bytes === null ? '' : (bytes / 1e6).toFixed(0));
  for (const side of tokens.map(sideOf)) {
    for (const count of threads) {
      const processFile = path.join(packageRoot(), 'dist', 'engine.js');
      const row = await measureTokens(benchModelOfSide(side!), { processFile, threads: count, rounds });
      if (json) {
        console.log(JSON.stringify(row));
        continue;
      }
      const times = [row.native_ms, row.onnx_ms].map((ms) => ms.toFixed(1));
      const memory = [row.native_bytes, row.onnx_bytes].map(megabytes);
      const speed = [row.ratio.toFixed(2), row.gflops.toFixed(0)];
      console.log(cells([row.model, String(row.tokens), String(count), ...times, ...speed, ...memory]));
    }
  }
}

async function printFolder(
  folder: string,
  { model = EMBEDDED, threads: [threads = 0] = [], rounds = 1, json }: BenchOptions,
): Promise<void> {
  const pictures: JobPicture[] = [];
  const found = folderPictures({ folder: path.resolve(folder), include: [], exclude: [] });
  for await (const picture of found) pictures.push(picture);
  const programs = path.join(packageRoot(), 'dist');
  const description = await openModel(model, { root: packageRoot() });
  const row = await measureFolder(model, description, { programs, pictures, threads, rounds, waits: 15 });
  if (json) return console.log(JSON.stringify(row));
  const [count, ms] = [(value: number) => value.toFixed(0), (value: number) => value.toFixed(1)];
  console.log(`${row.model}, ${row.pictures} pictures, ${row.threads || 'all'} threads; a second:`);
  console.log(
    `  decoding alone ${count(row.decode)}, passes alone ${count(row.forward)}, both together ${count(row.both)}`,
  );
  console.log(`  ${(100 * row.ratio).toFixed(0)}% of the ${count(row.possible)} that the two allow on the same cores`);
  if (row.memory) {
    const { second, last } = row.memory;
    const grown = (100 * (last / second - 1)).toFixed(1);
    console.log(
      `  resident ${count(second / 1e6)} MB in the second tenth, ${count(last / 1e6)} MB in the last (${grown}%)`,
    );
  }
  console.log(
    `  a picture opened and run by a panel: ${ms(row.alone_ms)} ms alone, ${ms(row.beside_ms)} ms beside a job`,
  );
}

async function printProfiles(
  models: ModelDescription[],
  threads: number[],
  batches: number[],
  { rounds = ROUNDS, json }: BenchOptions,
): Promise<void> {
  for (const model of models) {
    for (const count of threads) {
      for (const batch of batches) {
        const stages = await profile(model, count, batch, rounds);
        if (json) {
          console.log(JSON.stringify({ model: model.name, threads: count, batch, stages }));
          continue;
        }
        const total = stages.reduce((sum, { ms }) => sum + ms, 0);
        console.log(`${model.name}, ${count} threads, batch ${batch}: ${total.toFixed(1)} ms (thread 0)`);
        for (const { stage, ms } of stages) {
          console.log(
            `  ${stage.padEnd(16)}${ms.toFixed(2).padStart(9)} ${((100 * ms) / total).toFixed(1).padStart(5)}%`,
          );
        }
      }
    }
  }
}
