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
  const count = Number(values.requests);
  let next = 0;
  const onProgress = (done: number, mb: number) => {
    if (done < next) return;
    process.stderr.write(`${done} requests, ${mb.toFixed(0)} MB\n`);
    next += count / 100;
  };
  const { requests, tenths, different } = await soak(count, { model: values.model, onProgress });
  const growth = tenths[9]! / tenths[1]! - 1;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  process.stdout.write(
    `${requests} requests in ${seconds} s, ${different} answers that changed\n` +
      `MB of each tenth: ${tenths.map((mb) => mb.toFixed(0)).join(' ')}: ${(100 * growth).toFixed(1)}% from the second to the last\n`,
  );
  process.exitCode = different > 0 || growth > 0.05 ? 1 : 0;
}

void main();
