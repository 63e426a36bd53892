/**
 * The system refuses memory while a request computes, on whatever thread: the request is answered and the process goes
 * on. Linux only, where a running process can be given a limit (prlimit of util-linux).
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { architecture, block, ROOT } from './support';

const hasPrlimit = (): boolean => {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    return false;
  }
};
const skip = process.platform !== 'linux' || !hasPrlimit() ? 'needs prlimit' : false;

const small = architecture();
const wide = architecture({
  dim: 2048,
  depth: 2,
  block: block(2048, { heads: 4, headDim: 512, mlpHidden: 8192 }),
});
const many = architecture({ image: { channels: 3, height: 120, width: 200 }, position: { kind: 'none' } });

/** Lines that the source of an async function prints in a plain Node process of its own. */
function run(body: string): string[] {
  const script = `
    const { readFileSync } = require('node:fs');
    const { execFileSync } = require('node:child_process');
    const binding = require(${JSON.stringify(join(ROOT, 'build/Release/vit_inspector.node'))});
    const { small, wide, many } = ${JSON.stringify({ small, wide, many })};
    const load = (architecture, gemm) => binding.load(
      { architecture, weights: { seed: 1 }, gemm, precision: 'fp32', threads: 3, memoryLimit: 1e12 });
    const picture = ({ image: { channels, height, width } }, batch) => new Float32Array(batch * channels * height * width);
    /** From now on only that many more MiB of addresses. */
    const allow = (megabytes) => {
      const now = Number(/VmSize:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
      execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + (now + megabytes * 2 ** 20) + ':unlimited']);
    };
    const BARE = { attention: false, tokens: false };
    /** A model that has run once: OpenBLAS takes its buffers at the first product, and waits for ever when there is no memory. */
    const warm = async (architecture, gemm) => {
      const model = await load(architecture, gemm);
      (await model.forward(picture(architecture, 1), 1, BARE)).release();
      return model;
    };
    const outcome = (call) => (async () => call())().then(() => 'done', (error) => error.code + ' ' + error.message);
    (async () => {
      ${body}
    })();`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--eval', script], {
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  assert.equal(signal, null, stderr);
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n');
}

const NO_MEMORY = 'ERR_MEMORY There is not enough memory for this request.';

for (const gemm of ['packed', 'blas']) {
  test(`${gemm}: weights for which there is no memory`, { skip }, () => {
    const said = run(`
      const model = await warm(small, '${gemm}');
      allow(150);
      console.log(await outcome(() => load(wide, '${gemm}')));
      console.log((await model.forward(picture(small, 1), 1, BARE)).logits.length);`);
    assert.deepEqual(said, [NO_MEMORY, '7']);
  });

  test(`${gemm}: runs for which there is no memory, on any thread`, { skip }, () => {
    const said = run(`
      const model = await warm(many, '${gemm}');
      const input = picture(many, 40);
      allow(100);
      console.log(await outcome(() => model.forward(input, 40, { attention: true, tokens: false })));
      allow(10);
      console.log(await outcome(() => model.forward(input, 40, { attention: false, tokens: true })));
      allow(64);
      console.log(await outcome(() => model.forward(picture(many, 1), 1, BARE)));`);
    assert.deepEqual(said, [NO_MEMORY, NO_MEMORY, 'done']);
  });
}
