import type { Command } from 'commander';
import { withEngine } from '../engineProcess';
import { addModelOptions } from '../options';
import { addScaleOptions, type ScaleOptions } from './scaleOptions';

export function addEmbed(program: Command): void {
  const command = program
    .command('embed')
    .description('write what the head of a model reads of pictures: the class token or the pooled patches')
    .argument('[image...]', 'picture files, folders, patterns, tar archives')
    .usage('[options] <image...>');
  addScaleOptions(addModelOptions(command), ['npy', 'parquet', 'jsonl']).action(
    async (names: string[], options: ScaleOptions) => {
      await withEngine(async (engine) =>
        (await import('./scale')).runScale(engine, names, options, {
          topK: 1,
          embeddings: true,
          printed: 'jsonl',
          failedIs: 0,
        }),
      );
    },
  );
}
