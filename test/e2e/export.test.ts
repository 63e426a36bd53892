/** Figures and numbers out of the panel, as files in the folder that is open. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import sharp from 'sharp';
import { readNpy } from '../../extension/files/npy';
import { addPhoto, deit, withoutDeit } from './support/realModel';
import { root, Session } from './support/session';
import {
  chooseFromMenu,
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
  session = await Session.open('export', {
    install: 'link',
    prepare: addPhoto,
  });
  await session.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

const menuItem = (id: string) => session.panel.part(id);

async function openMenu(): Promise<void> {
  await session.panel.part('export').click();
  await menuItem('save-figure').waitFor();
}

/**
 * Saves by the menu: the dialog suggests that name; `as` is typed over it. Gives the file's bytes once the notification says
 * that it is there.
 */
async function save(id: string, suggested: string, as = suggested): Promise<Buffer> {
  const { page, folder } = session;
  await openMenu();
  await menuItem(id).click();
  const input = page.locator('.quick-input-widget .quick-input-box input');
  await page.waitForFunction(
    (wanted) =>
      document
        .querySelector<HTMLInputElement>('.quick-input-widget .quick-input-box input')
        ?.value.endsWith(`/${wanted}`),
    suggested,
    { timeout: PATIENCE },
  );
  if (as !== suggested) await input.fill(path.join(folder, as));
  await page.keyboard.press('Enter');
  await toast(page, `Saved ${path.join(folder, as)}`).waitFor({ timeout: PATIENCE });
  const bytes = readFileSync(path.join(folder, as));
  // to be looked at, like the screenshots
  writeFileSync(path.join(root, 'test-output', `export-${as}`), bytes);
  return bytes;
}

test('figures: with all that is around the picture, and the bare picture at its own size', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'harbour.jpg', CLASSIFY);
  await panel.ready('harbour.jpg');
  const picture = await sharp(path.join(root, 'samples/harbour.jpg')).metadata();
  const whole = await sharp(await save('save-figure', 'harbour-attention.png')).metadata();
  assert.ok(whole.height > picture.height, 'caption and colour bar are under it');
  const svg = (await save('save-svg', 'harbour-attention.svg')).toString();
  assert.match(svg, />harbour\.jpg · vit-cifar10 · Attention from class token, layer 12, mean of 3 heads<\/text>/);
  const drawn = await sharp(Buffer.from(svg)).metadata();
  assert.deepEqual([drawn.width, drawn.height], [whole.width, whole.height]);
  const pdf = (await save('save-pdf', 'harbour-attention.pdf')).toString('latin1');
  assert.match(pdf, /^%PDF-1\.4/);
  assert.ok(pdf.includes(`/MediaBox [0 0 ${0.75 * whole.width} ${0.75 * whole.height}]`));
  await openMenu();
  await session.screenshot('export-menu');
  for (const name of ['caption', 'bar', 'grid']) {
    await menuItem(`figure-${name}`).click();
    assert.equal(await menuItem(`figure-${name}`).getAttribute('aria-checked'), 'false');
  }
  await page.keyboard.press('Escape');
  const bare = await sharp(await save('save-figure', 'harbour-attention.png', 'bare.png')).metadata();
  assert.deepEqual([bare.width, bare.height], [picture.width, picture.height]);
  await openMenu();
  await menuItem('figure-outside').click();
  await page.keyboard.press('Escape');
  const seen = await sharp(await save('save-figure', 'harbour-attention.png', 'seen.png')).metadata();
  const side = Math.min(picture.width, picture.height);
  // resized sides are whole pixels: what was seen of the picture is a square to within one of the model's
  for (const seenSide of [seen.width, seen.height])
    assert.ok(Math.abs(seenSide - side) <= side / 32, `${seenSide} of the square that the model saw, ${side}`);
  await clearNotifications(page);
});

test('numbers: the map, every layer and head, and all that says what they are', async () => {
  const { page } = session;
  const map = readNpy(await save('save-map-npy', 'harbour-attention.npy'));
  assert.deepEqual(map.shape, [8, 8]);
  const csv = (await save('save-map-csv', 'harbour-attention.csv')).toString().trimEnd().split('\n');
  assert.equal(csv.length, 1 + 64);
  assert.deepEqual(
    Float32Array.from(csv.slice(1), (line) => Number(line.split(',')[2])),
    map.values,
  );
  const all = readNpy(await save('save-all-npy', 'harbour-attention-all.npy'));
  assert.deepEqual(all.shape, [12, 3, 65]);
  const mean = map.values.map((_value, patch) => {
    let sum = 0;
    for (let head = 0; head < 3; head++) sum += all.values[(11 * 3 + head) * 65 + 1 + patch]! / 3;
    return sum;
  });
  mean.forEach((value, i) => assert.ok(Math.abs(value - map.values[i]!) < 1e-6));
  const json = JSON.parse((await save('save-json', 'harbour-attention.json')).toString()) as Record<string, unknown>;
  assert.deepEqual([json.method, json.layer, json.head, json.query], ['attention', 12, 'mean', 'class']);
  const weights = readFileSync(path.join(root, 'models/vit-cifar10/model.safetensors'));
  assert.deepEqual(json.weights, {
    files: [
      { name: 'model.safetensors', bytes: weights.length, sha256: createHash('sha256').update(weights).digest('hex') },
    ],
    seed: null,
  });
  assert.deepEqual(Float32Array.from(json.map as number[]), map.values);
  await clearNotifications(page);
});

test('"Saved" opens the file, or shows where it lies', async () => {
  const { page } = session;
  await save('save-map-csv', 'harbour-attention.csv', 'opened.csv');
  await toast(page, 'opened.csv').getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByRole('tab', { name: 'opened.csv' }).waitFor({ timeout: PATIENCE });
  await page.getByText('row,column,value').waitFor({ timeout: PATIENCE });
  await runCommand(page, 'View: Close Editor');
  await session.panel.ready('harbour.jpg');
  await save('save-map-csv', 'harbour-attention.csv', 'revealed.csv');
  await toast(page, 'revealed.csv').getByRole('button', { name: 'Reveal', exact: true }).click();
  await explorerRow(page, 'revealed.csv')
    .and(page.locator('.selected, [aria-selected="true"]'))
    .waitFor({ timeout: PATIENCE });
  await clearNotifications(page);
});

test('all layers and heads as one figure; a click on a map shows it on the picture', async () => {
  const { panel } = session;
  await panel.part('tab-overview').click();
  const grid = panel.view.locator('[data-testid="overview"][data-complete]');
  await grid.waitFor({ timeout: PATIENCE });
  await session.screenshot('overview');
  const { width, height } = await sharp(await save('save-figure', 'harbour-attention-overview.png')).metadata();
  assert.ok(width > 300 && height > 1000, `${width} x ${height}: 12 layers of 3 heads`);
  const pdf = await save('save-pdf', 'harbour-attention-overview.pdf');
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  await clearNotifications(session.page);
  // the first map of all is right of the rows' captions and under the columns'
  await grid.click({ position: { x: 70, y: 32 } });
  await panel.waitFor({ view: 'attention', layer: '1', head: '0' });
  await panel.ready('harbour.jpg');
});

test('the image is copied by the context menu of the picture', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'harbour.jpg', CLASSIFY);
  await panel.ready('harbour.jpg');
  await chooseFromMenu(page, 'Copy Image', () => panel.part('picture').click({ button: 'right' }));
  await panel.part('notice').filter({ hasText: 'Figure copied.' }).waitFor({ timeout: PATIENCE });
  const copied = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return [...new Uint8Array(await (await item!.getType('image/png')).arrayBuffer())];
  });
  const { width, height, format } = await sharp(Buffer.from(copied)).metadata();
  assert.ok(format === 'png' && width > 300 && height > 300, `${format} ${width} x ${height}`);
});

/** The matrix with that number on the page of the walk-through, as a file. */
async function saveMatrix(nth: number, name: string) {
  const { page, panel, folder } = session;
  await panel.part('matrix').nth(nth).hover();
  await panel.part('save-matrix').nth(nth).click();
  await saveFile(page, path.join(folder, name));
  await toast(page, `Saved ${path.join(folder, name)}`).waitFor({ timeout: PATIENCE });
  return readNpy(readFileSync(path.join(folder, name)));
}

test('a step of the walk-through shows what goes in and what comes out, each of which is saved; it follows patch 12', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'harbour.jpg', CLASSIFY);
  await panel.ready('harbour.jpg');
  await panel.part('tab-walkthrough').click();
  await panel.openStep('Split connection around attention');
  await panel.slide('walk-layer', 12);
  await panel.part('input-name').filter({ hasText: 'blocks.11.attn.proj' }).waitFor();
  assert.equal(await panel.part('step-chapter').innerText(), 'Encoding block');
  await panel.count('matrix', 3);
  assert.equal(await panel.part('formula').locator('math').textContent(), 'x+f\u2061(x)=y');
  assert.deepEqual(await panel.part('input-name').allInnerTexts(), [
    'blocks.10.mlp.residual (1, 65, 192)',
    'blocks.11.attn.proj (1, 65, 192)',
  ]);
  await panel.part('matrix').nth(2).focus();
  await page.keyboard.press('ArrowRight');
  await panel
    .part('matrix-readout')
    .filter({ hasText: /^Patch 12, column 2: / })
    .waitFor();
  await session.screenshot('split-connection');
  const x = await saveMatrix(0, 'harbour-blocks.10.mlp.residual.npy');
  const change = await saveMatrix(1, 'harbour-blocks.11.attn.proj.npy');
  const sum = await saveMatrix(2, 'harbour-blocks.11.attn.residual.npy');
  assert.deepEqual(sum.shape, [1, 65, 192]);
  for (const [i, value] of sum.values.entries())
    assert.ok(Math.abs(x.values[i]! + change.values[i]! - value) < 1e-5, `value ${i}`);
  await clearNotifications(page);
  // another step: what goes in is named, and shown when it is asked for
  await panel.openStep('Neural network: first layer');
  await panel.part('input-name').filter({ hasText: 'blocks.11.norm2 (1, 65, 192)' }).waitFor();
  await panel.count('matrix', 1);
  await panel.part('goes-in').locator('summary').click();
  await panel.count('matrix', 2);
  await panel.part('goes-in').locator('summary').click();
});

test('the articles are the table of contents of the walk-through; positions show what they are for', async () => {
  const { panel } = session;
  const article = (name: string) => panel.part('article').filter({ hasText: name });
  assert.equal(await article('Tokens to token').isDisabled(), true, 'this model splits nothing softly');
  await article('Attention').click();
  await panel.part('step-title').filter({ hasText: 'Queries, keys and values' }).waitFor();
  await article('Position embeddings').click();
  await panel.part('step-title').filter({ hasText: 'Position embedding' }).waitFor();
  const pixels = () => panel.part('scrambled').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  const before = await pixels();
  await panel.part('scramble').click();
  assert.notEqual(await pixels(), before);
  await panel.part('scramble').scrollIntoViewIfNeeded();
  await session.screenshot('positions');
  // the rows of the third table come out in the other order, those with positions do not
  const rows = await panel
    .part('order-example')
    .evaluateAll((all) =>
      all.map((example) =>
        [...example.querySelectorAll('.order-example')].map((side) =>
          [...side.querySelectorAll('table:last-child tr')].map((row) => (row as HTMLElement).innerText.trim()).sort(),
        ),
      ),
    );
  assert.deepEqual(rows[0]![0], rows[0]![1]);
  assert.notDeepEqual(rows[1]![0], rows[1]![1]);
  await article('Vision Transformers').click();
  await panel.part('step-title').filter({ hasText: 'Image' }).waitFor();
});

test('planes of the input are red, green and blue; under the cells of the head are the classes', async () => {
  const { page, panel } = session;
  await panel.openStep(0);
  await panel.count('matrix', 3);
  await page.waitForTimeout(300);
  await session.screenshot('planes');
  /** Of a canvas, red, green and blue of its upper part and opaque pixels of its lowest 80. */
  const colors = () =>
    panel.part('matrix').evaluateAll((all) =>
      (all as HTMLCanvasElement[]).map((canvas) => {
        const context = canvas.getContext('2d')!;
        const total = [0, 0, 0];
        // right of the names of the rows
        const { data } = context.getImageData(60, 30, canvas.width - 80, 60);
        for (let at = 0; at < data.length; at += 4) for (let c = 0; c < 3; c++) total[c]! += data[at + c]!;
        const under = context.getImageData(41, canvas.height - 80, canvas.width - 41, 80).data;
        return { total, under: under.filter((alpha, at) => at % 4 === 3 && alpha > 0).length };
      }),
    );
  const planes = await colors();
  planes.forEach(({ total }, plane) => {
    total.forEach((sum, c) => assert.equal(sum > 0, c === plane, `${total.join()} in plane ${plane}`));
  });
  assert.equal((await saveMatrix(1, 'harbour-input.npy')).shape.join(), '3,128,128');
  await clearNotifications(page);
  await panel.openStep((await panel.view.getByTestId('step').count()) - 2);
  assert.equal(await panel.part('step-title').innerText(), 'Head');
  await panel.count('matrix', 1);
  await page.waitForTimeout(300);
  await session.screenshot('head-classes');
  const [head] = await colors();
  assert.ok(head!.under > 500, `${head!.under} pixels of names`);
  await panel.part('tab-attention').click();
});

test('a program for a real model; and why there is none for others', { skip: withoutDeit }, async () => {
  const { page, panel } = session;
  await session.changeSettings({ 'vit.model': deit });
  await chooseInExplorer(page, 'airliner.jpg', CLASSIFY);
  await panel.ready('airliner.jpg');
  await panel.redrawn(() => panel.part('prediction').first().click());
  await openMenu();
  await menuItem('copy-python').click();
  await panel.part('notice').filter({ hasText: 'with PyTorch' }).waitFor();
  const program = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(program, /^# relevance of "airliner\.jpg" under "deit-tiny", as ViT Inspector \d/);
  assert.match(program, /TARGET = \{404: 1\.0\}/);
  assert.match(program, /np\.save\("airliner-relevance\.npy", result\)\n$/);
  await panel.choose('method', 'Attention times values');
  await panel.waitFor({ method: 'value-attention' });
  await openMenu();
  assert.equal(await menuItem('copy-python').isDisabled(), true);
  assert.equal(await menuItem('copy-python').getAttribute('title'), 'This method has no program of a page.');
  await page.keyboard.press('Escape');
});
