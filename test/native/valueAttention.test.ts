/** Run.valueAttention against its formula (Kobayashi et al. 2020, eq. 5), from the steps' own maps and values and proj's weight. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Architecture, Model, Run } from '../../native/binding';
import { architecture, block, load, picture } from './support';

/** Lengths (N) from steps named `scope`attn.* and the weight named `proj`, summed over the scopes. */
async function byFormula(run: Run, model: Model, image: number, query: number, parts: [string, string][]) {
  const { dim, block } = model.architecture;
  const n = run.numTokens;
  const sums = new Float64Array(n * dim);
  for (const [scope, proj] of parts) {
    const weights = (await run.step(image, `${scope}attn.weights`)).values;
    const v = (await run.step(image, `${scope}attn.v`)).values;
    const w = model.tensor(proj).values;
    const { heads, headDim } = block;
    for (let h = 0; h < heads; h++) {
      for (let j = 0; j < n; j++) {
        const a = weights[(h * n + query) * n + j] ?? NaN;
        for (let o = 0; o < dim; o++) {
          for (let d = 0; d < headDim; d++) {
            const value = v[(h * n + j) * headDim + d] ?? NaN;
            sums[j * dim + o]! += a * value * (w[o * heads * headDim + h * headDim + d] ?? NaN);
          }
        }
      }
    }
  }
  return Array.from({ length: n }, (_, j) => Math.hypot(...sums.subarray(j * dim, (j + 1) * dim)));
}

const usual = (layer: number): [string, string][] => [[`blocks.${layer}.`, `blocks.${layer}.attn.proj.weight`]];

const CASES: [name: string, arch: Architecture, parts: (layer: number) => [string, string][]][] = [
  ['pre', architecture({ block: block(24, { qkNorm: { kind: 'layer', eps: 1e-6 }, projBias: true }) }), usual],
  ['res-post', architecture({ block: block(24, { order: 'res-post' }) }), usual],
  ['post', architecture({ block: block(24, { order: 'post' }) }), usual],
  [
    'parallel',
    architecture({ block: block(24, { order: 'parallel', branches: 2 }) }),
    (layer) => [0, 1].map((p) => [`blocks.${layer}.attns.${p}.`, `blocks.${layer}.attns.${p}.attn.proj.weight`]),
  ],
  [
    'parallel-scaling',
    architecture({ block: block(24, { order: 'parallel-scaling' }) }),
    (layer) => [[`blocks.${layer}.`, `blocks.${layer}.attn_out_proj.weight`]],
  ],
  [
    'rotary',
    architecture({
      block: block(24, { headDim: 12 }),
      rotary: {
        frequencies: 'axial',
        theta: 100,
        first: 'row',
        coordinates: 'index',
        offset: 0,
        reference: null,
        pairs: 'halves',
        prefix: false,
      },
    }),
    usual,
  ],
];

for (const [name, arch, parts] of CASES) {
  for (const gemm of ['packed', 'blas'] as const) {
    test(`value-weighted attention is its formula: ${name}, ${gemm}`, async () => {
      const model = await load(arch, { gemm });
      const run = await model.forward(picture(arch, 2), 2, { attention: false, tokens: true });
      for (const [layer, query] of [
        [0, 0],
        [2, 9],
      ] as const) {
        const want = await byFormula(run, model, 1, query, parts(layer));
        const got = await run.valueAttention(1, layer, query);
        assert.equal(got.length, want.length);
        const largest = Math.max(...want);
        assert.ok(largest > 0);
        for (const [j, value] of want.entries()) assert.ok(Math.abs(value - (got[j] ?? NaN)) < 1e-5 * largest);
      }
      model.close();
    });
  }
}

test('an index out of range or a run without tokens is refused', async () => {
  const arch = architecture();
  const model = await load(arch);
  const run = await model.forward(picture(arch), 1, { attention: false, tokens: true });
  const bare = await model.forward(picture(arch), 1, { attention: true, tokens: false });
  const refused = (error: Error & { code?: string }) => error.code === 'ERR_ARGUMENT';
  await assert.rejects(run.valueAttention(1, 0, 0), refused);
  await assert.rejects(run.valueAttention(0, 3, 0), refused);
  await assert.rejects(run.valueAttention(0, 0, 16), refused);
  await assert.rejects(bare.valueAttention(0, 0, 0), refused);
  model.close();
});
