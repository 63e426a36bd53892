/** A folder of pictures as a table: classified by the job, looked through, tagged, and there again after a reload. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { parseCsv } from '../../extension/files/csv';
import { parseLine, type PictureRow } from '../../extension/results/format';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { manyRows } from '../manyRows';
import { violations } from './support/axe';
import { printFrames } from './support/frames';
import { root, Session } from './support/session';
import { chooseFile, chooseInExplorer, openFile, PATIENCE, runCommand, saveFile, toast } from './support/ui';

/** Photographs of ten kinds of clothes, in a folder each; without them the samples, in two. */
const clothes = path.resolve(root, '../shared/clothes');
const given = existsSync(clothes);
const FILE = 'clothes.embedded.vitresults.jsonl';

/** Folders of so many pictures that a job does not end while it is looked at: one picture under many names, linked. */
const LONG = ['long', 'longer'];
const LONG_COUNT = 4000;
const longName = (i: number) => `${String(i).padStart(4, '0')}.png`;

let session: Session;
let folder: string;

before(async () => {
  session = await Session.open('results', {
    install: 'link',
    settings: { 'explorer.autoReveal': false }, // the row that was clicked keeps the focus when a job's file is opened
    prepare: (opened) => {
      folder = path.join(opened, 'clothes');
      if (given) cpSync(clothes, folder, { recursive: true });
      else
        for (const kind of ['a', 'b']) cpSync(path.join(root, 'samples'), path.join(folder, kind), { recursive: true });
      rmSync(path.join(folder, 'README.md'), { force: true });
      for (const long of LONG.map((name) => path.join(opened, name))) {
        mkdirSync(long);
        for (let i = 0; i < LONG_COUNT; i++) linkSync(path.join(opened, 'ship.png'), path.join(long, longName(i)));
      }
    },
  });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

const isPicture = (name: string) => /\.(jpe?g|png|webp)$/.test(name);
const pictures = () =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => isPicture(name) && !name.includes('.vit'),
  );

const rows = (file = path.join(folder, FILE)): PictureRow[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => parseLine(line))
    .filter((line): line is { kind: 'picture' } & PictureRow => line?.kind === 'picture');

/** Groups of embeddings that hang together by pairs of at least that cosine, worked out by comparing all with all. */
function groupsAlike(cosine: number): number {
  const bytes = readFileSync(path.join(folder, FILE.replace(/jsonl$/, 'f32')));
  const all = rows().map(({ embedding }) => embedding!);
  const length = bytes.length / 4 / all.length;
  const vectors = all.map((at) => Array.from({ length }, (_, i) => bytes.readFloatLE(4 * (at * length + i))));
  const norms = vectors.map((vector) => Math.hypot(...vector));
  const group = all.map((_, i) => i);
  vectors.forEach((a, i) => {
    for (let j = 0; j < i; j++) {
      const dot = a.reduce((sum, value, k) => sum + value * vectors[j]![k]!, 0);
      if (group[i] === group[j] || dot < cosine * norms[i]! * norms[j]!) continue;
      const [from, to] = [group[i], group[j]!];
      group.forEach((each, k) => each === from && (group[k] = to));
    }
  });
  const sizes = new Map<number, number>();
  for (const each of group) sizes.set(each, (sizes.get(each) ?? 0) + 1);
  return [...sizes.values()].filter((size) => size > 1).length;
}

/** How probable n throws of a coin are at least as uneven, summed from the binomial coefficients as integers. */
function binomialTest(first: number, second: number): number {
  const n = first + second;
  let [coefficient, sum] = [1n, 0n];
  for (let k = 0; k <= Math.min(first, second); k++) {
    sum += coefficient;
    coefficient = (coefficient * BigInt(n - k)) / BigInt(k + 1);
  }
  return Math.min(1, Number((2n * sum * 10n ** 30n) / 2n ** BigInt(n)) / 1e30);
}

test('a folder is classified into a table, and the confusion matrix counts what is in the file', async () => {
  const { page, panel } = session;
  const all = pictures();
  await chooseInExplorer(page, 'clothes', 'ViT: Classify Folder');
  await panel.waitFor({ state: 'ready', rows: String(all.length) });
  await panel.part('job').waitFor({ state: 'hidden', timeout: PATIENCE });
  assert.deepEqual(
    rows()
      .map(({ id }) => id)
      .sort(),
    all.map((name) => name.replaceAll('\\', '/')).sort(),
  );
  // counted here in another way: by the labels that folders are, and the best class of each row
  const counts = new Map<string, number>();
  for (const { id, predictions } of rows()) {
    const cell = `${id.split('/')[0]} ${predictions[0]!.index}`;
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const cells = panel.view.locator('.confusion .cell');
  const total = () =>
    cells.evaluateAll((found) => found.reduce((sum, cell) => sum + Number((cell as HTMLElement).dataset.count), 0));
  for (const end = Date.now() + PATIENCE; (await total()) !== all.length; await page.waitForTimeout(100)) {
    if (Date.now() > end) assert.equal(await total(), all.length);
  }
  const shown = await cells.evaluateAll((found) =>
    found.map((cell) => {
      const { label, class: index, count } = (cell as HTMLElement).dataset;
      return [`${label} ${index}`, Number(count)] as [string, number];
    }),
  );
  assert.deepEqual(new Map(shown.sort()), new Map([...counts].sort()));
  await session.screenshot('results');
  assert.deepEqual(await violations(panel), []);
  // a cell shows its pictures
  const [cell, count] = shown[0]!;
  await cells.first().click();
  await panel.waitFor({ total: String(count) });
  await panel.part('row').first().waitFor({ timeout: PATIENCE });
  assert.equal((await panel.part('row').first().getAttribute('data-id'))?.split('/')[0], cell.split(' ')[0]);
  await panel.part('chosen-by').click();
  await panel.waitFor({ total: String(all.length) });
});

test('embeddings give a map to draw around on, near-duplicates and pictures that are alike', async () => {
  const { page, panel } = session;
  const all = pictures().length;
  await panel.view.locator('[data-section=map] summary').click();
  await panel.part('map-pca').click();
  const map = panel.view.locator(`[data-testid=map][data-points="${all}"]`);
  await map.waitFor({ timeout: PATIENCE });
  await map.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await map.boundingBox())!;
  await page.mouse.move(x + 2, y + 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2, y + 2, { steps: 4 });
  await page.mouse.move(x + width / 2, y + height - 2, { steps: 4 });
  await page.mouse.move(x + 2, y + height - 2, { steps: 4 });
  await page.mouse.up();
  await panel.part('chosen-by').waitFor({ timeout: PATIENCE });
  await panel.view.locator('#root[data-total]').waitFor({ timeout: PATIENCE });
  const found = Number(await panel.attribute('total'));
  assert.ok(found > 0 && found < all, `${found} of ${all} are in the left half`);
  await panel.part('chosen-by').click();
  await panel.waitFor({ total: String(all) });
  await panel.view.locator('[data-section=duplicates] summary').click();
  await panel.choose('cosine', '0.95');
  await panel.part('find-duplicates').click();
  const groups = panel.view.locator('[data-testid=duplicates][data-groups]');
  await groups.waitFor({ state: 'attached', timeout: PATIENCE });
  assert.equal(await groups.getAttribute('data-groups'), String(groupsAlike(0.95)));
  await panel.part('grid').click();
  await panel.part('row').nth(2).click();
  await panel.part('alike').waitFor({ timeout: PATIENCE });
  await map.scrollIntoViewIfNeeded();
  await session.screenshot('results-grid');
  assert.deepEqual(await violations(panel), []);
  await panel.part('table').click();
});

test('another file of the same pictures: whose class differs, and whether that can be chance', async () => {
  const { page, panel } = session;
  // labels that the model knows, one in three wrong; another model that is right where the first one is wrong, and wrong at every tenth
  const given = rows();
  const label = (i: number) => (i % 3 === 0 ? 1 : 0);
  const names = new Map(given.map(({ id, predictions }, i) => [id, predictions[label(i)]!.label]));
  const list = [...names].map(([id, name]) => `${id},${name}`);
  writeFileSync(path.join(folder, 'labels.csv'), ['file_name,label', ...list, ''].join('\n'));
  const swapped = (i: number) => i % 3 === 0 || i % 10 === 1;
  const place = new Map(given.map(({ id }, i) => [id, i]));
  const lines = readFileSync(path.join(folder, FILE), 'utf8').trimEnd().split('\n');
  const other = lines.map((line, n) => {
    const value = JSON.parse(line) as { model: { name: string }; id: string; predictions?: unknown[] };
    if (n === 0) value.model.name = 'other';
    if (value.predictions && swapped(place.get(value.id)!))
      value.predictions.splice(0, 2, ...value.predictions.slice(0, 2).reverse());
    return JSON.stringify(value);
  });
  writeFileSync(path.join(folder, 'clothes.other.vitresults.jsonl'), `${other.join('\n')}\n`);
  await panel.choose('labels', 'A list…');
  await chooseFile(page, path.join(folder, 'labels.csv'));
  await panel.view.locator(`.accuracy-number[data-known="${given.length}"]`).waitFor({ timeout: PATIENCE });
  const right = given.filter((_, i) => label(i) === 0).length;
  assert.equal(await panel.view.locator('.accuracy-number').getAttribute('data-correct'), String(right));
  await panel.view.locator('[data-section=compare] summary').click();
  await panel.part('compare').click();
  await chooseFile(page, path.join(folder, 'clothes.other.vitresults.jsonl'));
  const compared = panel.view.locator('[data-testid=comparison]');
  await compared.getByText('other', { exact: true }).first().waitFor({ timeout: PATIENCE });
  const verdict = compared.locator('[data-p]');
  await session.screenshot('results-comparison');
  assert.deepEqual(await violations(panel), []);
  const first = given.filter((_, i) => label(i) === 0 && swapped(i)).length;
  const second = given.filter((_, i) => label(i) === 1 && swapped(i)).length;
  assert.ok(Math.abs(Number(await verdict.getAttribute('data-p')) - binomialTest(first, second)) < 1e-9);
  await panel.part('show-changed').click();
  const changed = given.filter((_, i) => swapped(i)).map(({ id }) => id);
  await panel.waitFor({ total: String(changed.length) });
  // what is shown is what is saved
  const save = async (format: string) => {
    const file = path.join(path.dirname(folder), `clothes.embedded.${format}`); // beside the folder that is suggested
    await panel.part('export').click();
    await panel.part(`export-${format}`).click();
    await saveFile(page, file);
    await toast(page, `Saved ${file}`).waitFor({ timeout: PATIENCE });
    return file;
  };
  const [head, ...body] = [...parseCsv(readFileSync(await save('csv'), 'utf8'))];
  assert.equal(head![0], 'id');
  assert.deepEqual(body.map(([id]) => id!).sort(), [...changed].sort());
  const table: Record<string, unknown>[] = await parquetReadObjects({
    file: await asyncBufferFromFile(await save('parquet')),
  });
  assert.deepEqual(
    table.map(({ id, given_label }) => [id, given_label]),
    body.map((fields) => [fields[0], fields[head!.indexOf('given_label')]]),
  );
});

/** Reloads the window; which editors it opens again is VS Code's business. */
async function reload(): Promise<void> {
  const { page } = session;
  const loaded = page.waitForEvent('domcontentloaded', { timeout: PATIENCE });
  await runCommand(page, 'Developer: Reload Window');
  await loaded;
  await session.explorerShown();
}

test('a tag is in the file, and there after a reload', async () => {
  const { page, panel } = session;
  await panel.part('row').nth(1).click();
  await panel.part('tag-wrong-label').click();
  await panel.view.locator('[data-testid=tag-wrong-label][aria-checked=true]').waitFor({ timeout: PATIENCE });
  const tagged = await panel.part('row').nth(1).getAttribute('data-id');
  const last = parseLine(readFileSync(path.join(folder, FILE), 'utf8').trimEnd().split('\n').at(-1)!);
  assert.deepEqual(last?.kind === 'tag' && [last.id, last.tag], [tagged, 'wrong label']);
  await reload();
  // whether VS Code had written down which editors were open is its own business
  await openFile(page, FILE);
  await panel.waitFor({ state: 'ready', rows: String(pictures().length) });
  await panel.choose('kind', 'Tagged');
  await panel.waitFor({ total: '1' });
  assert.equal(await panel.part('row').first().getAttribute('data-id'), tagged);
  await panel.choose('kind', 'All pictures');
});

test('a row opens in its panel, and the next picture there is the next row', async () => {
  const { page, panel } = session;
  await panel.waitFor({ total: String(pictures().length) });
  await panel.part('row').nth(0).click();
  const [first, second] = await panel
    .part('row')
    .evaluateAll((items) =>
      [0, 1].map((place) =>
        items.find((item) => (item as HTMLElement).dataset.place === String(place))!.getAttribute('data-id')!,
      ),
    );
  await panel.part('open-row').click();
  await panel.ready(path.basename(first!));
  await page.keyboard.press('Alt+PageDown');
  await panel.ready(path.basename(second!));
});

test('after a reload a paused job is paused and the other goes on by itself; both are cancelled, and one goes on where it was', async () => {
  const { page, panel, folder: opened } = session;
  const [paused, running] = LONG.map((name) => ({ folder: name, file: `${name}.embedded.vitresults.jsonl` }));
  const written = (job: { folder: string; file: string }) => rows(path.join(opened, job.folder, job.file));
  const more = async (job: { folder: string; file: string }, than: number) => {
    for (const end = Date.now() + PATIENCE; written(job).length <= than; await page.waitForTimeout(100)) {
      if (Date.now() > end) assert.fail(`${job.file} has no more than ${than} rows`);
    }
  };
  const job = (state: string) =>
    panel.view.locator(`[data-testid=job][data-state=${state}]:visible`).waitFor({ timeout: PATIENCE });
  const cancel = async () => {
    await panel.part('job-cancel').click();
    await panel.part('job').waitFor({ state: 'hidden', timeout: PATIENCE });
  };
  await chooseInExplorer(page, paused!.folder, 'ViT: Classify Folder');
  await panel.part('job-pause').click({ timeout: PATIENCE });
  await job('paused');
  await chooseInExplorer(page, running!.folder, 'ViT: Classify Folder');
  await job('running');
  await reload();
  await openFile(page, running!.file);
  await job('running');
  await more(running!, written(running!).length);
  await cancel();
  assert.ok(written(running!).length < LONG_COUNT, 'it was cancelled before its end');
  await openFile(page, paused!.file);
  await job('paused');
  const before = written(paused!).length; // nothing of it is under way in a window that is new
  await panel.part('job-resume').click();
  await job('running');
  await more(paused!, before);
  await cancel();
  const cancelled = written(paused!).length;
  assert.ok(cancelled < LONG_COUNT);
  await chooseInExplorer(page, paused!.folder, 'ViT: Classify Folder');
  await job('running');
  await more(paused!, cancelled);
  await cancel();
  // no picture twice, and none left out on the way
  for (const each of [paused!, running!]) {
    const ids = written(each).map(({ id }) => id);
    assert.deepEqual(
      ids,
      ids.map((_, i) => longName(i)),
    );
  }
});

test('a hundred thousand rows open and scroll; how long that takes is printed', async () => {
  const { page, panel } = session;
  const count = 100_000;
  const idOf = ({ id }: { id?: unknown }, place: number) =>
    `${String(id).split('/')[0]}/${String(place).padStart(6, '0')}.jpg`;
  writeFileSync(path.join(folder, 'many.vitresults.jsonl'), manyRows(path.join(folder, FILE), count, idOf));
  const clicked = await openFile(page, 'many.vitresults.jsonl');
  await panel.waitFor({ state: 'ready', rows: String(count), total: String(count) });
  console.log(`# ${count} rows are there after ${Date.now() - clicked} ms`);
  // what the browser itself takes to scroll as much of nothing
  await panel.root.evaluate((root) => {
    const blank = root.appendChild(document.createElement('div'));
    blank.id = 'blank';
    Object.assign(blank.style, { position: 'fixed', inset: '0', overflow: 'auto' });
    blank.appendChild(document.createElement('div')).style.height = '3000000px';
  });
  await printFrames(page, 'a blank page', panel.view.locator('#blank'));
  await panel.view.locator('#blank').evaluate((blank) => blank.remove());
  // at first beside what opening still does: figures, pictures, the workbench's own
  for (const [layout, when] of [
    ['table', 'just opened'],
    ['grid', 'just opened'],
    ['table', 'later'],
    ['grid', 'later'],
  ] as const) {
    await panel.part(layout).click();
    const scroller = panel.view.locator('.scroller:visible');
    await scroller.locator('[data-testid=row]:visible').first().waitFor({ timeout: PATIENCE });
    await printFrames(page, `${layout}, ${when}`, scroller);
    await scroller.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await panel.view
      .locator(`[data-testid=row][data-place="${count - 1}"][data-id]:visible`)
      .waitFor({ timeout: PATIENCE });
  }
});
