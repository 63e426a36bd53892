/** Options several commands share, checked where they enter: a wrong one is bad usage (exit code 2). */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { LIMITS } from '../architecture/limits';
import type { EngineKind, EngineOptions } from '../engine/requests';

export interface ModelOptions extends Omit<EngineOptions, 'engine'> {
  model: string;
  engine?: EngineKind;
  imageSize?: [height: number, width: number];
}

export const modelOption = () =>
  new Option('-m, --model <model>', 'a model directory, an .onnx file or a registry id').default('embedded');

/** --model, --engine, --threads, --gemm, --precision and --image-size. */
export function addModelOptions(command: Command): Command {
  command
    .addOption(modelOption())
    .addOption(
      new Option('--engine <engine>', 'what computes (default: native, and onnx for .onnx files)').choices([
        'native',
        'onnx',
      ]),
    )
    .option('--threads <n>', 'threads of one forward pass; 0: one for each physical core, at most 8', threadCount, 0)
    .addOption(
      new Option('--gemm <kind>', 'matrix products of the native engine')
        .choices(['packed', 'blas', 'naive'])
        .default('packed'),
    )
    .addOption(
      new Option('--precision <kind>', 'how the native engine keeps weights')
        .choices(['fp32', 'stored', 'bf16', 'int8'])
        .default('fp32'),
    );
  return addImageSize(addMemoryLimit(command));
}

export const addMemoryLimit = (command: Command): Command =>
  command.option(
    '--memory-limit <GB>',
    'gigabytes a model and its runs may use (default: half of what the machine has)',
    gigabytes,
  );

export const addImageSize = (command: Command): Command =>
  command.option('--image-size <HxW>', 'run at another input size, for example 224x320', imageSize);

export const engineOptionsOf = ({ engine, threads, gemm, precision, memoryLimit }: ModelOptions): EngineOptions => ({
  engine: engine ?? 'native',
  threads,
  gemm,
  precision,
  memoryLimit,
});

/** As bytes. */
function gigabytes(text: string): number {
  const bytes = /^\d{1,6}(\.\d{1,9})?$/.test(text) ? Number(text) * 1e9 : 0;
  if (bytes === 0) throw new InvalidArgumentError('It must be a number of gigabytes larger than 0.');
  return bytes;
}

function threadCount(text: string): number {
  const value = wholeNumber(text);
  if (value > LIMITS.threads) throw new InvalidArgumentError(`It must be at most ${LIMITS.threads}.`);
  return value;
}

/** 0, 1, 2, ... */
export function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('It must be at least 1.');
  return value;
}

function imageSize(text: string): [number, number] {
  const [, height, width] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (!Number(height) || !Number(width)) throw new InvalidArgumentError('It must be HEIGHTxWIDTH in pixels.');
  return [Number(height), Number(width)];
}

/** `a,b` to ['a', 'b']. */
export function commaList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('It must be names with commas between them.');
  return names;
}
