/** Options of `classify` and `embed` for many pictures; what is done with them (./scale.ts) is loaded when one is given. */
import { Option, type Command } from 'commander';
import { positiveNumber, type ModelOptions } from '../options';
import type { Format } from './output';
import { shardOption, type Shard } from './shard';

export interface ScaleOptions extends ModelOptions {
  format?: Format;
  output?: string;
  resume?: boolean;
  shard?: Shard;
  filesFrom?: string;
  stdinJsonl?: boolean;
  batch?: number;
  logits?: boolean;
}

export interface Wanted {
  topK: number;
  embeddings: boolean;
  /** On standard output, when no format is given. */
  printed: 'jsonl' | 'text';
  /** Pictures that failed are rows of a job, and a failure of a command that was given their names. */
  failedIs: 0 | 1;
}

export const addScaleOptions = (command: Command, formats: Format[]): Command =>
  command
    .addOption(new Option('--format <format>', 'of many pictures (default: by the name of --output)').choices(formats))
    .option('-o, --output <file>', 'write there, whole or not at all; {shard} in it becomes 00002-of-00007')
    .option('--resume', 'go on where an earlier run with the same --output was stopped')
    .option('--shard <i/n>', 'only the pictures of this part of n (default: as Slurm or Kubernetes say)', shardOption)
    .option(
      '--files-from <list>',
      'a file with names of files, a line each or with NUL between them; - for standard input',
    )
    .option('--stdin-jsonl', 'answer {"image": "path"} lines on standard input, a line each, until it ends')
    .option('--batch <n>', 'pictures handed over at once (default: by how long they take)', positiveNumber);

export const isAboutMany = ({ format, output, filesFrom, shard, stdinJsonl, resume }: ScaleOptions): boolean =>
  [format, output, filesFrom, shard, stdinJsonl, resume].some((option) => option !== undefined);
