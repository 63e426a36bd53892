/** Every page of the walk-through, for a model of each kind that the articles have. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import path from 'node:path';
import { PanelPage } from './support/panelPage';
import { Story } from './support/story';
import { root } from './support/webviewPage';

let opened: PanelPage;
before(async () => {
  opened = await PanelPage.open({ picture: 'ship.png' });
});
after(() => opened?.close());

const models = {
  vit: undefined,
  article: path.join(root, 'samples/mountain-dusk.vit.json'),
  'tokens-to-token': path.join(root, 'samples/tokens-to-token.vit.json'),
};

for (const [name, model] of Object.entries(models)) {
  test(`walk-through of ${name}: each page with its words, formula, figure and numbers`, async () => {
    await opened.show({ picture: 'ship.png', model });
    const { panel, page } = opened;
    const story = new Story(`walkthrough-${name}`, opened);
    await panel.part('tab-walkthrough').click();
    await story.step('the first page');
    const options = page.getByTestId('step-menu').locator('option');
    await options.nth(1).waitFor({ state: 'attached' });
    const titles = await options.allTextContents();
    for (const [i, title] of titles.entries()) {
      if (i > 0) await story.step(title.trim(), () => panel.openStep(i));
    }
    story.holds();
    assert.deepEqual(opened.problems, []);
  });
}

test('windows of a soft split: one by one, round the end, and played until it', async () => {
  await opened.show({ picture: 'ship.png', model: models['tokens-to-token'] });
  const { panel, page } = opened;
  await panel.part('tab-walkthrough').click();
  await panel.openStep('Soft split');
  const story = new Story('soft-split', opened);
  await story.step('the first window');
  await story.step('the next', () => panel.part('next-window').click());
  const before = page.getByRole('button', { name: 'Previous window' });
  await story.step('two back: the last', async () => {
    await before.click();
    await before.click();
  });
  await story.step('two more', async () => {
    await before.click();
    await before.click();
  });
  await story.step('played: the last', async () => {
    await panel.part('play').click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.getByRole('button', { name: 'Play' }).waitFor({ timeout: 20_000 });
  });
  await story.step('played again: from the first on, until it is stopped', async () => {
    await panel.part('play').click();
    await page.getByRole('button', { name: 'Pause' }).click();
    assert.ok(Number(await panel.part('frame').inputValue()) < 300);
    await panel.slide('frame', 3);
  });
  story.holds();
  assert.deepEqual(opened.problems, []);
});
