/** The editors of weight files and of arrays: what a file is and holds, in order, searched, and drawn on a picture. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { writeNpy } from '../../extension/files/npyEncoding';
import { ArrayPage, CheckpointPage } from './support/filePage';
import { Story } from './support/story';
import { root } from './support/webviewPage';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-files-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const golden = (name: string) => path.join(root, 'test/golden/cases', name, 'model.safetensors');
const sample = (name: string) => path.join(root, 'samples', name);

/** A golden model of which some values are no numbers. */
function sick(): string {
  const copy = path.join(folder, 'sick');
  cpSync(path.dirname(golden('deit3')), copy, { recursive: true });
  const file = path.join(copy, 'model.safetensors');
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  for (const name of ['head.bias', 'blocks.0.attn.qkv.weight']) {
    const [begin] = header[name]!.data_offsets;
    bytes.writeFloatLE(NaN, 8 + length + begin);
    bytes.writeFloatLE(Infinity, 8 + length + begin + 4);
  }
  writeFileSync(file, bytes);
  return file;
}

async function checkpoint(context: TestContext, file: string, readAtOnce?: number) {
  const opened = await CheckpointPage.open(file, readAtOnce);
  context.after(() => opened.close());
  return opened;
}

test('a weight file: what model it is, its tensors in every order, searched, chosen by keys', async (context) => {
  const opened = await checkpoint(context, golden('deit-distilled'));
  const { page, panel } = opened;
  const story = new Story('checkpoint', opened);
  await story.step('opened');
  for (const heading of ['name', 'shape', 'type', 'rms', 'least', 'most', 'zeros']) {
    const sort = panel.part(`sort-${heading}`);
    await story.step(`by ${heading}`, () => sort.click());
    await story.step(`by ${heading}, the other way round`, () => sort.click());
  }
  await story.step('as in the file', () => panel.part('sort-zeros').click());
  await story.step('with "NORM" in their names', () => panel.part('search').fill(' NORM '));
  await story.step('with nothing', () => panel.part('search').fill('nothing'));
  await story.step('all again', () => panel.part('search').fill(''));
  await story.step('the third', () => panel.part('tensor').nth(2).click());
  await panel.view.locator('.scroller').focus();
  for (const key of ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'End', 'Home']) {
    await story.step(key, () => page.keyboard.press(key));
  }
  await story.step('not with Alt', () => page.keyboard.press('Alt+ArrowDown'));
  await panel.part('use-model').click();
  await panel.part('text-report').click();
  assert.deepEqual(opened.asked, [{ type: 'ready' }, { type: 'use-model' }, { type: 'text-report' }]);
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('values that are no numbers, read when that is asked for', async (context) => {
  const opened = await checkpoint(context, sick(), 1000);
  const { panel } = opened;
  const story = new Story('checkpoint-sick', opened);
  await story.step('without the values');
  await story.step('with them', () => panel.part('read-values').click());
  await story.step('what is not finite first', () => panel.part('sort-not-finite').click());
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('a file that is no model, one that is cut short, and another try', async (context) => {
  const header = JSON.stringify({ 'a.b': { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = path.join(folder, 'other.safetensors');
  writeFileSync(file, Buffer.concat([length, Buffer.from(header), Buffer.alloc(12, 0x3c)]));
  const opened = await checkpoint(context, file);
  const story = new Story('checkpoint-other', opened);
  await story.step('no model');
  writeFileSync(file, Buffer.concat([length, Buffer.from(header.slice(0, 20))]));
  const cut = await checkpoint(context, file);
  const damaged = new Story('checkpoint-damaged', cut);
  await damaged.step('cut short');
  cpSync(golden('deit3'), file);
  cpSync(path.join(path.dirname(golden('deit3')), 'config.json'), path.join(folder, 'config.json'));
  await damaged.step('whole again', () => cut.panel.part('retry').click());
  story.holds();
  damaged.holds();
  assert.deepEqual([...opened.problems, ...cut.problems], []);
});

test('an array: each matrix, and each way to read it on a picture', async (context) => {
  const file = path.join(folder, 'maps.npy');
  // two stacks of shares of attention among a class token and 4 x 4 patches
  const shares = Array.from({ length: 2 * 17 * 17 }, (_, i) => ((i * 7) % 17) / 136);
  writeFileSync(file, writeNpy([2, 17, 17], Float32Array.from(shares)));
  const opened = await ArrayPage.open(file);
  context.after(() => opened.close());
  const { page, panel } = opened;
  const story = new Story('array', opened);
  await story.step('opened');
  await story.step('the second matrix', () => panel.slide('matrix-number', 2));
  opened.picture = sample('frog.png');
  await story.step('on a picture', () => panel.part('choose-picture').click());
  await story.step('another token asks', () => panel.slide('query', 9));
  await panel.part('patch-grid').focus();
  for (const key of ['ArrowRight', 'ArrowDown', 'Home', 'End']) await story.step(key, () => page.keyboard.press(key));
  await story.step('pointed at', () => panel.part('patch-grid').hover({ position: { x: 40, y: 40 } }));
  await story.step('chosen', () => panel.part('patch-grid').click({ position: { x: 60, y: 60 } }));
  await story.step('half as opaque', () => panel.slide('opacity', 30));
  await story.step('not smooth', () => panel.part('smooth').click());
  await story.step('over the whole picture', () => panel.part('whole-picture').click());
  for (const part of ['reading', 'prefixes']) {
    const options = panel.part(part).locator('vscode-option');
    const labels = (await options.allTextContents()).map((label) => label.trim());
    for (const label of labels) await story.step(`${part}: ${label}`, () => panel.choose(part, label));
  }
  opened.picture = sample('harbour.jpg');
  await story.step('on another', () => panel.part('choose-picture').click());
  await story.step('the first matrix again', () => panel.slide('matrix-number', 1));
  await story.step('without one', () => panel.part('forget-picture').click());
  opened.picture = path.join(folder, 'not there.png');
  await story.step('on one that is gone', () => panel.part('choose-picture').click());
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('an array of one row, one of both signs with values that are no numbers, one that is damaged', async (context) => {
  const said: string[] = [];
  const show = async (name: string, bytes: Uint8Array, picture: string | null = null) => {
    const file = path.join(folder, `${name}.npy`);
    writeFileSync(file, bytes);
    const opened = await ArrayPage.open(file, { picture });
    const story = new Story(`array-${name}`, opened);
    await story.step('opened');
    story.holds();
    said.push(...opened.problems);
    return opened;
  };
  const row = await show(
    'row',
    writeNpy(
      [48],
      Float32Array.from({ length: 48 }, (_, i) => i / 47),
    ),
  );
  await row.close();
  const values = Float32Array.from({ length: 2 * 16 * 8 }, (_, i) => (i % 11) - 5 + (i === 3 ? NaN : 0));
  const signed = await show('signed', writeNpy([2, 16, 8], values), sample('car.png'));
  await signed.close();
  const damaged = await show('damaged', Buffer.from('\x93NUMPY\x01\x00nothing'));
  context.after(() => damaged.close());
  writeFileSync(path.join(folder, 'damaged.npy'), writeNpy([4, 4], Float32Array.from(Array(16).keys())));
  const again = new Story('array-again', damaged);
  await again.step('another try', () => damaged.panel.part('retry').click());
  again.holds();
  assert.deepEqual([...said, ...damaged.problems], []);
});
