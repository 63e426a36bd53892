/** What patches' absence does: maskedOutputs against a forward pass for each variant, over tokenizers, batches and refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Architecture } from '../../native/binding';
import { architecture, binding, load, maxDifference, picture, tokensToToken } from './support';

const patchesOf = (arch: Architecture): number => (arch.tokenizer.kind === 'patch' ? 15 : 6);

/** Masks of `variants`, different for each. */
function someMasks(variants: number, patches: number): Uint8Array {
  return Uint8Array.from({ length: variants * patches }, (_, i) => Number((i * i + (i >> 3)) % 3 === 0));
}

const CASES: [name: string, arch: Architecture][] = [
  ['patches', architecture()],
  ['soft splits', tokensToToken()],
  ['a norm before the blocks', architecture({ preNorm: { kind: 'layer', eps: 1e-5 } })],
];

for (const gemm of ['packed', 'blas', 'naive'] as const) {
  for (const [name, arch] of CASES) {
    test(`every variant is a forward pass with those patches masked: ${name}, ${gemm}`, async () => {
      const model = await load(arch, { gemm });
      const input = picture(arch, 2);
      const patches = patchesOf(arch);
      const run = await model.forward(input, 2, { attention: false, tokens: false });
      const variants = 19; // more than one batch of them
      const masks = someMasks(variants, patches);
      const outputs = await run.maskedOutputs(1, masks, variants);
      assert.equal(outputs.length, variants * arch.classes);
      const second = input.slice(input.length / 2);
      for (let v = 0; v < variants; v++) {
        const row = masks.subarray(v * patches, (v + 1) * patches);
        const maskedPatches = Uint32Array.from([...row.keys()].filter((p) => row[p]));
        const one = await model.forward(second, 1, { attention: false, tokens: false, maskedPatches });
        const got = outputs.slice(v * arch.classes, (v + 1) * arch.classes);
        assert.ok(maxDifference(got, one.logits) < 1e-5, `variant ${v} differs by ${maxDifference(got, one.logits)}`);
        one.release();
      }
      run.release();
      model.close();
    });
  }
}

test('patches that the run masked stay masked', async () => {
  const arch = architecture();
  const model = await load(arch);
  const options = { attention: false, tokens: false };
  const run = await model.forward(picture(arch), 1, { ...options, maskedPatches: Uint32Array.of(3) });
  const masks = new Uint8Array(15);
  masks[7] = 1;
  const both = await model.forward(picture(arch), 1, { ...options, maskedPatches: Uint32Array.of(3, 7) });
  assert.ok(maxDifference(await run.maskedOutputs(0, masks, 1), both.logits) < 1e-5);
  model.close();
});

test('wrong masks, images and tokens are refused, and a set token cancels', async () => {
  const arch = architecture();
  const model = await load(arch);
  const run = await model.forward(picture(arch), 1, { attention: false, tokens: false });
  const code = (wanted: string) => (error: Error & { code?: string }) => error.code === wanted;
  await assert.rejects(run.maskedOutputs(0, new Uint8Array(14), 1), code('ERR_ARGUMENT'));
  await assert.rejects(run.maskedOutputs(1, new Uint8Array(15), 1), code('ERR_ARGUMENT'));
  await assert.rejects(run.maskedOutputs(0, new Uint8Array(0), 0), code('ERR_ARGUMENT'));
  await assert.rejects(run.maskedOutputs(0, new Uint8Array(15), 2 ** 40), code('ERR_ARGUMENT'));
  await assert.rejects(async () => run.maskedOutputs(0, new Float32Array(15) as never, 1), code('ERR_ARGUMENT'));
  const cancel = binding.cancelToken();
  cancel.cancel();
  await assert.rejects(run.maskedOutputs(0, new Uint8Array(15), 1, cancel), code('ERR_CANCELLED'));
  model.close();
});

test('a batch of variants stays within the memory limit', async () => {
  const arch = architecture();
  const roomy = await load(arch);
  const kept = await roomy.forward(picture(arch), 1, { attention: false, tokens: false });
  const memoryLimit = roomy.memory.weights + kept.bytes + 120_000; // a few variants at a time
  const tight = await load(arch, { memoryLimit });
  const run = await tight.forward(picture(arch), 1, { attention: false, tokens: false });
  const masks = someMasks(19, 15);
  assert.ok(maxDifference(await run.maskedOutputs(0, masks, 19), await kept.maskedOutputs(0, masks, 19)) < 1e-5);
  roomy.close();
  tight.close();
});
