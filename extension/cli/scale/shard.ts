/** Which pictures are this process's when several share the work: by a hash of each one's id, so that it is the same on every machine. */
import { createHash } from 'node:crypto';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../errors';

export interface Shard {
  index: number;
  of: number;
}

const MOST_SHARDS = 1_000_000;

/** `i/n`, i from 0 to n - 1; n counts as 0, so that counting from 1 gives every shard, too. */
export function shardOption(text: string): Shard {
  const [, index, of] = /^(\d{1,7})\/(\d{1,7})$/.exec(text) ?? [];
  const [i, n] = [Number(index), Number(of)];
  if (!(n >= 1) || n > MOST_SHARDS || i > n) throw new InvalidArgumentError('It must be i/n with i from 0 to n - 1.');
  return { index: i % n, of: n };
}

/** What Slurm says of an array's task, or Kubernetes of an indexed job's pod; null when neither does. */
export function shardOf(env: NodeJS.ProcessEnv): Shard | null {
  const { SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_COUNT, SLURM_ARRAY_TASK_MIN, SLURM_ARRAY_TASK_STEP } = env;
  if (SLURM_ARRAY_TASK_ID !== undefined && SLURM_ARRAY_TASK_COUNT !== undefined) {
    const of = whole('SLURM_ARRAY_TASK_COUNT', SLURM_ARRAY_TASK_COUNT, 1);
    const id = whole('SLURM_ARRAY_TASK_ID', SLURM_ARRAY_TASK_ID, 0);
    const first = whole('SLURM_ARRAY_TASK_MIN', SLURM_ARRAY_TASK_MIN ?? '0', 0);
    const step = whole('SLURM_ARRAY_TASK_STEP', SLURM_ARRAY_TASK_STEP ?? '1', 1);
    return { index: Math.floor(Math.max(0, id - first) / step) % of, of };
  }
  const { JOB_COMPLETION_INDEX, JOB_COMPLETIONS } = env;
  if (JOB_COMPLETION_INDEX === undefined) return null;
  if (JOB_COMPLETIONS === undefined) {
    throw new UsageError(
      'JOB_COMPLETION_INDEX is set, but not how many there are: set JOB_COMPLETIONS to .spec.completions, or give --shard',
    );
  }
  const of = whole('JOB_COMPLETIONS', JOB_COMPLETIONS, 1);
  return { index: whole('JOB_COMPLETION_INDEX', JOB_COMPLETION_INDEX, 0) % of, of };
}

function whole(name: string, text: string, least: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value < least) throw new UsageError(`${name} must be a whole number of at least ${least}`);
  return value;
}

/** By the first 48 bits of SHA-256 of the id in UTF-8. */
export function isMine(id: string, shard: Shard | null): boolean {
  if (shard === null || shard.of === 1) return true;
  return createHash('sha256').update(id).digest().readUIntBE(0, 6) % shard.of === shard.index;
}

/** `00002-of-00007`, as data sets name their shards. */
export const shardName = (shard: Shard | null): string => {
  const { index, of } = shard ?? { index: 0, of: 1 };
  return `${String(index).padStart(5, '0')}-of-${String(of).padStart(5, '0')}`;
};
