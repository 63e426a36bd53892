/** Models as people handle them: files they write, checkpoints they look into, the two engines, ONNX. */
import assert from 'node:assert/strict';
import { cpSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { root, Session } from './support/session';
import {
  chooseFromList,
  chooseInExplorer,
  clearNotifications,
  explorerRow,
  PATIENCE,
  runCommand,
  toast,
} from './support/ui';

const CLASSIFY = 'ViT: Classify Image';
const MODEL_FILE = 'mountain-dusk.vit.json';

let session: Session;

before(async () => {
  const prepare = (folder: string) => {
    cpSync(path.join(root, 'models/vit-cifar10'), path.join(folder, 'checkpoint'), { recursive: true });
  };
  session = await Session.open('models', { install: 'link', prepare });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

const lens = (page: Page, text: string | RegExp) => page.locator('.codelens-decoration').filter({ hasText: text });

/** The walk-through's page of that title, and its shape as it is printed. */
async function step(title: string, shape: string): Promise<void> {
  const { panel } = session;
  await panel.openStep(title);
  await panel.view.getByTestId('shape').filter({ hasText: shape }).first().waitFor({ timeout: PATIENCE });
}

test('a model file says what it is; its lens runs it on its picture, step by step', async () => {
  const { page, panel } = session;
  await explorerRow(page, MODEL_FILE).dblclick();
  await lens(page, '15 patches of 20 × 20 · 16 tokens of 768 · 12 blocks · 85.3 M parameters').waitFor({
    timeout: PATIENCE,
  });
  await lens(page, 'Run This Model').locator('a').first().click();
  await panel.waitFor({ state: 'ready' });
  await step('Image to patches', '(1, 15, 400)');
  await session.screenshot('model-file');
});

/** Replaces the value of patch_size in the open editor by typing, and leaves it unsaved. */
async function typePatchSize(from: string, to: string): Promise<void> {
  const { page } = session;
  const line = page.locator('.view-line').filter({ hasText: `"patch_size": ${from},` });
  await line.click();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  for (let i = 0; i < from.length; i++) await page.keyboard.press('Backspace');
  await page.keyboard.type(to);
}

test('changing patch_size and saving runs it again: 60 patches', async () => {
  const { page } = session;
  await typePatchSize('20', '10');
  await lens(page, '60 patches of 10 × 10').waitFor({ timeout: PATIENCE });
  const saved = Date.now();
  await page.keyboard.press('ControlOrMeta+s');
  await step('Image to patches', '(1, 60, 100)');
  console.log(`# new shapes ${Date.now() - saved} ms after saving`);
});

test("a size that does not divide is underlined with the article's sentence", async () => {
  const { page } = session;
  await typePatchSize('10', '25');
  await page.locator('.squiggly-error').first().waitFor({ timeout: PATIENCE });
  await lens(page, /cannot be run yet: Height of image must be evenly divisible by patch size\./).waitFor();
  await session.screenshot('model-file-mistake');
  await typePatchSize('25', '20');
  await lens(page, 'Run This Model').waitFor({ timeout: PATIENCE });
  await page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
  await page.keyboard.press('ControlOrMeta+s');
});

test('a checkpoint is inspected by right-click', async () => {
  const { page } = session;
  await runCommand(page, 'View: Close All Editors');
  await explorerRow(page, 'checkpoint').click();
  await chooseInExplorer(page, 'model.safetensors', 'ViT: Inspect Checkpoint');
  const text = page.locator('.view-lines').filter({ hasText: 'timm' });
  await text.first().waitFor({ timeout: PATIENCE });
  await session.screenshot('checkpoint');
});

test('a click on a checkpoint opens it: the verdict, its architecture, its tensors with their statistics', async () => {
  const { page, panel } = session;
  await runCommand(page, 'View: Close All Editors');
  await explorerRow(page, 'model.safetensors').click();
  await panel.view.locator('#root[data-state="ready"][data-tensors="152"]').waitFor({ timeout: PATIENCE });
  await panel.part('verdict').filter({ hasText: 'This model can be run.' }).waitFor({ timeout: PATIENCE });
  await panel.view.getByText('65: class + 8 x 8 patches, each 192 long').waitFor();
  await panel.part('search').fill('blocks.5.norm1.w');
  await panel.count('tensor', 1);
  assert.match(await panel.part('tensor').innerText(), /^blocks\.5\.norm1\.weight\s+\(192\)\s+F16\s+[\d.]+/);
  await session.screenshot('checkpoint-editor');
  await panel.part('use-model').click();
  await toast(page, /is now the model of all panels/).waitFor({ timeout: PATIENCE });
  await clearNotifications(page);
});

test('a weight file and a directory are made the model of all panels by right-click', async () => {
  const { page, panel } = session;
  await runCommand(page, 'View: Close All Editors');
  for (const [file, said] of [
    ['checkpoint', /checkpoint is now the model of all panels/],
    ['model.safetensors', /is now the model of all panels/],
  ] as const) {
    await chooseInExplorer(page, file, 'ViT: Use This Model');
    await toast(page, said).waitFor({ timeout: PATIENCE });
    await clearNotifications(page);
    await chooseInExplorer(page, 'frog.png', CLASSIFY);
    await panel.ready('frog.png');
    assert.equal((await panel.predictions())[0]?.label, 'frog');
    await runCommand(page, 'View: Close All Editors');
  }
  await session.changeSettings({ 'vit.model': 'embedded' });
});

test('the two engines are compared on a picture, and the details are shown', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'frog.png', CLASSIFY);
  await panel.ready('frog.png');
  await runCommand(page, 'ViT: Verify Against ONNX Runtime');
  const message = toast(page, /Native and ONNX Runtime agree on .*: logits differ by at most \d\.\de-\d/);
  await message.waitFor({ timeout: PATIENCE });
  await message.getByRole('button', { name: 'Show Details' }).click();
  await page.locator('.view-lines').filter({ hasText: 'largest absolute differences' }).first().waitFor();
  await session.screenshot('verified');
});

test('a model is exported to ONNX, and the file classifies and shows attention like the model itself', async () => {
  const { page, panel, folder } = session;
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  const native = await panel.predictions();
  await chooseFromList(page, () => runCommand(page, 'ViT: Export Model to ONNX…'), /^Logits(?! and)/);
  // the dialog offers the model's name in the folder that is open
  await page.waitForFunction(
    () =>
      document.querySelector<HTMLInputElement>('.quick-input-widget .quick-input-box input')?.value.endsWith('.onnx'),
    undefined,
    { timeout: PATIENCE },
  );
  await page.keyboard.press('Enter');
  await toast(page, 'vit-cifar10.onnx is written').waitFor({ timeout: PATIENCE });
  assert.ok(statSync(path.join(folder, 'vit-cifar10.onnx')).size > 1e6);
  await clearNotifications(page);

  await session.changeSettings({ 'vit.model': 'vit-cifar10.onnx', 'vit.engine': 'onnx' });
  await panel.view.getByText('ONNX Runtime', { exact: true }).first().waitFor({ timeout: PATIENCE });
  await panel.ready('ship.png');
  const exported = await panel.predictions();
  assert.equal(exported.length, native.length);
  exported.forEach(({ probability }, i) => assert.ok(Math.abs(probability - native[i]!.probability) < 1e-4));
  assert.ok((await panel.part('head-thumb').count()) > 1, 'the attention of the ONNX file is shown');
  await session.screenshot('onnx');
});

test('a graph is made the model by right-click, and needs no choice of engine', async () => {
  const { page, panel } = session;
  await session.changeSettings({ 'vit.model': 'embedded', 'vit.engine': 'native' });
  await chooseInExplorer(page, 'vit-cifar10.onnx', 'ViT: Use This Model');
  await toast(page, /vit-cifar10 is now the model of all panels/).waitFor({ timeout: PATIENCE });
  await clearNotifications(page);
  await chooseInExplorer(page, 'frog.png', CLASSIFY);
  await panel.ready('frog.png');
  await panel.view.getByText('ONNX Runtime', { exact: true }).first().waitFor({ timeout: PATIENCE });
  assert.equal((await panel.predictions())[0]?.label, 'frog');
});
