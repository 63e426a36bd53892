import { sentence, type Sentence } from './sentence';

/** Things that are counted in sentences: one, and several of them. */
const nouns = {
  tensor: [sentence('1 tensor'), (n: string) => sentence('{0} tensors', n)],
  'further tensor or block': [
    sentence('1 further tensor or block'),
    (n: string) => sentence('{0} further tensors or blocks', n),
  ],
  byte: [sentence('1 byte'), (n: string) => sentence('{0} bytes', n)],
  shard: [sentence('1 shard'), (n: string) => sentence('{0} shards', n)],
  'more problem': [sentence('1 more problem'), (n: string) => sentence('{0} more problems', n)],
} satisfies Record<string, [one: Sentence, several: (n: string) => Sentence]>;

/** `1 tensor`, `2 tensors`, `1,234 tensors`. */
export function count(n: number, noun: keyof typeof nouns): Sentence {
  const [one, several] = nouns[noun];
  return n === 1 ? one : several(grouped(n));
}

/** `1,234`, of a whole number. Intl takes longer to start than many a command of the command line to end. */
export const grouped = (n: number | bigint): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
