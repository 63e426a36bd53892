/** The picture with its map, its controls and what is beside them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PanelPage } from './support/panelPage';
import { Story } from './support/story';

let opened: PanelPage;
before(async () => {
  opened = await PanelPage.open({ picture: 'ship.png' });
});
after(() => opened?.close());

const said = async (testId: string) => (await opened.panel.part(testId).textContent()) ?? '';

test('attention: every control says and shows what it did', async () => {
  const { panel, page } = opened;
  const story = new Story('attention', opened);
  await story.step('a ship, as it opens');
  await story.step('layer 3', () => panel.slide('layer', 3));
  await story.step('head 2', () => panel.part('head-thumb').nth(1).click());
  await story.step('maximum of all heads', () => panel.choose('head', 'Maximum of all heads'));
  await story.step('patch 30, by a click', () => panel.clickPatch(3, 5, { width: 960, height: 720 }));
  await story.step('the patch beside it, by a key', () => page.keyboard.press('ArrowRight'));
  await story.step('that below, by a key', () => page.keyboard.press('ArrowDown'));
  await story.step('patch 12, by its number', async () => {
    await panel.part('patch-number').fill('12');
    await panel.part('patch-number').press('Enter');
  });
  await story.step('the pointer over patch 1', async () => {
    const box = (await panel.part('picture').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2 - 250, box.y + box.height / 2 - 250);
  });
  await story.step('the pointer elsewhere', () => page.mouse.move(700, 20));
  await story.step('mass 60', () => panel.slide('mass', 60));
  await story.step('mass 100', () => panel.slide('mass', 100));
  await story.step('opacity 30', () => panel.slide('opacity', 30));
  await story.step('opacity 80', () => panel.slide('opacity', 80));
  for (const box of [
    'Smooth',
    'Fade low values',
    'Grid',
    'Numbers',
    'Shared scale',
    'Exclude outliers',
    'Exclude sinks',
  ]) {
    await story.step(`${box}, the other way`, () => page.getByRole('checkbox', { name: box }).click());
  }
  await story.step('viridis', () => panel.choose('color-map', 'Viridis'));
  await story.step('the class token again', () => panel.part('query-0').click());
  story.holds();
});

test('hidden patches: by hand, the hottest, all but them, undone', async () => {
  await opened.show({ picture: 'cat.webp' });
  const { panel, page } = opened;
  const story = new Story('hidden', opened);
  await story.step('a cat, as it opens');
  await story.step('the view of patches', () => panel.part('tab-patches').click());
  await story.step('patch 20, by a click', () => panel.clickPatch(2, 3, { width: 960, height: 720 }));
  await story.step('the hottest ten hidden', () => page.getByRole('button', { name: 'Hide', exact: true }).click());
  await story.step('undone', () => page.getByRole('button', { name: /^Undo/ }).click());
  await story.step('done again', () => page.getByRole('button', { name: /^Redo/ }).click());
  await story.step('all but these', () => page.getByRole('button', { name: 'Invert' }).click());
  story.holds();
  assert.ok(opened.events.some(({ type }) => type === 'mask'));
});

test('layers and heads, and by depth', async () => {
  await opened.show({ picture: 'frog.png' });
  const { panel, page } = opened;
  const story = new Story('overview', opened);
  await story.step('a frog, as it opens');
  await story.step('all folded parts open', () => panel.unfold());
  await story.step('layers and heads', () => panel.part('tab-overview').click());
  await story.step('narrow', () => page.setViewportSize({ width: 420, height: 800 }));
  await story.step('wide', () => page.setViewportSize({ width: 1100, height: 800 }));
  story.holds();
});

test('keys: layers, heads and views one by one, as the host asks', async () => {
  await opened.show({ picture: 'ship.png' });

  const story = new Story('keys', opened);
  await story.step('a ship, as it opens');
  const move = (what: 'layer' | 'head' | 'view', by: 1 | -1) => () => {
    opened.tell({ type: 'move', what, by });
    return Promise.resolve();
  };
  await story.step('a layer back', move('layer', -1));
  await story.step('a head on', move('head', 1));
  await story.step('another head on', move('head', 1));
  await story.step('a head back', move('head', -1));
  await story.step('a view back', move('view', -1));
  await story.step('a view on', move('view', 1));
  await story.step('a token, from its menu', () => {
    opened.tell({ type: 'token', token: 10, use: 'query' });
    return Promise.resolve();
  });
  await story.step('one hidden, from its menu', () => {
    opened.tell({ type: 'token', token: 20, use: 'hide' });
    return Promise.resolve();
  });
  story.holds();
  assert.match(await said('caption'), /layer 11/);
  assert.deepEqual(opened.problems, []);
});
