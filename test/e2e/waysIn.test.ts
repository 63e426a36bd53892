/** VS Code's own ways in and around: "Open With…", keys, the next picture of a folder, the picture's context menu. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Session } from './support/session';
import { chooseInExplorer, explorerMenu, PATIENCE, pick } from './support/ui';

const CLASSIFY = 'ViT: Classify Image';

let session: Session;

before(async () => {
  session = await Session.open('ways-in', { install: 'link' });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

const tab = (name: RegExp) => session.page.getByRole('tab', { name });
const tabs = () => session.page.locator('.tabs-container .tab').count();

test('the next picture of the folder takes the place of the one before, with the controls as they are', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'car.png', CLASSIFY);
  await panel.ready('car.png');
  await panel.part('picture').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('Alt+,');
  await panel.waitFor({ layer: '5' });
  await page.keyboard.press('Alt+PageDown');
  await panel.ready('cat.webp');
  await tab(/^cat\.webp/).waitFor({ timeout: PATIENCE });
  assert.equal(await panel.attribute('layer'), '5');
  assert.equal(await tabs(), 1);
  await page.keyboard.press('Alt+PageUp');
  await panel.ready('car.png');
  // around the end of the folder: its first picture is before its last
  await page.keyboard.press('Alt+PageUp');
  await panel.ready('aeroplane.png');
  await page.keyboard.press('Alt+PageUp');
  await panel.ready('ship.png');
  assert.equal(await tabs(), 1);
});

test('keys go through layers, heads and views', async () => {
  const { page, panel } = session;
  await page.keyboard.press('Alt+.');
  await panel.waitFor({ layer: '6' });
  await page.keyboard.press('Alt+.');
  await page.keyboard.press('Shift+Alt+.');
  await panel.waitFor({ layer: '6', head: '0' });
  await page.keyboard.press('Shift+Alt+,');
  await page.keyboard.press('Shift+Alt+,');
  await panel.waitFor({ head: '5' });
  for (const view of ['overview', 'patches']) {
    await page.keyboard.press('Shift+Alt+PageDown');
    await panel.waitFor({ view });
  }
  for (const view of ['overview', 'attention']) {
    await page.keyboard.press('Shift+Alt+PageUp');
    await panel.waitFor({ view });
  }
});

test('a patch becomes the query, or is hidden, by the context menu of the picture', async () => {
  const { page, panel } = session;
  const { width, height } = (await panel.part('picture').boundingBox())!;
  const position = { x: width / 2 + 5, y: height / 2 + 5 };
  const item = (label: string) => page.locator('.monaco-menu').getByRole('menuitem', { name: label, exact: true });
  await panel.part('picture').click({ button: 'right', position });
  await item('Use This Patch as the Query').waitFor({ timeout: PATIENCE });
  await session.screenshot('picture-menu');
  await pick(page, item('Use This Patch as the Query'));
  await panel.waitFor({ query: '37' });
  await panel.part('picture').click({ button: 'right', position });
  await pick(page, item('Hide This Patch, or Show It Again'));
  await panel.view.locator('#tab-patches').click();
  await panel.part('hidden-patches').filter({ hasText: '1 hidden' }).waitFor({ timeout: PATIENCE });
});

test('a picture is opened with the inspector in an editor of its own', async () => {
  const { page, panel } = session;
  const openWith = await explorerMenu(page, 'frog.png', 'Open With...');
  await pick(page, openWith);
  await page.locator('.quick-input-list').getByText('ViT Inspector').first().click();
  await tab(/^frog\.png/).waitFor({ timeout: PATIENCE });
  await panel.ready('frog.png');
  await panel.part('picture').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('Alt+PageDown');
  await panel.ready('harbour.jpg');
  await session.screenshot('editor');
});
