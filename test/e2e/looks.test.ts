/** What it looks like: every theme, narrow and wide. The pictures go to test-output/ for people to look at. */
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { writeNpy } from '../../extension/files/npyEncoding';
import { violations } from './support/axe';
import { root, Session } from './support/session';
import { chooseInExplorer, explorerRow, PATIENCE } from './support/ui';

const themes = {
  dark: 'Dark Modern',
  light: 'Light Modern',
  'high-contrast': 'Default High Contrast',
  'high-contrast-light': 'Default High Contrast Light',
};

let session: Session;

before(async () => {
  session = await Session.open('looks', {
    install: 'link',
    settings: { 'workbench.colorTheme': themes.dark },
    prepare(folder) {
      cpSync(path.join(root, 'models/vit-cifar10/model.safetensors'), path.join(folder, 'weights.safetensors'));
      writeFileSync(path.join(folder, 'frog.npy'), writeNpy([17, 17], new Float32Array(17 * 17).fill(1 / 17)));
    },
  });
  await chooseInExplorer(session.page, 'aeroplane.png', 'ViT: Classify Image');
  await session.panel.ready();
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

/** Relative luminance of a CSS color and the contrast of two (WCAG 2.1, 1.4.3). */
const luminance = ([r, g, b]: number[]) => {
  const linear = [r, g, b].map((c = 0) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
};
const contrast = (a: number[], b: number[]) => {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
};
const rgb = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);

for (const [name, theme] of Object.entries(themes)) {
  test(`theme ${name}: colors follow, text can be read`, async () => {
    const { panel, page } = session;
    await session.changeSettings({ 'workbench.colorTheme': theme });
    const kind = { dark: 'vscode-dark', light: 'vscode-light' }[name] ?? 'vscode-high-contrast';
    const light = /light/.test(name)
      ? '.vscode-light, .vscode-high-contrast-light'
      : '.vscode-dark, .vscode-high-contrast:not(.vscode-high-contrast-light)';
    await panel.view.locator(`body.${kind}`).and(panel.view.locator(light)).waitFor();
    await page.waitForTimeout(500); // the workbench repaints its parts one after another
    const colors = await panel.view
      .locator('.prediction-label')
      .first()
      .evaluate((label) => {
        const body = getComputedStyle(document.body);
        return { text: getComputedStyle(label).color, background: body.backgroundColor };
      });
    assert.ok(contrast(rgb(colors.text), rgb(colors.background)) >= 4.5, JSON.stringify(colors));
    assert.ok((await panel.pixels()).colors > 100);
    await session.screenshot(`looks-${name}`);
    await panel.unfold();
    const marks = await panel.view.locator('.depth-class').evaluateAll((all) =>
      all.map((one) => {
        const { color, borderLeftColor } = getComputedStyle(one);
        return { color, mark: borderLeftColor };
      }),
    );
    assert.equal(marks.length, 3);
    for (const { color, mark } of marks) assert.notEqual(mark, color, 'the line of a class has a colour of its own');
    const found: Record<string, string[]> = {};
    for (const view of ['overview', 'patches', 'walkthrough', 'attention']) {
      await panel.view.locator(`#tab-${view}`).click();
      await panel.waitFor({ view });
      found[view] = await violations(panel);
    }
    assert.deepEqual(found, { overview: [], patches: [], walkthrough: [], attention: [] });
  });
}

for (const [name, width, height] of [
  ['narrowest', 660, 900],
  ['narrow', 700, 900],
  ['wide', 1920, 1080],
] as const) {
  test(`${name} window: nothing is cut off or overlaps`, async () => {
    const { panel, page } = session;
    await session.changeSettings({ 'workbench.colorTheme': themes.dark });
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(500);
    await panel.ready();
    const { overflow, canvas, cut } = await (
      await panel.frame()
    ).evaluate(() => ({
      cut: [...document.querySelectorAll('[role="tab"]')]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ textContent }) => `${textContent} in ${document.documentElement.clientWidth} pixels`),
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      canvas: document.querySelector('canvas[data-testid="picture"]')?.getBoundingClientRect().toJSON() as DOMRect,
    }));
    assert.ok(overflow <= 0, `${overflow} pixels wider than the panel`);
    assert.deepEqual(cut, []);
    // where there is room menus have a word beside their icon
    assert.equal(await panel.part('export').locator('.menu-word').isVisible(), name === 'wide');
    assert.ok(canvas.width >= 200 && canvas.height >= 150, JSON.stringify(canvas));
    await session.screenshot(`looks-${name}`);
  });
}

test('editors of weights and arrays have no violation of accessibility', async () => {
  const { panel, page } = session;
  const shown = (testId: string) => panel.view.getByTestId(testId).filter({ visible: true }).first();
  await page.setViewportSize({ width: 1440, height: 900 });
  await session.changeSettings({ 'workbench.colorTheme': themes['high-contrast-light'] });
  const found: Record<string, string[]> = {};
  for (const [file, testId] of [
    ['weights.safetensors', 'use-model'],
    ['frog.npy', 'on-picture'],
  ] as const) {
    await explorerRow(page, file).click();
    await shown(testId).waitFor({ timeout: PATIENCE });
    await session.screenshot(`looks-${testId}`);
    found[file] = await violations(panel);
  }
  assert.deepEqual(found, { 'weights.safetensors': [], 'frog.npy': [] });
});
