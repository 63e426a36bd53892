/** A file of results: its table and grid, what orders and narrows them, and the figures beside them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ResultsPage } from './support/resultsPage';
import { Story } from './support/story';

let opened: ResultsPage;
before(async () => {
  opened = await ResultsPage.open();
});
after(() => opened?.close());

test('results: order, filters, grid, a picture and its tag', async () => {
  const { panel, page } = opened;
  const story = new Story('results', opened);
  await story.step('nine pictures in six folders');
  const headings = page.locator('[data-testid^="sort-"]');
  for (const [i, name] of (await headings.allInnerTexts()).entries()) {
    await story.step(`by ${name.trim()}`, () => headings.nth(i).click());
  }
  await story.step('the other way round', () => headings.last().click());
  // the search waits for the end of a word
  await story.step('with "ship" in them', async () => {
    await panel.part('search').fill('ship');
    await panel.waitFor({ total: '3' });
  });
  await story.step('with nothing', async () => {
    await panel.part('search').fill('');
    await panel.waitFor({ total: '9' });
  });
  // tags can be asked for when there are some
  await story.step('a row', () => panel.part('row').nth(4).click());
  await story.step('tagged', () => panel.part('tag-wrong-label').click());
  for (const part of ['kind', 'class', 'label', 'tag', 'order']) {
    const options = panel.part(part).locator('vscode-option');
    const labels = (await options.allTextContents()).map((label) => label.trim());
    await story.step(`${part}: ${labels.join(', ')}`);
    await story.step(`${part}, the second`, () => panel.choose(part, labels[1]!));
    await story.step(`${part}, the first`, () => panel.choose(part, labels[0]!));
  }
  await story.step('the grid', () => panel.part('grid').click());
  await story.step('the table', () => panel.part('table').click());
  await story.step('the third row', () => panel.part('row').nth(2).click());
  await story.step('that below, by a key', () => page.keyboard.press('ArrowDown'));
  await story.step('tagged, too', () => panel.part('tag-look-again').click());
  await story.step('pictures like it', () => panel.part('show-alike').click());
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('figures: confusion, classes, calibration, embeddings, near-duplicates, a comparison with itself', async () => {
  const { panel, page } = opened;
  await page.reload();
  await panel.waitFor({ state: 'ready' });
  const story = new Story('results-figures', opened);
  await story.step('after a reload');
  await story.step('every part open', () => panel.unfold());
  await story.step('a cell of the confusion matrix', () => panel.view.locator('.confusion .cell').nth(1).click());
  await story.step('all again', () => panel.part('chosen-by').click());
  await story.step('a map', () => panel.part('map-pca').click());
  await story.step('near-duplicates', () => panel.part('find-duplicates').click());
  await story.step('the first group', () => panel.part('group').first().click());
  await story.step('beside itself', () => panel.part('compare').click());
  await story.step('a job writes', () => {
    const error = null;
    opened.tell({
      type: 'job',
      job: { state: 'running', done: 40, total: 100, failed: 2, rate: 12.5, remaining: 90, error },
    });
    return Promise.resolve();
  });
  story.holds();
  assert.deepEqual(opened.problems, []);
});
