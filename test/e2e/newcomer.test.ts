/**
 * A newcomer's way, from the package alone: getting started, a sample, a picture, a checkpoint, a graph and a folder of one's own, a
 * figure. Nothing on it is known from the README.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { root, Session } from './support/session';
import {
  chooseFromList,
  chooseInExplorer,
  clearNotifications,
  explorerRow,
  PATIENCE,
  runCommand,
  saveFile,
  toast,
} from './support/ui';

const CLASSIFY = 'ViT: Classify Image';

let session: Session;

before(async () => {
  session = await Session.open('newcomer', {
    install: 'vsix',
    prepare(folder) {
      const sample = (name: string) => path.join(root, 'samples', name);
      cpSync(sample('frog.png'), path.join(folder, 'holiday/my frog.png'));
      for (const name of ['car.png', 'ship.png']) cpSync(sample(name), path.join(folder, 'holiday', name));
      cpSync(path.join(root, 'models/vit-cifar10'), path.join(folder, 'my-checkpoint'), { recursive: true });
    },
  });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

/** A page of getting started, opened by its title. */
async function gettingStarted(title: string): Promise<void> {
  const { page } = session;
  const tab = page.getByRole('tab', { name: /^Walkthrough|^Welcome/ });
  if (await tab.isVisible()) await tab.click();
  else
    await chooseFromList(
      page,
      () => runCommand(page, 'Welcome: Open Walkthrough...'),
      'Vision Transformers, Explained',
    );
  const step = page.locator('.getting-started-step').filter({ hasText: title });
  await step.waitFor({ timeout: PATIENCE });
  if (!(await step.getAttribute('class'))!.includes('expanded')) await step.locator('.step-title').click();
}

const press = (name: string) => session.page.locator('.getting-started-step').getByRole('button', { name }).click();

test('getting started opens a sample, and its pages go on with the picture that was opened', async () => {
  const { page, panel } = session;
  await gettingStarted('Classify a picture');
  await session.screenshot('getting-started');
  await chooseFromList(page, () => press('Try a Sample Picture'), 'frog.png');
  await panel.ready('frog.png');
  assert.equal((await panel.predictions())[0]?.label, 'frog');
  for (const [title, button, view] of [
    ['See its patches', 'Show Patch Grid', 'patches'],
    ['See where it looks', 'Show Attention Heatmap', 'attention'],
  ] as const) {
    await gettingStarted(title);
    await press(button);
    await panel.waitFor({ state: 'ready', view });
  }
  await gettingStarted('Follow the computation');
  await chooseFromList(page, () => press('Walk Through a Sample Picture'), 'frog.png');
  await panel.waitFor({ state: 'ready', view: 'walkthrough' });
  await gettingStarted('Write a model of your own');
  await press('Open a Sample Model File');
  await page.getByRole('tab', { name: 'mountain-dusk.vit.json' }).waitFor({ timeout: PATIENCE });
  await runCommand(page, 'View: Close All Editors');
});

test('a picture of one’s own, then a checkpoint of one’s own', async () => {
  const { page, panel } = session;
  await explorerRow(page, 'holiday').click();
  await chooseInExplorer(page, 'my frog.png', CLASSIFY);
  await panel.ready('my frog.png');
  assert.equal((await panel.predictions())[0]?.label, 'frog');
  await chooseInExplorer(page, 'my-checkpoint', 'ViT: Use This Model');
  await toast(page, /my-checkpoint is now the model of all panels/).waitFor({ timeout: PATIENCE });
  await clearNotifications(page);
  await panel.ready('my frog.png');
});

test('a graph that is exported is one’s own, too', async () => {
  const { page, panel, folder } = session;
  const native = await panel.predictions();
  const file = path.join(folder, 'my-checkpoint.onnx');
  await chooseFromList(page, () => runCommand(page, 'ViT: Export Model to ONNX…'), /^Logits(?! and)/);
  await saveFile(page, file);
  await toast(page, 'my-checkpoint.onnx is written').waitFor({ timeout: PATIENCE });
  assert.ok(statSync(file).size > 1e6);
  await clearNotifications(page);
  await chooseInExplorer(page, 'my-checkpoint.onnx', 'ViT: Use This Model');
  await panel.view.getByText('ONNX Runtime', { exact: true }).first().waitFor({ timeout: PATIENCE });
  await panel.ready('my frog.png');
  const exported = await panel.predictions();
  exported.forEach(({ probability }, i) => assert.ok(Math.abs(probability - native[i]!.probability) < 1e-4));
  await clearNotifications(page);
});

test('a folder is a table', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'holiday', 'ViT: Classify Folder');
  await panel.waitFor({ state: 'ready', rows: '3', total: '3' });
  await session.screenshot('newcomer-folder');
});

test('a figure of it is saved', async () => {
  const { page, panel, folder } = session;
  const file = path.join(folder, 'holiday/my frog-attention.png');
  await page.getByRole('tab', { name: 'my frog.png' }).click();
  await panel.ready('my frog.png');
  await panel.part('export').click();
  await panel.part('save-figure').click();
  await saveFile(page, file);
  await toast(page, `Saved ${file}`).waitFor({ timeout: PATIENCE });
  assert.equal(readFileSync(file).subarray(1, 4).toString(), 'PNG');
});

test("nothing broke the panel's content security policy", () => {
  assert.deepEqual(
    session.consoleErrors.filter((line) => /Content Security Policy|vit-inspector/i.test(line)),
    [],
  );
});
