/** What the menus and buttons of the panel save, copy and ask for. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { PanelPage } from './support/panelPage';
import { Story } from './support/story';
import { root } from './support/webviewPage';

let opened: PanelPage;
before(async () => {
  opened = await PanelPage.open({ picture: 'ship.png' });
});
beforeEach(() => {
  for (const list of [opened.saved, opened.copied, opened.events]) list.length = 0;
});
after(() => opened?.close());

/** A file as far as it is to be read: the lines of a text, the first bytes and the length of what is none. */
function content(bytes: Uint8Array): string[] {
  const text = new TextDecoder('latin1').decode(bytes);
  const most = 40;
  // eslint-disable-next-line no-control-regex -- the bytes of a file that is no text
  if (!/[\0-\x08]/.test(text))
    return text
      .split('\n')
      .slice(0, most)
      .map((line) => line.slice(0, 200));
  return [JSON.stringify(text.slice(0, 8))];
}

test('every way out: its name, its kind and what is in it', async () => {
  const { panel } = opened;
  const story = new Story('export', opened);
  await story.step('a ship, as it opens');
  await story.step('the menu', () => panel.part('export').click());
  const items = panel.view.getByRole('menuitem').filter({ visible: true });
  const names = await items.allTextContents();
  await panel.page.keyboard.press('Escape');
  for (const name of names.map((each) => each.trim()).filter((each) => !/copy figure/i.test(each))) {
    const [saved, copied] = [opened.saved.length, opened.copied.length];
    await panel.part('export').click();
    await panel.view.getByRole('menuitem', { name, exact: true }).click();
    for (const end = Date.now() + 20_000; opened.saved.length + opened.copied.length === saved + copied;) {
      assert.ok(Date.now() < end, `${name} gives nothing`);
      await panel.page.waitForTimeout(30);
    }
    const files = opened.saved.slice(saved).flatMap((file) => [file.name, ...content(file.bytes)]);
    story.note(name, [...files, ...opened.copied.slice(copied).flatMap((text) => text.split('\n').slice(0, 70))]);
  }
  await story.step('the menu again', () => panel.part('export').click());
  for (const name of ['With caption', 'With color bar', 'With grid', 'With what is outside of the crop']) {
    await story.step(`${name}, the other way`, () => panel.view.getByRole('menuitemcheckbox', { name }).click());
  }
  story.holds();
});

test('a PDF has letters that Helvetica lacks as a picture of them, in its place', async (context) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-menus-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const pictures = async (name: string) => {
    copyFileSync(path.join(root, 'samples/ship.png'), path.join(folder, name));
    await opened.show({ picture: path.join(folder, name) });
    await opened.panel.part('export').click();
    await opened.panel.part('save-pdf').click();
    for (const end = Date.now() + 20_000; opened.saved.length === 0;) {
      assert.ok(Date.now() < end, 'nothing is saved');
      await opened.page.waitForTimeout(30);
    }
    const { bytes } = opened.saved.pop()!;
    const text = Buffer.from(bytes).toString('latin1');
    const found = text.matchAll(/\/Subtype \/Image \/Width (\d+) \/Height (\d+) \/ColorSpace \/(DeviceRGB|DeviceGray).*\/Length (\d+) >>\nstream\n/g);
    return [...found].map(({ 0: { length: before }, 1: width, 2: height, 3: space, 4: length, index }) => {
      const begin = index + before;
      return { width: Number(width), height: Number(height), space, values: inflateSync(bytes.subarray(begin, begin + Number(length))) };
    });
  }; // prettier-ignore
  const [latin, chinese] = [await pictures('ship.png'), await pictures('轮船.png')];
  const added = chinese.filter(
    ({ width, height }) => !latin.some((one) => one.width === width && one.height === height),
  );
  assert.deepEqual(
    added.map(({ space }) => space),
    ['DeviceGray', 'DeviceRGB'],
    'how much of it there is, and in which colour',
  );
  // a line of the caption, four times as sharp as on the page
  const [{ width, height, values } = assert.fail()] = added;
  assert.ok(width > 20 * height && height >= 4 * 12, `${width} x ${height}`);
  assert.ok(new Set(values).size > 10, 'nothing is drawn on it');
});

test('compared with another picture: both, their maps, their probabilities, and the end of it', async () => {
  const { panel, page } = opened;
  await opened.show({ picture: 'ship.png' });
  const story = new Story('compare', opened);
  await story.step('a ship, as it opens');
  await story.step('a harbour beside it', () => opened.compareWith({ picture: 'harbour.jpg' }));
  await story.step('a scale of its own', () => page.getByRole('checkbox', { name: 'Shared scale' }).click());
  await story.step('layer 5', () => panel.slide('layer', 5));
  await story.step('patches', () => panel.part('tab-patches').click());
  await story.step('layers and heads', () => panel.part('tab-overview').click());
  await story.step('attention', () => panel.part('tab-attention').click());
  await story.step('alone again', () => opened.compareWith(null));
  await panel.part('compare').click();
  await panel.view.getByRole('menuitem', { name: 'With another model…' }).click();
  story.note('what the menu asks for', [JSON.stringify(opened.events.at(-1))]);
  story.holds();
});

test('what went wrong, and what each button beside it asks for', async () => {
  const { panel } = opened;
  await opened.show({ picture: 'ship.png' });
  const story = new Story('failures', opened);
  await story.step('a ship, as it opens');
  const said = { message: 'It did not work.', template: 'It did not work.', args: [] };
  const fails = (code: 'ERR_MODEL' | 'ERR_IMAGE', retry: boolean) => () => {
    opened.tell({ type: 'error', error: { code, ...said }, retry });
    return Promise.resolve();
  };
  await story.step('the model is at fault', fails('ERR_MODEL', true));
  for (const button of ['inspect-model', 'failure-model', 'retry']) {
    await panel.part(button).click();
    await opened.atRest();
    story.note(button, [JSON.stringify(opened.events.at(-1))]);
    await fails('ERR_MODEL', true)();
  }
  await story.step('the picture is at fault', fails('ERR_IMAGE', false));
  await story.step('it is busy', () => {
    opened.tell({ type: 'busy', what: 'Waiting…' });
    return Promise.resolve();
  });
  await panel.part('cancel').click();
  await opened.atRest();
  story.note('cancel', [JSON.stringify(opened.events.at(-1))]);
  await story.step('a model of this panel, in Restricted Mode', () => {
    opened.tell({ type: 'place', pinned: { id: 'embedded' }, restricted: true });
    return Promise.resolve();
  });
  story.holds();
});
