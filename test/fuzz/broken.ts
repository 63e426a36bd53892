/** What a fuzzer must find: one input in ten is wrong. */
import type { Target } from './targets';

const broken = (name: string, fault: () => void): Target => ({
  name,
  patience: 1000,
  run(random) {
    if (random.below(10) === 0) fault();
  },
});

export const brokenTargets: readonly Target[] = [
  broken('throws', () => {
    throw new TypeError('undefined is not a model');
  }),
  broken('hangs', () => {
    for (;;);
  }),
  broken('dies', () => process.kill(process.pid, 'SIGKILL')),
];
