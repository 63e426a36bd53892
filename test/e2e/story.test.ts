/** The whole story, as a user lives it: the packaged extension, installed in a real VS Code. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { root, Session } from './support/session';
import { chooseInExplorer, explorerMenu, explorerRow, PATIENCE, runCommand, selectInExplorer } from './support/ui';
import { writeOddPictures } from './support/pictures';

const CLASSIFY = 'ViT: Classify Image';
const HEATMAP = 'ViT: Show Attention Heatmap';
const PATCHES = 'ViT: Show Patch Grid';

let session: Session;

before(async () => {
  session = await Session.open('story', { install: 'vsix', prepare: writeOddPictures });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

test('the context menu of a picture offers the three commands, that of a text does not', async () => {
  const { page } = session;
  await explorerMenu(page, 'aeroplane.png', CLASSIFY);
  const labels = (await page.locator('.monaco-menu').getByRole('menuitem').allInnerTexts()).filter((l) =>
    l.startsWith('ViT'),
  );
  await session.screenshot('menu');
  await page.keyboard.press('Escape');
  assert.deepEqual(labels, [CLASSIFY, HEATMAP, PATCHES]);
  await assert.rejects(
    explorerMenu(page, 'notes.txt', CLASSIFY, 0),
    /no "ViT: Classify Image" in the menu of notes.txt/,
  );
});

test('right-click, menu item, panel: the picture, then what the command line says about it', async () => {
  const { page, panel } = session;
  const clicked = await chooseInExplorer(page, 'aeroplane.png', CLASSIFY);
  await page.locator('iframe.webview').waitFor({ state: 'attached' });
  const up = Date.now() - clicked;
  await panel.ready('aeroplane.png');
  console.log(`# panel after ${up} ms, predictions after ${Date.now() - clicked} ms (cold: activation, engine, model)`);
  const shown = await panel.predictions();
  const image = path.join(session.folder, 'aeroplane.png');
  const printed = execFileSync(process.execPath, [path.join(root, 'dist/cli.js'), 'classify', '--json', image], {
    encoding: 'utf8',
  });
  const { predictions } = JSON.parse(printed) as { predictions: { label: string; probability: number }[] };
  assert.deepEqual(
    shown,
    predictions.map(({ label, probability }) => ({ label, probability })),
  );
  assert.equal(shown.length, 5);
  assert.ok((await panel.pixels()).colors > 100, 'the canvas shows a picture');
  await session.screenshot('classified');
});

test('a warm engine answers; how long it takes is printed', async () => {
  const { page, panel } = session;
  const clicked = await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  const took = Date.now() - clicked;
  console.log(`# predictions after ${took} ms (warm)`);
  assert.equal((await panel.predictions()).length, 5);
});

test('a click on a patch asks for that patch: numbered 1 to N, row by row', async () => {
  const { panel } = session;
  const grid = await panel.grid();
  const before = await panel.pixels();
  for (const [row, column] of [
    [1, 1],
    [grid.rows - 2, grid.columns - 3],
  ] as const) {
    await panel.redrawn(() => panel.clickPatch(row, column, { width: 960, height: 720 }));
    const patch = row * grid.columns + column + 1;
    await panel
      .part('readout')
      .filter({
        // a patch the model hardly looks at has an exponent
        hasText: new RegExp(
          `^Patch ${patch} · row ${row + 1}, column ${column + 1} · attention \\d(\\.\\d+)?(e-\\d+)? \\(`,
        ),
      })
      .waitFor();
    assert.equal(await panel.attribute('query'), String(patch)); // token 0 is the class token
    assert.match((await panel.part('caption').textContent()) ?? '', new RegExp(`from patch ${patch}, layer`));
  }
  assert.notEqual((await panel.pixels()).hash, before.hash);
  await session.screenshot('patch-query');
  await panel.redrawn(() => panel.part('query-0').click());
  assert.equal(await panel.attribute('query'), '0');
});

test('layer, head and thumbnails steer the heatmap', async () => {
  const { panel } = session;
  const layers = Number(await panel.part('layer').getAttribute('max'));
  assert.equal(await panel.attribute('layer'), String(layers), 'the last layer first');
  const seen = [(await panel.pixels()).hash];
  await panel.redrawn(() => panel.slide('layer', 2));
  assert.equal(await panel.attribute('layer'), '2');
  seen.push((await panel.pixels()).hash);
  await panel.redrawn(() => panel.choose('head', 'Head 1'));
  assert.equal(await panel.attribute('head'), '0');
  seen.push((await panel.pixels()).hash);
  await panel.redrawn(() => panel.choose('head', 'Maximum of all heads'));
  assert.equal(await panel.attribute('head'), 'max');
  seen.push((await panel.pixels()).hash);
  const thumbs = panel.part('head-thumb');
  const heads = await thumbs.count();
  assert.ok(heads > 1);
  const [map, number] = [thumbs.first().locator('canvas'), thumbs.first().locator('.thumb-number')];
  const [mapBox, numberBox] = [await map.boundingBox(), await number.boundingBox()];
  assert.ok(numberBox!.y >= mapBox!.y + mapBox!.height, 'the number covers nothing of the map');
  await panel.redrawn(() => thumbs.nth(heads - 1).click());
  assert.equal(await panel.attribute('head'), String(heads - 1));
  seen.push((await panel.pixels()).hash);
  assert.equal(new Set(seen).size, seen.length, 'every choice looks different');
  assert.match((await panel.part('caption').textContent()) ?? '', new RegExp(`layer 2, head ${heads}$`));
});

test('rollout through the layers', async () => {
  const { panel } = session;
  await panel.redrawn(() => panel.choose('method', 'Rollout'));
  assert.equal(await panel.attribute('method'), 'rollout');
  assert.match((await panel.part('caption').textContent()) ?? '', /^Attention rollout from class token, layers 1–2/);
  await panel.redrawn(() => panel.choose('method', 'Attention of one layer'));
});

test('the color bar has numbers, opacity and smoothing change pixels', async () => {
  const { panel } = session;
  const bar = (await panel.part('color-bar').textContent()) ?? '';
  const numbers = bar.match(/\d+(?:[.,]\d+)?(?:e-?\d+)?/g) ?? [];
  assert.ok(numbers.length >= 2, `numbers on the color bar: ${bar}`);
  const before = (await panel.pixels()).hash;
  await panel.slide('opacity', 0);
  const clear = await panel.changed(before);
  await panel.slide('opacity', 80);
  const opaque = await panel.changed(clear);
  await panel.part('smooth').click();
  await panel.changed(opaque);
});

test('the patch grid and heatmap commands show their view of the picture in the panel', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'ship.png', PATCHES);
  await panel.waitFor({ state: 'ready', view: 'patches' });
  const { rows, columns } = await panel.grid();
  assert.equal(
    await panel.part('caption').textContent(),
    `${rows * columns} patches, ${rows} down and ${columns} across`,
  );
  await session.screenshot('patch-grid');
  await chooseInExplorer(page, 'ship.png', HEATMAP);
  await panel.waitFor({ state: 'ready', view: 'attention' });
  assert.equal(await page.getByRole('tab', { name: 'ship.png' }).count(), 1, 'one panel for one picture');
});

test('a picture open in the editor is classified from the palette', async () => {
  const { page, panel } = session;
  await explorerRow(page, 'car.png').dblclick();
  await page.getByRole('tab', { name: 'car.png' }).waitFor();
  await page.locator('iframe.webview.ready:visible').waitFor();
  await runCommand(page, CLASSIFY);
  await panel.ready('car.png');
});

test('several selected pictures are a table, with the reason where one cannot be read', async () => {
  const { page, panel } = session;
  await explorerRow(page, 'cat.webp').click();
  await page.getByRole('tab', { name: 'cat.webp' }).waitFor(); // the explorer selects what was opened, and that alone
  await selectInExplorer(page, ['cat.webp', 'frog.png', 'text.png']);
  await chooseInExplorer(page, 'frog.png', CLASSIFY);
  await page.getByRole('tab', { name: /^selection-.*\.vitresults\.jsonl/ }).waitFor({ timeout: PATIENCE });
  await panel.waitFor({ state: 'ready', rows: '3', total: '3' });
  assert.equal(await page.getByRole('tab', { name: 'frog.png' }).count(), 0, 'no panel by itself');
  await panel.choose('kind', 'Failed');
  await panel.waitFor({ total: '1' });
  const failed = panel.part('row').first();
  await failed.filter({ hasText: 'text.png' }).waitFor();
  await failed.click();
  await panel.part('row-error').filter({ hasText: 'text.png' }).waitFor();
  await session.screenshot('several');
});

test('a portrait photo is shown upright; one channel, one pixel and CMYK are classified', async () => {
  const { page, panel } = session;
  for (const [name, size] of [
    ['horse-portrait.jpg', '800 × 1200'],
    ['mountain-dusk.png', '100 × 60'],
    ['one-pixel.png', '1 × 1'],
    ['cmyk.jpg', '29 × 19'],
  ] as const) {
    await chooseInExplorer(page, name, CLASSIFY);
    await panel.ready(name);
    assert.equal((await panel.predictions()).length, 5);
    assert.ok((await panel.root.textContent())?.includes(size), `${name}: ${size}`);
  }
});

test('how many classes are listed follows the setting at once', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  await session.changeSettings({ 'vit.topK': 3 });
  await panel.count('prediction', 3);
  await session.changeSettings({ 'vit.topK': 5 });
  await panel.count('prediction', 5);
});

test('after a window reload the panel is there again, with its controls; how long it takes is printed', async () => {
  const { page, panel } = session;
  await panel.ready('ship.png');
  const { rows, columns } = await panel.grid();
  await panel.clickPatch(2, 2, { width: 960, height: 720 });
  await panel.slide('layer', 3);
  await panel.waitFor({ state: 'ready', layer: '3', query: String(2 * columns + 2 + 1) });
  const kept = { head: await panel.attribute('head'), predictions: await panel.predictions() };
  // in a browser VS Code writes a window's state down every five seconds, when it is idle
  await page.waitForTimeout(8000);
  const loaded = page.waitForEvent('domcontentloaded', { timeout: PATIENCE });
  await runCommand(page, 'Developer: Reload Window');
  await loaded;
  const reloaded = Date.now();
  const after = () => Date.now() - reloaded;
  const [workbench, map] = await Promise.all([
    session.explorerShown().then(after),
    panel.ready('ship.png').then(after),
  ]);
  console.log(`# the workbench's files after ${workbench} ms, the map after ${map} ms`);
  await panel.waitFor({ layer: '3', query: String(2 * columns + 2 + 1), view: 'attention' });
  assert.equal(await panel.attribute('head'), kept.head);
  assert.deepEqual(await panel.predictions(), kept.predictions);
  assert.deepEqual(await panel.grid(), { rows, columns });
  await session.screenshot('reloaded');
});

test("nothing broke the panel's content security policy", () => {
  assert.deepEqual(
    session.consoleErrors.filter((line) => /Content Security Policy|vit-inspector/i.test(line)),
    [],
  );
});
