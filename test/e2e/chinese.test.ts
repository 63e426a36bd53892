/** The extension in Simplified Chinese: every view is looked at, nothing of it is English, nothing is cut off. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { violations } from './support/axe';
import { Session } from './support/session';
import {
  chooseForSelected,
  chooseFromList,
  chooseInExplorer,
  explorerRow,
  hoverSays,
  PATIENCE,
  runCommand,
} from './support/ui';

let session: Session;

before(async () => {
  session = await Session.open('chinese', {
    install: 'vsix',
    language: 'zh-cn',
    prepare: (folder) => writeFileSync(path.join(folder, 'broken.png'), 'no picture at all'),
  });
  await chooseInExplorer(session.page, 'cat.webp', 'ViT: 分类图片');
  await session.panel.ready();
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

interface Shown {
  /** Texts whose element is too small for them. */
  cut: string[];
  /** Texts of several English words. */
  english: string[];
  lang: string;
}

/** Looks at what is on the panel: texts, titles and what is read to who cannot see. */
async function look(): Promise<Shown> {
  const frame = await session.panel.frame();
  return frame.evaluate(() => {
    const cut: string[] = [];
    const english: string[] = [];
    const visible = [...document.body.querySelectorAll<HTMLElement>('*')].filter((element) =>
      element.checkVisibility(),
    );
    for (const element of visible) {
      const own = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
      const text = own
        .map(({ textContent }) => textContent ?? '')
        .join('')
        .trim();
      const spoken = ['title', 'aria-label', 'aria-roledescription', 'placeholder'].map((name) =>
        element.getAttribute(name),
      );
      // names of files, models and tensors, code, papers and units are the same in every language
      const isCode = element.closest('code, cite, .walk-code, [data-testid="source"]') !== null;
      for (const words of [text, ...spoken]) {
        if (words && !isCode && /[a-z]{2,} [a-z]{2,} [a-z]{2,}/i.test(words)) english.push(words);
      }
      if (text === '' || element.matches('.visually-hidden, script')) continue;
      const style = getComputedStyle(element);
      const clips = style.overflowX !== 'visible' || style.textOverflow === 'ellipsis';
      const box = element.getBoundingClientRect();
      const beyond = box.right > document.documentElement.clientWidth + 1;
      if (
        (clips && element.scrollWidth > element.clientWidth + 1 && !/auto|scroll/.test(style.overflowX)) ||
        (beyond && element.closest('.walk-list') === null)
      )
        cut.push(text);
    }
    return { cut, english, lang: document.documentElement.lang };
  });
}

async function assertGood(name: string): Promise<void> {
  await session.screenshot(`chinese-${name}`);
  const { cut, english, lang } = await look();
  assert.equal(lang, 'zh-cn');
  assert.deepEqual(cut, [], `${name}: cut off`);
  assert.deepEqual(english, [], `${name}: English`);
}

/** The same, and nothing in the way of people who do not see it. */
async function assertGoodForAll(name: string): Promise<void> {
  await assertGood(name);
  assert.deepEqual(await violations(session.panel), [], name);
}

for (const [name, width] of [
  ['wide', 1440],
  ['narrow', 730],
] as const) {
  test(`${name}: attention, patches and every step of the walk-through`, async () => {
    const { panel, page } = session;
    await page.setViewportSize({ width, height: 900 });
    await panel.part('tab-attention').click();
    await panel.unfold();
    assert.equal(await panel.part('tab-attention').innerText(), '注意力');
    await assertGoodForAll(`attention-${name}`);
    await panel.part('tab-overview').click();
    await panel.view.locator('[data-testid="overview"][data-complete]').waitFor();
    await assertGoodForAll(`overview-${name}`);
    await panel.part('tab-patches').click();
    await assertGoodForAll(`patches-${name}`);
    await panel.part('tab-walkthrough').click();
    const steps = await panel.view.getByTestId('step').count();
    assert.ok(steps > 15, `${steps} steps`);
    for (let step = 0; step < steps; step++) {
      await panel.openStep(step);
      await page.waitForTimeout(150);
      assert.match(await panel.part('step-title').innerText(), /\p{Script=Han}/u);
      await assertGood(`step-${name}-${step + 1}`);
    }
  });
}

test('a comparison is Chinese', async () => {
  const { panel, page } = session;
  await page.setViewportSize({ width: 1440, height: 900 });
  await chooseForSelected(page, ['car.png', 'ship.png'], 'ViT: 比较所选图片');
  await panel.waitFor({ state: 'ready', other: 'ready' });
  await panel.part('compare-table').locator('tbody tr').first().waitFor({ timeout: PATIENCE });
  await assertGoodForAll('comparison');
  await panel.part('end-comparison').click();
});

test('soft splits and a model file of the articles: squiggles, lens and panel', async () => {
  const { panel, page } = session;
  await page.setViewportSize({ width: 1440, height: 900 });
  await explorerRow(page, 'mountain-dusk.vit.json').dblclick();
  const lens = page.locator('.codelens-decoration a', { hasText: '运行此模型' });
  await lens.waitFor();
  await page.getByText(/15 个 20 × 20 的补丁 · 16 个长度为 768 的 Token/).waitFor();
  await hoverSays(page, '"token_len"', '一个 Token 的长度（嵌入维度）。必须是 num_heads 的倍数。');
  await session.screenshot('chinese-model-file');
  await lens.click();
  await panel.waitFor({ state: 'ready', view: 'walkthrough' });
  await assertGoodForAll('article');
});

test('the report on a model is Chinese', async () => {
  const { page } = session;
  await runCommand(page, 'ViT: 检视检查点');
  await page.locator('.view-lines').filter({ hasText: '此模型可以运行。' }).waitFor();
  await session.screenshot('chinese-report');
});

test('an error is told in Chinese, with the file and the reason', async () => {
  const { panel, page } = session;
  await runCommand(page, 'View: Close All Editors');
  await chooseInExplorer(page, 'broken.png', 'ViT: 分类图片');
  await panel.view.getByTestId('error').waitFor();
  assert.match(await panel.part('error').innerText(), /broken\.png 不是图片：/);
  await session.screenshot('chinese-error');
});

test('commands, settings and the getting-started pages are Chinese', async () => {
  const { page } = session;
  await runCommand(page, 'ViT: 打开设置');
  await page.getByText('列出多少个类别，概率最高的在最前。').waitFor();
  await session.screenshot('chinese-settings');
  await chooseFromList(page, () => runCommand(page, 'Welcome: Open Walkthrough...'), '图解 Vision Transformer');
  await page.getByText('分类一张图片').first().waitFor();
  await page.getByText('查看它在看哪里').first().click();
  const body = page.locator('.getting-started-media iframe').last().contentFrame();
  await page.waitForTimeout(1500);
  await session.screenshot('chinese-getting-started');
  await body
    .frameLocator('iframe')
    .getByText('它在看哪里')
    .or(body.getByText('它在看哪里'))
    .first()
    .waitFor({ timeout: 20_000 });
});
