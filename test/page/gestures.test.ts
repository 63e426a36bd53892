/** What the pointer and the keys do on canvases: what is pointed at is said, chosen, moved and enlarged. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { PanelPage } from './support/panelPage';
import { Story } from './support/story';

let opened: PanelPage;
before(async () => {
  opened = await PanelPage.open({ picture: 'ship.png' });
});
after(() => opened?.close());

/** A place of an element, in shares of its sides. */
async function place(element: Locator, x: number, y: number): Promise<[number, number]> {
  await element.scrollIntoViewIfNeeded();
  const box = (await element.boundingBox())!;
  return [box.x + x * box.width, box.y + y * box.height];
}

const move = async (element: Locator, x: number, y: number) => opened.page.mouse.move(...(await place(element, x, y)));

async function drag(element: Locator, from: [number, number], to: [number, number]): Promise<void> {
  const { mouse } = opened.page;
  await move(element, ...from);
  await mouse.down();
  for (const share of [0.3, 0.7, 1]) {
    await mouse.move(
      ...(await place(element, from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]))),
    );
  }
  await mouse.up();
}

async function wheel(element: Locator, x: number, y: number, by: number): Promise<void> {
  await move(element, x, y);
  await opened.page.keyboard.down('Control');
  await opened.page.mouse.wheel(0, by);
  await opened.page.keyboard.up('Control');
}

test('the picture: enlarged, moved, whole again, by pointer and keys', async () => {
  const { panel, page } = opened;
  const picture = panel.part('picture');
  const story = new Story('gestures-picture', opened);
  await story.step('as it opens');
  await story.step('larger, by the wheel', () => wheel(picture, 0.4, 0.4, -300));
  await story.step('moved', () => drag(picture, [0.5, 0.5], [0.7, 0.6]));
  await story.step('smaller', () => wheel(picture, 0.4, 0.4, 100));
  await story.step('whole, by two clicks', () => picture.dblclick({ position: { x: 200, y: 300 } }));
  await picture.focus();
  for (const key of ['+', '+', '-', '0', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'Enter', 'Escape']) {
    await story.step(`the key ${key}`, () => page.keyboard.press(key));
  }
  await story.step('with the other button', () => picture.click({ button: 'right', position: { x: 300, y: 300 } }));
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('layers and heads: pointed at, chosen by keys', async () => {
  const { panel, page } = opened;
  await panel.part('tab-overview').click();
  const sheet = panel.part('overview');
  await sheet.waitFor();
  const story = new Story('gestures-overview', opened);
  await story.step('all');
  await story.step('pointed at', () => move(sheet, 0.4, 0.3));
  await story.step('elsewhere', () => page.mouse.move(5, 5));
  await sheet.focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowUp', 'ArrowLeft', 'End', 'Home']) {
    await story.step(`the key ${key}`, () => page.keyboard.press(key));
  }
  await story.step('opened by Enter', () => page.keyboard.press('Enter'));
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('each page of the walk-through: its first canvas, pointed at', async () => {
  const { panel, page } = opened;
  await panel.part('tab-walkthrough').click();
  const options = page.getByTestId('step-menu').locator('option');
  await options.nth(1).waitFor({ state: 'attached' });
  const titles = await options.allTextContents();
  const story = new Story('gestures-walkthrough', opened);
  for (const [i, title] of titles.entries()) {
    await page.mouse.move(5, 5);
    await story.from(() => panel.openStep(i));
    const canvas = page.locator('main canvas:visible').first();
    if ((await canvas.count()) > 0) await story.step(title.trim(), () => move(canvas, 0.35, 0.45));
  }
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('a matrix: keys, the wheel, moved when it is larger than its place', async () => {
  const { panel, page } = opened;
  await panel.openStep('Queries, keys');
  const matrix = panel.part('matrix').first();
  await matrix.waitFor();
  const story = new Story('gestures-matrix', opened);
  await story.step('queries');
  await story.step('pointed at', () => move(matrix, 0.5, 0.3));
  await story.step('larger', () => wheel(matrix, 0.5, 0.3, -120));
  await story.step('moved', () => drag(matrix, [0.5, 0.5], [0.4, 0.3]));
  await story.step('a click', async () => page.mouse.click(...(await place(matrix, 0.5, 0.5))));
  await story.step('without Ctrl the page scrolls', () => page.mouse.wheel(0, 10));
  await matrix.focus();
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'Enter', '+', '=', '-', '0', 'x']) {
    await story.step(`the key ${key}`, () => page.keyboard.press(key));
  }
  await story.step('not with Alt', () => page.keyboard.press('Alt+ArrowRight'));
  story.holds();
  assert.deepEqual(opened.problems, []);
});
