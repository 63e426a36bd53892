/** What `describe` lists and what the walk-through shows are the steps that run, with their shapes: in every golden case. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Architecture } from '../../native/binding';
import { shapesOf } from '../../extension/architecture/steps';
import { openModel } from '../../extension/models/open';
import { reportOf } from '../../extension/models/describe';
import { pagesOf } from '../../webview/walk/pages';
import { binding, picture, ROOT } from './support';

const CASES = join(ROOT, 'test/golden/cases');
const folder = mkdtempSync(join(tmpdir(), 'vit-describe-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** describe's list with its folded blocks unfolded again, without the picture. */
function unfolded(architecture: Architecture, listed: { step: string; shape: number[] }[]) {
  const all = `blocks.0${architecture.depth > 1 ? `-${architecture.depth - 1}` : ''}.`;
  const first = listed.findIndex(({ step }) => step.startsWith(all));
  const blocks = listed.filter(({ step }) => step.startsWith(all));
  const layers = Array.from({ length: architecture.depth }, (_, layer) =>
    blocks.map(({ step, shape }) => ({ name: step.replace(all, `blocks.${layer}.`), shape })),
  );
  const named = listed.map(({ step, shape }) => ({ name: step, shape }));
  return [...named.slice(1, first), ...layers.flat(), ...named.slice(first + blocks.length)];
}

for (const name of readdirSync(CASES).filter((name) => existsSync(join(CASES, name, 'model.safetensors'))))
  test(`${name}: describe, the walk-through and a run name the same steps`, async () => {
    const description = await openModel(join(CASES, name), { root: ROOT });
    const { architecture, weights } = description;
    assert.ok(architecture && weights.kind === 'tensors');
    const { shapes } = reportOf(description, binding.describeSteps(architecture));
    const { channels, height, width } = architecture.image;
    assert.deepEqual(shapes[0], { step: 'image', shape: [1, channels, height, width] });
    const model = await binding.load({ architecture, weights, gemm: 'packed', precision: 'fp32', threads: 1 });
    try {
      const walked = model.steps.map(({ name, shape }) => ({ name, shape }));
      assert.deepEqual(unfolded(architecture, shapes), walked);
      const run = await model.forward(picture(architecture), 1, { attention: false, tokens: true });
      for (const { name, shape } of walked) assert.deepEqual((await run.step(0, name)).shape, shape, name);
      run.release();
      const drawn = new Set(pagesOf(model.steps, architecture, architecture.depth).flatMap(({ steps }) => steps));
      for (const { name } of walked)
        assert.ok(drawn.has(name.replace(/^blocks\.\d+/, 'blocks.*')), `${name} has no page`);
    } finally {
      model.close();
    }
  });

async function shapesOfFile(config: object) {
  const file = join(folder, 'model.vit.json');
  writeFileSync(file, JSON.stringify(config));
  const { architecture } = await openModel(file, { root: ROOT });
  assert.ok(architecture);
  return shapesOf(architecture, binding.describeSteps(architecture));
}

test("the article's ViT: 15 patches of 400 values, 768 long", async () => {
  const listed = await shapesOfFile({ architecture: 'ViT_Model', img_size: [1, 60, 100], patch_size: 20 });
  const shape = (step: string) => listed.find((entry) => entry.step === step)?.shape;
  assert.deepEqual(shape('patches'), [1, 15, 400]);
  assert.deepEqual(shape('patch_embed'), [1, 15, 768]);
  assert.deepEqual(shape('head'), [1, 1]);
});

test("the article's T2T: 3286, 848, 216 tokens by default, and 2500, 650, 175 of the notebook", async () => {
  const windows = async (config: object) =>
    (await shapesOfFile({ architecture: 'T2T_ViT', ...config }))
      .filter(({ step }) => step.endsWith('.windows'))
      .map(({ shape }) => shape);
  assert.deepEqual(await windows({}), [
    [1, 3286, 961],
    [1, 848, 576],
    [1, 216, 576],
  ]);
  assert.deepEqual(await windows({ img_size: [1, 400, 100], softsplit_kernels: [7, 3, 3] }), [
    [1, 2500, 49],
    [1, 650, 576],
    [1, 175, 576],
  ]);
});
