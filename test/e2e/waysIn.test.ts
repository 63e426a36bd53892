/** VS Code's own ways in and around: "Open With…", keys, the next picture of a folder, the picture's context menu. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { writeNpy } from '../../extension/files/npyEncoding';
import { Session } from './support/session';
import { chooseFromList, chooseFromMenu, chooseInExplorer, explorerRow, PATIENCE, runCommand } from './support/ui';

const CLASSIFY = 'ViT: Classify Image';

let session: Session;

before(async () => {
  session = await Session.open('ways-in', {
    install: 'link',
    prepare(folder) {
      const json = (name: string, value: object) => writeFileSync(path.join(folder, name), JSON.stringify(value));
      const sizes = { img_size: [3, 32, 32], patch_size: 8, token_len: 64, num_heads: 4, depth: 2, preds: 10 };
      writeFileSync(path.join(folder, 'maps.npy'), writeNpy([2, 3, 4, 4], Float32Array.from(Array(96).keys())));
      // 17 tokens by 17: a class token before four by four patches; every row is shares
      const shares = (row: number) => Array.from({ length: 17 }, (_, i) => ((i + row) % 17) / 136);
      writeFileSync(
        path.join(folder, 'frog.npy'),
        writeNpy(
          [3, 17, 17],
          Float32Array.from([0, 1, 2].flatMap(() => Array.from({ length: 17 }, (_, row) => shares(row)).flat())),
        ),
      );
      json('small.vit.json', { architecture: 'ViT_Model', ...sizes });
      // a second folder, with settings of its own
      mkdirSync(path.join(folder, '../second/.vscode'), { recursive: true });
      cpSync(path.join(folder, 'frog.png'), path.join(folder, '../second/tree frog.png'));
      json('../second/.vscode/settings.json', { 'vit.topK': 2 });
      json('../both.code-workspace', { folders: [{ path: 'pictures' }, { path: 'second' }] });
    },
  });
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
  await panel.waitFor({ layer: '11' });
  await page.keyboard.press('Alt+PageDown');
  await panel.ready('cat.webp');
  await tab(/^cat\.webp/).waitFor({ timeout: PATIENCE });
  assert.equal(await panel.attribute('layer'), '11');
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
  await panel.waitFor({ layer: '12' });
  await page.keyboard.press('Alt+.');
  await page.keyboard.press('Shift+Alt+.');
  await panel.waitFor({ layer: '12', head: '0' });
  await page.keyboard.press('Shift+Alt+,');
  await page.keyboard.press('Shift+Alt+,');
  await panel.waitFor({ head: '2' });
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
  const open = () => panel.part('picture').click({ button: 'right', position });
  const choose = (label: string) => chooseFromMenu(page, label, open);
  await open();
  await page.locator('.monaco-menu').getByText('Use This Patch as the Query').waitFor({ timeout: PATIENCE });
  await session.screenshot('picture-menu');
  await page.keyboard.press('Escape');
  await choose('Use This Patch as the Query');
  await panel.waitFor({ query: '37' });
  await choose('Hide This Patch, or Show It Again');
  await choose('Save Image As…');
  await page.waitForFunction(
    () =>
      document
        .querySelector<HTMLInputElement>('.quick-input-widget .quick-input-box input')
        ?.value.endsWith('/ship-attention.png'),
    undefined,
    { timeout: PATIENCE },
  );
  await page.keyboard.press('Escape');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  await panel.view.locator('#tab-patches').click();
  await panel.part('hidden-patches').filter({ hasText: '1 hidden' }).waitFor({ timeout: PATIENCE });
});

test('the picture is revealed in the explorer, and opened as VS Code itself shows it', async () => {
  const { page, panel } = session;
  const choose = (label: string) =>
    chooseFromMenu(page, label, () => panel.part('picture').click({ button: 'right', position: { x: 9, y: 9 } }));
  await runCommand(page, 'View: Close Primary Side Bar');
  await explorerRow(page, 'ship.png').waitFor({ state: 'hidden', timeout: PATIENCE });
  await choose('Reveal Picture in Explorer');
  await explorerRow(page, 'ship.png')
    .and(page.locator('.selected, [aria-selected="true"]'))
    .waitFor({ timeout: PATIENCE });
  await choose('Open Original Picture');
  await panel.view.locator('body.image img').waitFor({ timeout: PATIENCE });
  assert.equal(await tabs(), 2);
  await page.locator('.tabs-container .tab.active').click({ button: 'middle' });
  await panel.part('picture').waitFor({ timeout: PATIENCE });
});

test('the keys are among those of VS Code, where they can be changed', async () => {
  const { page, panel } = session;
  await runCommand(page, 'Preferences: Open Keyboard Shortcuts');
  const editor = page.locator('.keybindings-editor');
  await editor.locator('.keybindings-header input').first().fill('vit.next');
  for (const [title, key] of [
    ['Next Picture', 'Alt+PageDown'],
    ['Next Layer', 'Alt+.'],
    ['Next Head', 'Shift+Alt+.'],
    ['Next View', 'Shift+Alt+PageDown'],
  ] as const) {
    const rows = editor.locator('.monaco-list-row').filter({ hasText: `ViT: ${title}` });
    await rows.first().waitFor({ timeout: PATIENCE });
    const keys = (await rows.locator('.monaco-keybinding').allInnerTexts()).map((text) => text.replaceAll(/\s/g, ''));
    assert.ok(keys.includes(key), `${title}: ${keys.join()}`);
  }
  await runCommand(page, 'View: Close Editor');
  await panel.part('picture').waitFor({ timeout: PATIENCE });
});

test('a brush of three by three hides nine patches at a click', async () => {
  const { page, panel } = session;
  await panel.part('show-all').click();
  await panel.part('brush').click();
  await panel.slide('brush-size', 3);
  const { width, height } = (await panel.part('picture').boundingBox())!;
  await panel.part('picture').click({ position: { x: width / 2 + 5, y: height / 2 + 5 } });
  await panel.part('hidden-patches').filter({ hasText: '9 hidden' }).waitFor({ timeout: PATIENCE });
  await page.setViewportSize({ width: 700, height: 900 });
  await panel.part('brush-size').scrollIntoViewIfNeeded();
  // in a narrow panel the page scrolls, and the picture stays
  const box = (await panel.part('picture').boundingBox())!;
  assert.ok(box.y >= 0 && box.y + box.height <= 900 && box.height > 100, JSON.stringify(box));
  await session.screenshot('brush-narrow');
  await page.setViewportSize({ width: 1440, height: 900 });
  await panel.part('show-all').click();
  await panel.view.locator('#tab-attention').click();
});

test('the panel is a page with one heading and its views in the main part', async () => {
  const { panel } = session;
  for (const view of ['overview', 'patches', 'walkthrough', 'attention']) {
    await panel.view.locator(`#tab-${view}`).click();
    await panel.waitFor({ view });
    const heading = panel.view.getByRole('main').getByRole('heading', { level: 1 });
    assert.equal(await heading.textContent(), 'ship.png');
    assert.equal(await panel.view.getByRole('main').getByRole('tabpanel').count(), 1);
  }
});

test('a picture is dropped onto the panel, by its name or by its bytes, or pasted', async () => {
  const { panel, folder } = session;
  const frame = await panel.frame();
  const drop = (type: string, text: string) =>
    frame.evaluate(
      ([type, text]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.setData(type!, text!);
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      },
      [type, text],
    );
  await drop('text/uri-list', `# a comment\r\nfile://${folder}/cat.webp\r\n`);
  await panel.ready('cat.webp');
  const bytes = [...readFileSync(path.join(folder, 'car.png'))];
  const give = (kind: 'drop' | 'paste', name: string) =>
    frame.evaluate(
      ([kind, name, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
        const init = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(
          kind === 'drop'
            ? new DragEvent('drop', { ...init, dataTransfer: data })
            : new ClipboardEvent('paste', { ...init, clipboardData: data }),
        );
      },
      [kind, name, bytes] as const,
    );
  await give('drop', 'from elsewhere.png');
  await panel.ready('from elsewhere.png');
  await give('paste', 'image.png');
  await panel.ready('image.png');
  assert.equal(await tabs(), 1);
  await give('drop', 'notes.txt');
  const notice = panel.part('notice').filter({ hasText: 'notes.txt is no picture of a type that can be opened.' });
  await notice.waitFor({ timeout: PATIENCE });
});

test('a model is kept in one panel while the others follow the settings', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  await panel.part('pin-model').click();
  await panel.view.locator('[data-testid="pin-model"][aria-checked="true"]').waitFor({ timeout: PATIENCE });
  const before = await panel.predictions();
  await session.changeSettings({ 'vit.model': 'small.vit.json' });
  await panel.ready('ship.png');
  assert.deepEqual(await panel.predictions(), before);
  await session.screenshot('pinned');
  // a reload changes nothing of it
  await runCommand(page, 'Developer: Reload Window');
  await session.explorerShown();
  await panel.ready('ship.png');
  assert.deepEqual(await panel.predictions(), before);
  await panel.part('pin-model').click();
  await panel.view
    .locator('#root[data-state="ready"]')
    .getByText('small', { exact: true })
    .first()
    .waitFor({ timeout: PATIENCE });
  await session.changeSettings({ 'vit.model': 'embedded' });
  await panel.ready('ship.png');
});

test('a picture is opened with the inspector in an editor of its own', async () => {
  const { page, panel } = session;
  await chooseFromList(page, () => chooseInExplorer(page, 'frog.png', 'Open With...'), 'ViT Inspector');
  await tab(/^frog\.png/).waitFor({ timeout: PATIENCE });
  await panel.ready('frog.png');
  await panel.part('picture').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('Alt+PageDown');
  await panel.ready('harbour.jpg');
  await session.screenshot('editor');
});

test('a .npy file is opened by a click, one of its matrices at a time', async () => {
  const { page, panel } = session;
  await explorerRow(page, 'maps.npy').click();
  await panel.view.locator('#root[data-state="ready"]').getByTestId('facts').waitFor({ timeout: PATIENCE });
  assert.match(await panel.part('facts').innerText(), /\(2, 3, 4, 4\)[^]*<f4[^]*Largest\s+95/);
  await panel.slide('matrix-number', 6);
  await panel.view.getByText('[1, 2, :, :] · 6 / 6').waitFor({ timeout: PATIENCE });
  await session.screenshot('array');
});

test('a .npy of attention is drawn on the picture of its name, or on one that somebody chooses', async () => {
  const { page, panel } = session;
  await explorerRow(page, 'frog.npy').click();
  const drawn = panel.view.getByTestId('on-picture').filter({ visible: true });
  await drawn.waitFor({ timeout: PATIENCE });
  await panel.part('picture-name').filter({ hasText: 'frog.png' }).waitFor();
  const slider = panel.part('query');
  assert.equal(await slider.getAttribute('aria-valuetext'), 'Token 1');
  assert.equal(await panel.part('prefix-values').innerText(), 'Before the patches: token 1: 0');
  // row 1 of 17 tokens gives to patch p what p is of 1..16
  await panel.part('patch-grid').focus();
  await page.keyboard.press('ArrowRight');
  await panel.view.locator('[data-testid="query"][aria-valuetext="Patch 2"]').waitFor({ timeout: PATIENCE });
  await session.screenshot('array-on-picture');
  await chooseFromList(page, () => panel.part('choose-picture').click(), 'ship.png');
  await panel.part('picture-name').filter({ hasText: 'ship.png' }).waitFor({ timeout: PATIENCE });
  // it is remembered, and so is that none is wanted
  await tab(/^frog\.npy/).click({ button: 'middle' });
  await explorerRow(page, 'frog.npy').click();
  await panel.part('picture-name').filter({ hasText: 'ship.png' }).waitFor({ timeout: PATIENCE });
  await panel.part('forget-picture').click();
  await drawn.waitFor({ state: 'hidden', timeout: PATIENCE });
});

test('in a workspace of several folders each picture obeys the settings of its own', async () => {
  const { page, panel, folder, server } = session;
  const workspace = path.join(folder, '../both.code-workspace');
  await page.goto(`${server.url}/?workspace=${encodeURIComponent(workspace)}`, { waitUntil: 'domcontentloaded' });
  await session.explorerShown();
  const second = explorerRow(page, 'second');
  await second.waitFor({ timeout: PATIENCE });
  // a click folds it, too
  for (const end = Date.now() + PATIENCE; !(await explorerRow(page, 'tree frog.png').isVisible());) {
    if ((await second.getAttribute('aria-expanded')) !== 'true') await second.click();
    await page.waitForTimeout(1000);
    assert.ok(Date.now() < end, 'the second folder does not unfold');
  }
  await chooseInExplorer(page, 'tree frog.png', CLASSIFY);
  await panel.ready('tree frog.png');
  assert.equal((await panel.predictions()).length, 2);
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  assert.equal((await panel.predictions()).length, 5);
});
