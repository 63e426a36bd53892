/** What happens to pictures and models while their panels are open, and what the panel says of it. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import sharp from 'sharp';
import manifest from '../../package.json' with { type: 'json' };
import { Session } from './support/session';
import {
  chooseFromList,
  chooseFromMenu,
  chooseInExplorer,
  explorerRow,
  notifications,
  PATIENCE,
  runCommand,
  toast,
} from './support/ui';

const CLASSIFY = 'ViT: Classify Image';
const REGRESSION = {
  architecture: 'ViT_Model',
  img_size: [3, 60, 100],
  patch_size: 20,
  preds: 1,
  image: 'ship.png',
};

let session: Session;
let inFolder: (name: string) => string;
let writeModel: (name: string, model: object) => void;

before(async () => {
  session = await Session.open('everyday', {
    install: 'link',
    async prepare(folder) {
      await sharp(path.join(folder, 'ship.png'))
        .resize(4000, 200, { fit: 'fill' })
        .toFile(path.join(folder, 'panorama.png'));
      inFolder = (name) => path.join(folder, name);
      writeModel = (name, model) => writeFileSync(inFolder(name), `${JSON.stringify(model, null, 2)}\n`);
      mkdirSync(inFolder('other'));
      cpSync(inFolder('frog.png'), inFolder('other/car.png'));
      writeModel('regression.vit.json', { ...REGRESSION, token_len: 64, num_heads: 4, depth: 2 });
      writeModel('second.vit.json', { ...REGRESSION, token_len: 64, num_heads: 4, depth: 3 });
    },
  });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

const tab = (name: string) => session.page.getByRole('tab', { name });
const groups = () => session.page.locator('.editor-group-container').count();
const status = () => session.page.locator('.statusbar-item').filter({ hasText: /model|vit-cifar10/i });

test('a picture that is deleted is said to be, and comes back; the status bar goes on naming the model', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'cat.webp', CLASSIFY);
  await panel.ready('cat.webp');
  const model = await status().first().innerText();
  const bytes = readFileSync(inFolder('cat.webp'));
  rmSync(inFolder('cat.webp'));
  await tab('cat.webp (deleted)').waitFor({ timeout: PATIENCE });
  await panel.part('error').filter({ hasText: 'cat.webp does not exist.' }).waitFor({ timeout: PATIENCE });
  assert.match(await panel.part('shown').innerText(), /^Shown is cat\.webp under .+, from before\.$/);
  assert.equal(await status().first().innerText(), model);
  assert.deepEqual(await notifications(page), [], 'the panel says it, once');
  await session.screenshot('deleted');
  writeFileSync(inFolder('cat.webp'), bytes);
  await panel.waitFor({ state: 'ready' });
  await tab('cat.webp (deleted)').waitFor({ state: 'detached', timeout: PATIENCE });
  await explorerRow(page, 'cat.webp').waitFor({ timeout: PATIENCE });
});

test('two pictures of one name are told apart in their tabs', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'car.png', CLASSIFY);
  await panel.ready('car.png');
  await explorerRow(page, 'other').click();
  await page.locator('.explorer-folders-view').getByRole('treeitem', { name: 'car.png', exact: true }).nth(1).waitFor();
  const inOther = page
    .locator('.explorer-folders-view .monaco-list-row[aria-level="2"]')
    .filter({ hasText: 'car.png' });
  await chooseFromMenu(
    page,
    CLASSIFY,
    () => inOther.click({ button: 'right' }),
    () => inOther.and(page.locator('.focused')).isVisible(),
  );
  await tab('car.png · other').waitFor({ timeout: PATIENCE });
  await tab('car.png · pictures').waitFor({ timeout: PATIENCE });
  await explorerRow(page, 'other').click();
});

test('patches cannot be hidden from what ONNX Runtime runs, and the panel says so', async () => {
  const { page, panel } = session;
  await session.changeSettings({ 'vit.engine': 'onnx' });
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.view.getByText('ONNX Runtime', { exact: true }).first().waitFor({ timeout: PATIENCE });
  await panel.ready('ship.png');
  await panel.view.locator('#tab-patches').click();
  await panel.part('cannot-hide').waitFor();
  assert.equal(await panel.part('brush').count(), 0);
  await session.changeSettings({ 'vit.engine': 'native' });
  await panel.part('brush').waitFor({ timeout: PATIENCE });
  assert.equal(await panel.part('cannot-hide').count(), 0);
});

test('a model that saw little of a picture says how much, and shows that part large', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'panorama.png', CLASSIFY);
  await panel.ready('panorama.png');
  await panel.part('saw-little').filter({ hasText: 'The model saw 5.0 % of the picture.' }).waitFor();
  await panel
    .part('prefix-shares')
    .filter({ hasText: /^Before the patches: class token \d+(\.\d+)? %$/ })
    .waitFor();
  const whole = await panel.pixels();
  await panel.part('show-seen').click();
  const large = await panel.changed(whole.hash);
  await session.screenshot('panorama');
  // a corner of that part was far outside when all of the picture was in sight
  const { width, height } = (await panel.part('picture').boundingBox())!;
  await panel.part('picture').click({ position: { x: width / 2 - height / 2 + 30, y: 30 } });
  await panel.waitFor({ query: '1' });
  const fitted = await panel.changed(large);
  await page.keyboard.press('0');
  const small = await panel.changed(fitted);
  await page.keyboard.press('s');
  await panel.changed(small);
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.waitFor({ state: 'ready', view: 'patches' });
  assert.equal(await panel.part('saw-little').count(), 0);
});

test('hidden patches are hidden in the walk-through too, which says where that begins', async () => {
  const { panel } = session;
  await panel.view.locator('#tab-patches').click();
  // as the engine does it: what the model sees is no black pixels
  assert.match(
    (await panel.part('brush').getAttribute('title'))!,
    /their tokens become zeros before positions are added, and it runs again$/,
  );
  await panel.part('brush').click();
  await panel.part('picture').click();
  await panel.part('hidden-patches').filter({ hasText: '1 hidden' }).waitFor();
  await panel.waitFor({ state: 'ready' });
  await panel.view.getByTestId('change').first().waitFor();
  await panel.view.locator('#tab-walkthrough').click();
  await panel
    .part('walk-hidden')
    .filter({ hasText: /^1 patch is hidden: behind the projection/ })
    .waitFor();
  await panel.openStep('Image to patches');
  await session.screenshot('walk-hidden');
  await panel.view.locator('#tab-patches').click();
  await panel.part('show-all').click();
  await panel.part('show-all').waitFor({ state: 'hidden' });
});

test('a regression says what its number is, and that its weights were never trained; model files share a column', async () => {
  const { page, panel } = session;
  await runCommand(page, 'View: Close All Editors');
  await explorerRow(page, 'regression.vit.json').dblclick();
  await runCommand(page, 'ViT: Run This Model');
  await panel.waitFor({ state: 'ready', view: 'walkthrough' });
  await panel.openStep('Prediction', 'last');
  await panel.view.getByText('There are no classes to compare').waitFor();
  await panel.view.locator('#tab-attention').click();
  await panel.part('regression').waitFor();
  await panel.part('seeded').filter({ hasText: 'There are no weights' }).waitFor();
  await session.screenshot('regression');
  await explorerRow(page, 'second.vit.json').dblclick();
  await runCommand(page, 'ViT: Run This Model');
  await tab('ship.png — second.vit.json').waitFor({ timeout: PATIENCE });
  assert.equal(await groups(), 2);
});

test('a model file that another program writes runs again; one it breaks marks what is shown as of before', async () => {
  const { panel } = session;
  await panel.waitFor({ state: 'ready', layer: '3' });
  writeModel('second.vit.json', { ...REGRESSION, token_len: 64, num_heads: 4, depth: 5 });
  await panel.waitFor({ state: 'ready', layer: '5' }); // who looks at the last layer goes on doing so
  writeModel('second.vit.json', { ...REGRESSION, token_len: 64, num_heads: 4, patch_size: 7 });
  await panel.waitFor({ state: 'error', stale: 'failed' });
  await panel.part('error').filter({ hasText: 'second.vit.json' }).waitFor();
});

test('choosing a model while a model file is in front says that its panel keeps its own', async () => {
  const { page } = session;
  await chooseFromList(page, () => runCommand(page, 'ViT: Select Model…'), 'Embedded Model');
  await toast(page, 'the model of all panels but those of a model file').waitFor({ timeout: PATIENCE });
});

test('Open Settings shows every setting there is, on a remote machine too', async () => {
  const { page } = session;
  await runCommand(page, 'ViT: Open Settings');
  const settings = page.locator('.settings-editor');
  await settings.waitFor({ timeout: PATIENCE });
  const all = Object.keys(manifest.contributes.configuration.properties).length;
  await settings
    .locator('.settings-count-widget')
    .filter({ hasText: `${all} Settings Found` })
    .waitFor();
  await session.screenshot('settings');
});
