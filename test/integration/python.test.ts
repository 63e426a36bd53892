/**
 * "Copy as Python": the program is run with PyTorch and timm or transformers, and gives the numbers that the panel saves.
 * Python is $VIT_PYTHON, or python3; what it lacks is named by the tests that are skipped.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { EngineClient } from '../../extension/engine/client';
import { methodIds, takes, type MethodId } from '../../extension/engine/methods';
import { readNpy } from '../../extension/files/npy';
import { Inspection } from '../../extension/inspect/inspection';
import { ModelPool } from '../../extension/inspect/modelPool';
import { EMBEDDED } from '../../extension/models/modelId';
import type { ViewState } from '../../extension/protocol/panel';
import { mapOf, scaleOf, sliceOf } from '../../webview/app/attention';
import { clampView, firstState, reduce, type AppState } from '../../webview/app/state';
import { pythonSnippet, whyNoSnippet } from '../../webview/export/python/snippet';
import { makeClient, native, root, sample } from './support';

const python = process.env.VIT_PYTHON ?? 'python3';
const lacks = (name: string): string | false =>
  spawnSync(python, ['-c', `import ${name}`]).status === 0 ? false : `${python} has no ${name}`;
/** Of the largest value. */
const CLOSE = 1e-3;

const deit = path.join(root, '../shared/deit-tiny');
const photo = path.join(root, '../shared/photos/airliner.jpg');
const golden = (name: string) => path.join(root, 'test/golden/cases', name);
const timm = lacks('timm, safetensors.torch');

interface Case {
  name: string;
  model: string;
  picture: string;
  skip: string | false;
  view?: Partial<ViewState>;
  hidden?: number[];
}

const cases: Case[] = [
  { name: 'the embedded model', model: EMBEDDED, picture: sample('frog.png'), skip: timm },
  {
    ...{ name: 'DeiT on a photograph', model: deit, picture: photo },
    skip: existsSync(deit) && existsSync(photo) ? timm : 'no ../shared/deit-tiny beside the project',
  },
  {
    ...{ name: 'one class against another, one head, hidden patches', model: EMBEDDED, picture: sample('car.png') },
    ...{ view: { class: 1, against: 9, head: 2, layer: 3, query: 20 }, hidden: [0, 9, 33], skip: timm },
  },
  ...['hf-vit', 'hf-deit', 'hf-dinov2-registers', 'hf-siglip'].map((name) => ({
    ...{ name: `transformers: ${name}`, model: golden(name), picture: sample('ship.png') },
    skip: lacks('transformers'),
  })),
];

let folder: string;
let engine: EngineClient;
let models: ModelPool;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'vit-python-'));
  engine = makeClient();
  models = new ModelPool(engine);
});
after(async () => {
  engine.dispose();
  await rm(folder, { recursive: true });
});

/** The panel's state after a picture was run, with that view. */
async function inspect({
  model,
  picture,
  view,
  hidden = [],
}: Case): Promise<{ state: AppState; inspection: Inspection }> {
  let state = firstState();
  const inspection = new Inspection(
    engine,
    models,
    { uri: pathToFileURL(picture).href, source: () => Promise.resolve({ path: picture }) },
    { model: { id: model, options: native }, atPictureSize: false, topK: 5 },
    (event) => (state = reduce(state, event)),
    (work) => work,
  );
  if (hidden.length > 0) void inspection.mask(Uint32Array.from(hidden));
  else void inspection.refresh();
  const outcome = await inspection.settled();
  if ('error' in outcome) assert.fail(outcome.error.message);
  return { inspection, state: { ...state, hidden, view: clampView({ ...state.view, ...view }, state.model!) } };
}

for (const one of cases)
  describe(one.name, { skip: one.skip }, () => {
    let state: AppState;
    let inspection: Inspection;
    before(async () => {
      ({ state, inspection } = await inspect(one));
    });
    after(() => inspection.dispose());

    for (const method of methodIds)
      test(method, async (context) => {
        if (takes(method, 'class') && state.run!.predictions.length === 0) return context.skip('no classes');
        const shown = { ...state, view: clampView({ ...state.view, method }, state.model!) };
        const why = whyNoSnippet(shown);
        if (why !== null) {
          assert.ok(withoutProgram(method) || state.model!.family.startsWith('hf-'), why);
          return context.skip(why);
        }
        const slice = await inspection.slice(shown.run!.runId, sliceOf(shown.view));
        const expected = mapOf(slice, shown.view, shown.model!, scaleOf(shown.view, shown.display)).heat.patches;
        const file = path.join(folder, `${method}.npy`);
        await writeFile(path.join(folder, 'shown.py'), pythonSnippet(shown, file));
        const { status, stderr } = spawnSync(python, ['shown.py'], { cwd: folder, encoding: 'utf8' });
        assert.equal(status, 0, stderr);
        const { shape, values } = readNpy(await readFile(file));
        assert.deepEqual(shape, shown.model!.loaded.grid);
        let [most, apart] = [0, 0];
        expected.forEach((value, i) => {
          most = Math.max(most, Math.abs(value));
          apart = Math.max(apart, Math.abs(value - values[i]!));
        });
        assert.ok(most > 0);
        context.diagnostic(`${(apart / most).toExponential(1)} of the largest value`);
        assert.ok(apart <= CLOSE * most, `${apart} of ${most}`);
      });
  });

const withoutProgram = (method: MethodId) => ['value-attention', 'token-sampling', 'similarity'].includes(method);
