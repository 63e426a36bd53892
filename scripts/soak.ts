/**
 * npm run soak -- [--requests N] [--model MODEL]: the engine's memory over many requests. The exit code is 1 where it grew, or an answer changed.
 */
import { parseArgs } from 'node:util';
import { soak } from '../test/soak/soak';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '10000' }, model: { type: 'string' } },
});

async function main(): Promise<void> {
  const started = Date.now();
  const { requests, tenths, different } = await soak(Number(values.requests), { model: values.model });
  const growth = tenths[9]! / tenths[1]! - 1;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  process.stdout.write(
    `${requests} requests in ${seconds} s, ${different} answers that changed\n` +
      `MB of each tenth: ${tenths.map((mb) => mb.toFixed(0)).join(' ')}: ${(100 * growth).toFixed(1)}% from the second to the last\n`,
  );
  process.exitCode = different > 0 || growth > 0.05 ? 1 : 0;
}

void main();
