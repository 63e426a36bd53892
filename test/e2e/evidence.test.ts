/** Why this class: evidence for a class and against another, and how far each map can be trusted. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addPhoto, deit, withoutDeit } from './support/realModel';
import { root, Session } from './support/session';
import {
  chooseForSelected,
  chooseFromList,
  chooseInExplorer,
  PATIENCE,
  runCommand,
  saveFile,
  toast,
} from './support/ui';

const CLASSIFY = 'ViT: Classify Image';

/** Hundreds of passes on a busy machine. */
const PASSES = 3 * PATIENCE;

let session: Session;

before(async () => {
  session = await Session.open('evidence', {
    install: 'link',
    settings: { 'git.enabled': true },
    prepare: (folder) => {
      addPhoto(folder);
      // what is in the folder is committed; then one picture becomes another one
      const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { stdio: 'pipe' });
      git('init', '--quiet');
      git('add', '.');
      git('-c', 'user.name=Test', '-c', 'user.email=test@localhost', 'commit', '--quiet', '--message', 'Pictures');
      cpSync(path.join(folder, 'ship.png'), path.join(folder, 'aeroplane.png'));
    },
  });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

test('a click on a class shows what speaks for it, another what speaks against', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'car.png', CLASSIFY);
  await panel.ready('car.png');
  await panel.part('evidence-target').filter({ hasText: 'The same for every class' }).waitFor();
  const second = panel.part('prediction').nth(1);
  await panel.redrawn(() => second.click());
  await panel.waitFor({ method: 'relevance' });
  assert.equal(await second.getAttribute('aria-pressed'), 'true');
  const name = await second.locator('.prediction-label').innerText();
  await panel
    .part('evidence-target')
    .filter({ hasText: `What speaks for ${name}` })
    .waitFor();
  await panel
    .part('caption')
    .filter({ hasText: `Relevance for ${name}` })
    .waitFor();
  await panel.redrawn(() => panel.part('against').first().click());
  const first = await panel.part('prediction').first().locator('.prediction-label').innerText();
  await panel
    .part('evidence-target')
    .filter({ hasText: `What speaks for ${name} and against ${first}` })
    .waitFor();
  await panel.redrawn(() => second.click());
  assert.equal(
    await panel.part('prediction').first().getAttribute('aria-pressed'),
    'true',
    'the most probable one again',
  );
});

test('the map is tested: curves against random orders, areas, and a ranking of every method', async () => {
  const { panel } = session;
  await panel.part('check-map').click();
  await panel
    .part('areas')
    .filter({ hasText: /^Area when hidden [\d.e-]+ \(at random [\d.e-]+\), when shown [\d.e-]+$/ })
    .waitFor({ timeout: PASSES });
  await panel.part('curves').waitFor();
  await panel.part('rank-methods').click();
  await panel.part('ranked').nth(8).waitFor({ timeout: PASSES });
  await panel.part('rank-methods').waitFor({ timeout: PASSES });
  const rows = panel.part('ranking').locator('tbody tr');
  const margins = await rows.evaluateAll((all) =>
    all.map((row) => {
      const [hidden, shown] = [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent));
      return shown! - hidden!;
    }),
  );
  assert.deepEqual(
    margins,
    [...margins].sort((a, b) => b - a),
    'most faithful first',
  );
  const last = panel.part('ranked').last();
  const method = await last.innerText();
  await panel.redrawn(() => last.click());
  assert.match((await rows.last().getAttribute('class')) ?? '', /chosen/, method);
  await session.screenshot('evidence');
});

test('the hottest patches are hidden, one step back and forth, all but the hidden ones, and only the hottest', async () => {
  const { page, panel } = session;
  const hidden = (text: string) => panel.part('hidden-patches').filter({ hasText: text }).waitFor();
  const ran = async (work: () => Promise<unknown>) => {
    await panel.redrawn(work);
    await panel.waitFor({ state: 'ready' });
  };
  await panel.part('hottest-count').fill('5');
  await ran(() => panel.part('hide-hottest').click());
  await hidden('5 hidden');
  await panel.part('change').first().waitFor();
  await ran(() => panel.part('hide-hottest').click());
  await hidden('10 hidden');
  await ran(() => panel.part('undo-hide').click());
  await hidden('5 hidden');
  await ran(() => panel.part('redo-hide').click());
  await hidden('10 hidden');
  await ran(() => panel.part('invert-hidden').click());
  await hidden('54 hidden');
  await session.screenshot('hidden-inverted');
  await ran(() => panel.part('show-all').click());
  await panel.part('show-all').waitFor({ state: 'hidden' });
  await ran(() => panel.part('keep-hottest').click());
  await hidden('59 hidden');
  await panel.part('picture').focus();
  await ran(() => page.keyboard.press('ControlOrMeta+Z'));
  await panel.part('show-all').waitFor({ state: 'hidden' });
});

test('the evidence is there after the picture changes hands: another picture starts with its most probable class', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'frog.png', CLASSIFY);
  await panel.ready('frog.png');
  await panel.part('evidence-target').waitFor();
});

test('what changes with depth: predictions, lengths and sinks, heads, colours; similarity to the query on the picture', async () => {
  const { panel } = session;
  await panel.view.locator('[data-section="depth"] > summary').click();
  await panel.part('depth-prediction').filter({ hasText: 'After block 12:' }).waitFor();
  await panel
    .part('depth-norm')
    .filter({ hasText: /^After block 12: median [\d.]+, (no sinks|sinks: [\d, ]+)$/ })
    .waitFor();
  await panel
    .part('depth-distance')
    .filter({ hasText: /^Layer 12: [\d.]+ to [\d.]+ patches$/ })
    .waitFor();
  const chart = panel.part('depth-predictions');
  await chart.scrollIntoViewIfNeeded();
  const { width } = (await chart.boundingBox())!;
  await panel.redrawn(() => chart.click({ position: { x: 34 + (width - 40) / 11, y: 40 } }));
  await panel.waitFor({ layer: '2' });
  await panel.part('depth-prediction').filter({ hasText: 'After block 2:' }).waitFor();
  await session.screenshot('by-depth');
  await panel.redrawn(() => panel.part('show-similarity').click());
  await panel.waitFor({ method: 'similarity', layer: '2' });
  await panel.part('caption').filter({ hasText: 'Cosine of class token to every token after block 2' }).waitFor();
  await panel.redrawn(() => panel.part('sinks').click());
  await session.screenshot('similarity');
  await panel.part('sinks').click();
});

const drawn = (testId: string, name: string) =>
  session.panel.view.locator(`canvas[data-testid="${testId}"][data-drawn][aria-label^="${name}"]`);

test('two pictures side by side: the same map of both, their difference, their probabilities', async () => {
  const { page, panel } = session;
  await chooseForSelected(page, ['car.png', 'ship.png'], 'ViT: Compare Selected');
  await panel.waitFor({ state: 'ready', other: 'ready' });
  await drawn('picture-other', 'ship.png').waitFor({ timeout: PATIENCE });
  await drawn('picture-difference', 'car.png').waitFor({ timeout: PATIENCE });
  const rows = panel.part('compare-table').locator('tbody tr');
  await rows
    .first()
    .filter({ hasText: /%.*%.*[+−]/ })
    .waitFor();
  await session.screenshot('compare-pictures');
  const before = await panel.part('picture-other').getAttribute('data-drawn');
  await panel.redrawn(() => panel.choose('method', 'Rollout through the layers'));
  await panel.view
    .locator(`canvas[data-testid="picture-other"][data-drawn*="rollout"]:not([data-drawn="${before ?? ''}"])`)
    .waitFor({ timeout: PATIENCE });
  // on paper as on the stage
  const file = path.join(session.folder, 'car-rollout.svg');
  await panel.part('export').click();
  await panel.part('save-svg').click();
  await saveFile(page, file);
  await toast(page, `Saved ${file}`).waitFor({ timeout: PATIENCE });
  const figure = readFileSync(file, 'utf8');
  for (const words of [
    'car.png · vit-cifar10 · Attention',
    'ship.png · vit-cifar10 · Attention',
    'The map of the first less',
  ])
    assert.ok(figure.includes(`>${words}`), words);
  writeFileSync(path.join(root, 'test-output', 'compared.svg'), figure);
  await panel.redrawn(() => panel.part('compare-scale').click());
  await panel.part('end-comparison').click();
  await panel.part('picture-other').waitFor({ state: 'hidden' });
});

test('a picture beside what it was in the last commit', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'aeroplane.png', CLASSIFY);
  await panel.ready('aeroplane.png');
  const now = (await panel.predictions())[0]!.label;
  await panel.part('compare').click();
  await panel.part('compare-last-commit').click();
  await panel.waitFor({ state: 'ready', other: 'ready' });
  await drawn('picture-other', 'aeroplane.png').waitFor({ timeout: PATIENCE });
  await panel.view.getByText('aeroplane.png · last commit').first().waitFor();
  const first = panel.part('compare-table').locator('tbody tr').first();
  await first.filter({ hasText: now }).waitFor();
  assert.notEqual(await first.locator('td').first().innerText(), await first.locator('td').nth(1).innerText());
  await session.screenshot('compare-last-commit');
  // in a browser VS Code writes a window's state down every five seconds, when it is idle
  await page.waitForTimeout(8000);
  const loaded = page.waitForEvent('domcontentloaded', { timeout: PATIENCE });
  await runCommand(page, 'Developer: Reload Window');
  await loaded;
  await session.explorerShown();
  await panel.waitFor({ state: 'ready', other: 'ready' });
  await drawn('picture-other', 'aeroplane.png').waitFor({ timeout: PATIENCE });
});

test('a photograph under a real ImageNet model', { skip: withoutDeit }, async () => {
  const { page, panel } = session;
  await session.changeSettings({ 'vit.model': deit });
  await chooseInExplorer(page, 'airliner.jpg', CLASSIFY);
  await panel.ready('airliner.jpg');
  await session.screenshot('evidence-deit-attention');
  await panel.redrawn(() => panel.part('prediction').first().click());
  await panel.part('check-map').click();
  await panel.part('areas').filter({ hasText: 'Area' }).waitFor({ timeout: PASSES });
  await session.screenshot('evidence-deit-relevance');
  const compareModel = panel.part('compare-model');
  const ask = async () => {
    if (!(await compareModel.isVisible())) await panel.part('compare').click();
    await compareModel.click({ timeout: 5000 });
  };
  await chooseFromList(page, ask, 'Embedded Model');
  await panel.waitFor({ state: 'ready', other: 'ready' });
  await panel.part('other-message').filter({ hasText: 'This model has no class airliner' }).waitFor();
  await panel.part('no-difference').filter({ hasText: 'There is no difference of maps of 14 × 14' }).waitFor();
  await session.screenshot('compare-models');
});
