import type { Command } from 'commander';
import type { LoadedModel } from '../engine/engine';
import type { ModelDescription } from '../models/description';
import type { Preprocessing } from '../image/preprocessing';
import { describeModel, withEngine } from './engine';
import { complain } from './errors';
import { addModelOptions, engineOptionsOf, type ModelOptions } from './options';

export function addDescribe(program: Command): void {
  const command = program
    .command('describe')
    .description('say what a model is: family, architecture, every shape, what is missing or odd')
    .option('--json', 'as one JSON object');
  addModelOptions(command).action(async (options: ModelOptions & { json?: boolean }) => {
    const description = await describeModel(options);
    const broken = description.findings.find(({ severity }) => severity === 'error');
    // a model that does not fit its weights is described all the same, without what only a loaded one knows
    const loaded = broken
      ? null
      : await withEngine((engine) => engine.request('load-model', { description, options: engineOptionsOf(options) }));
    console.log(options.json ? JSON.stringify(toJson(description, loaded)) : toText(description, loaded));
    if (broken) {
      complain(`${description.path} cannot be run: ${broken.message}`);
      process.exitCode = 1;
    }
  });
}

function toJson(description: ModelDescription, loaded: LoadedModel | null) {
  const { id, name, path, family, architecture, preprocessing, labels, dtypes, bytes, noWeightDecay, findings } =
    description;
  return {
    ...{ id, name, path, family, dtypes, bytes, architecture, preprocessing, labels, noWeightDecay, findings },
    parameters: loaded?.parameters ?? null,
    tokens: loaded && {
      total: loaded.numTokens,
      prefix: loaded.prefixNames,
      grid: loaded.grid,
      stages: loaded.stages,
    },
    memory: loaded?.memory ?? null,
    attention: loaded?.attention ?? null,
    steps: loaded?.steps ?? [],
  };
}

function toText(description: ModelDescription, loaded: LoadedModel | null): string {
  const rows: [string, string][] = [
    ['model', description.id === description.path ? description.id : `${description.id} (${description.path})`],
    ['family', description.family],
    ['weights', `${(description.bytes / 1e6).toFixed(1)} MB, ${description.dtypes.join(', ')}`],
    ...architectureRows(description),
    ...(loaded ? loadedRows(loaded) : []),
    ['preprocessing', preprocessingText(description.preprocessing)],
    ['classes', classesText(description)],
  ];
  if (description.noWeightDecay?.length) rows.push(['no weight decay', description.noWeightDecay.join(', ')]);
  const width = Math.max(...rows.map(([key]) => key.length)) + 2;
  const lines = rows.map(([key, value]) => key.padEnd(width) + value);
  if (loaded?.steps.length) {
    const name = Math.max(...loaded.steps.map((step) => step.name.length)) + 2;
    lines.push('', 'steps', ...loaded.steps.map((step) => `  ${step.name.padEnd(name)}(${step.shape.join(', ')})`));
  }
  if (description.findings.length) {
    lines.push('', 'findings', ...description.findings.map(({ severity, message }) => `  ${severity}: ${message}`));
  }
  return lines.join('\n');
}

function architectureRows({ architecture }: ModelDescription): [string, string][] {
  if (!architecture) return [];
  const { image, tokenizer, dim, depth, block, pool } = architecture;
  const cut =
    tokenizer.kind === 'patch'
      ? `patches of ${tokenizer.patch.join(' x ')}`
      : `soft splits ${tokenizer.splits.map(({ kernel, stride, padding }) => `k${kernel} s${stride} p${padding}`).join(', ')}`;
  return [
    ['input', `${image.channels} x ${image.height} x ${image.width} (channels, height, width), ${cut}`],
    [
      'backbone',
      `depth ${depth}, token length ${dim}, ${block.heads} heads of ${block.headDim}, hidden ${block.mlpHidden}`,
    ],
    [
      'block',
      `${block.order}-norm, ${block.mlp} with ${block.activation}, eps ${block.norm.eps}, qk scale ${block.scale}${block.valueSkip ? ', value skip' : ''}`,
    ],
    ['pool', pool],
  ];
}

function loadedRows({ parameters, numTokens, prefixNames, grid, memory }: LoadedModel): [string, string][] {
  const prefix = prefixNames.length ? `${prefixNames.join(', ')} + ` : '';
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    ['parameters', parameters.toLocaleString('en-US')],
    ['tokens', `${numTokens} (${prefix}${grid.join(' x ')})`],
    ['memory', `weights ${megabytes(memory.weights)}, scratch ${megabytes(memory.scratch)}`],
  ];
}

function preprocessingText({ channels, resize, interpolation, crop, mean, std }: Preprocessing): string {
  const size =
    resize.kind === 'none'
      ? 'as it is'
      : resize.kind === 'shorter-side'
        ? `shorter side to ${resize.size} (${interpolation})`
        : `${resize.kind === 'exact' ? 'to' : 'keeping the ratio, to'} ${resize.height} x ${resize.width} (${interpolation})`;
  const cropped = crop ? `, centre crop ${crop.height} x ${crop.width}` : '';
  return `${channels === 1 ? 'grey' : 'RGB'}, ${size}${cropped}, mean ${mean.join(' ')}, std ${std.join(' ')}`;
}

function classesText({ architecture, labels }: ModelDescription): string {
  const count = architecture?.classes ?? labels?.length ?? null;
  if (count === 0) return 'none: features only';
  if (!labels) return count === null ? 'unknown' : `${count}, without names`;
  const shown = labels.slice(0, 10).join(', ');
  return `${count ?? labels.length}: ${shown}${labels.length > 10 ? ', ...' : ''}`;
}
