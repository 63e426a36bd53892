/** A file of results: its table and grid, what orders and narrows them, and the figures beside them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { manyRows } from '../manyRows';
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
  const map = panel.part('map');
  await story.step('a point of the map', async () => {
    await map.scrollIntoViewIfNeeded();
    const box = (await map.boundingBox())!;
    const [x, y] = await map.evaluate((canvas) => {
      const pen = (canvas as HTMLCanvasElement).getContext('2d')!;
      const { data, width } = pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height);
      const at = data.findIndex((value, i) => i % 4 === 3 && value > 200) >> 2;
      const scale = canvas.clientWidth / width;
      return [(at % width) * scale, Math.floor(at / width) * scale];
    });
    await page.mouse.click(box.x + x, box.y + y);
  });
  await story.step('half of the map, drawn around', async () => {
    await panel.part('chosen-by').click();
    const box = (await map.boundingBox())!;
    const corners = [[0.02, 0.02], [0.5, 0.02], [0.5, 0.98], [0.02, 0.98], [0.02, 0.1]]; // prettier-ignore
    for (const [i, [x, y]] of corners.entries()) {
      await page.mouse.move(box.x + x! * box.width, box.y + y! * box.height);
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  });
  await story.step('all once more', () => panel.part('chosen-by').click());
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
  await story.step('it is paused', async () => {
    await panel.part('job-pause').click();
    opened.tell({
      type: 'job',
      job: { state: 'paused', done: 40, total: 100, failed: 2, rate: 12.5, remaining: 90, error: null },
    });
  });
  await panel.part('job-resume').click();
  await panel.part('job-cancel').click();
  const acts = opened.events.flatMap((event) => (event.type === 'job' ? [event.act] : []));
  assert.deepEqual(acts, ['pause', 'resume', 'cancel']);
  story.holds();
  assert.deepEqual(opened.problems, []);
});

test('a picture that could not be read: its row, and why when it is chosen', async () => {
  const one = await ResultsPage.open({ broken: true });
  try {
    const { panel } = one;
    await panel.waitFor({ total: '10' });
    const story = new Story('results-broken', one);
    await story.step('what could not be read', () => panel.choose('kind', 'Failed'));
    await story.step('chosen', () => panel.part('row').first().click());
    story.holds();
    assert.deepEqual(one.problems, []);
  } finally {
    await one.close();
  }
});

test('three thousand rows: all that is in sight is filled, in its place, wherever scrolling ends', async () => {
  const many = await ResultsPage.open({
    also: (file) =>
      writeFileSync(
        file,
        manyRows(file, 3000, (_, place) => `${String(place).padStart(6, '0')}.jpg`),
      ),
  });
  try {
    const { panel, page } = many;
    await panel.waitFor({ total: '3000' });
    for (const layout of ['table', 'grid']) {
      await panel.part(layout).click();
      const scroller = page.locator('.scroller:visible');
      for (const share of [0, 0.001, 0.5, 0.51, 1, 0.2]) {
        await scroller.evaluate((element, to) => (element.scrollTop = to * element.scrollHeight), share);
        await many.atRest();
        // of what can be seen: which rows, and whether each point of the list is covered by one
        const seen = await scroller.evaluate((element) => {
          const box = element.getBoundingClientRect();
          const rows = new Set<HTMLElement | null>();
          for (let y = box.top + 1; y < box.bottom - 1; y += 14) {
            for (let x = box.left + 8; x < box.left + element.clientWidth - 8; x += 60) {
              rows.add(document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-testid=row]') ?? null);
            }
          }
          return [...rows].map((row) => ({
            place: Number(row?.dataset.place),
            name: row?.querySelector('.cell-name')?.textContent,
            picture: row?.querySelector('img')?.hidden === false,
          }));
        });
        const places = seen.map(({ place }) => place).sort((a, b) => a - b);
        assert.ok(places.length > 10, `${layout} ${share}: ${places.length} rows`);
        assert.deepEqual(
          places,
          places.map((_, i) => places[0]! + i),
          `${layout}: no gap`,
        );
        for (const { place, name, picture } of seen) {
          assert.equal(name, `${String(place).padStart(6, '0')}.jpg`);
          assert.ok(picture, `${layout}: the picture of row ${place}`);
        }
        if (share === 0) assert.equal(places[0], 0);
        if (share === 1) assert.equal(places.at(-1), 2999);
      }
    }
    // what a narrow cell cuts off is said where the pointer is
    const cell = page.locator('[data-testid=row] .cell-class:visible').first();
    assert.equal(await cell.getAttribute('title'), null);
    await cell.hover();
    assert.equal(await cell.getAttribute('title'), await cell.textContent());
    assert.deepEqual(many.problems, []);
  } finally {
    await many.close();
  }
});
