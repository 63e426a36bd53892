/** Folders of strangers, in a VS Code that does not trust them, with the packaged extension: text stays text, files stay in their place. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { descendants } from './support/processes';
import { Session } from './support/session';
import { chooseInExplorer, clearNotifications, explorerRow, PATIENCE, runCommand, toast } from './support/ui';

const CLASSIFY = 'ViT: Classify Image';
const LINK = '[Repair the model](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%22%7D)';

let session: Session;

/** A header in which a tensor has that name twice: the refusal quotes it. */
function namedTwice(name: string): Buffer {
  const entry = `${JSON.stringify(name)}:{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`;
  const header = Buffer.from(`{${entry},${entry}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(4)]);
}

before(async () => {
  session = await Session.open('untrusted', {
    install: 'vsix',
    restricted: true,
    prepare(folder) {
      const write = (name: string, contents: Buffer | string) => writeFileSync(path.join(folder, name), contents);
      mkdirSync(path.join(folder, '.vscode'));
      write('link.safetensors', namedTwice(LINK));
      write('.vscode/settings.json', JSON.stringify({ 'vit.model': path.join(folder, 'link.safetensors') }));
      const model = { architecture: 'ViT_Model', img_size: [3, 60, 100], patch_size: 20 };
      write('outside.vit.json', JSON.stringify({ ...model, image: '../elsewhere.png' }));
      const deep = `{"architecture":"ViT_Model","labels":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
      write('deep.vit.json', deep);
      const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]));
      write('fields.vit.json', JSON.stringify({ architecture: 'ViT_Model', ...fields }));
      write('inside.vit.json', JSON.stringify({ ...model, image: 'ship.png' }));
      const filter = '<feMorphology operator="dilate" radius="900"/><feGaussianBlur stdDeviation="900"/>'.repeat(3);
      write(
        'slow.svg',
        `<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000"><filter id="f">${filter}</filter><rect width="4000" height="4000" filter="url(#f)"/></svg>`,
      );
    },
  });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

test('before it is trusted its settings are ignored: the embedded model classifies its pictures', async () => {
  const { page, panel } = session;
  await page.getByText('Restricted Mode').first().waitFor({ timeout: PATIENCE });
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  assert.equal((await panel.predictions()).length, 5);
  await panel.part('restricted').filter({ hasText: 'vit.model' }).waitFor({ timeout: PATIENCE });
});

test('model files of vast depth and with thousands of unknown fields, open at start, cost a sentence each and nothing else', async () => {
  const { page, panel } = session;
  const tab = (name: string) => page.getByRole('tab', { name }).first();
  const lens = (text: RegExp) => page.locator('.codelens-decoration').filter({ hasText: text }).first();
  for (const name of ['deep.vit.json', 'fields.vit.json']) {
    await explorerRow(page, name).dblclick();
    await tab(name).waitFor({ timeout: PATIENCE });
  }
  await lens(/k0 is no parameter of ViT_Model/).waitFor({ timeout: PATIENCE });
  // in a browser VS Code writes a window's state down every five seconds, when it is idle
  await page.waitForTimeout(8000);
  await page.reload({ waitUntil: 'domcontentloaded', timeout: PATIENCE });
  await session.explorerShown();
  // the extension starts with both
  await tab('deep.vit.json').waitFor({ timeout: PATIENCE });
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  assert.equal((await panel.predictions()).length, 5);
  await tab('fields.vit.json').click();
  await lens(/k0 is no parameter of ViT_Model/).waitFor({ timeout: PATIENCE });
  await tab('deep.vit.json').click();
  await lens(/This is nested deeper than \d+ levels/).waitFor({ timeout: PATIENCE });
  await session.screenshot('deep-model-file');
  for (const name of ['deep.vit.json', 'fields.vit.json']) {
    await tab(name).click({ button: 'middle' });
    await tab(name).waitFor({ state: 'detached', timeout: PATIENCE });
  }
  await clearNotifications(page);
});

test('a picture that would take for ever is refused in one sentence, by the same engine', async () => {
  const { page, panel } = session;
  const engine = () => descendants(session.server.pid, path.join('dist', 'engine.js'))[0]?.pid;
  const before = engine();
  assert.ok(before, 'it runs since the picture before');
  await chooseInExplorer(page, 'slow.svg', CLASSIFY);
  const error = panel.part('error').filter({ hasText: 'slow.svg' });
  await error.waitFor({ timeout: PATIENCE });
  assert.match(await error.innerText(), /slow\.svg takes more than \d+ seconds to decode, and is refused\.$/);
  await session.screenshot('refused-slow.svg');
  await clearNotifications(page);
  assert.equal(engine(), before);
});

test('a model file that names a picture outside is refused, with the way to trust; one that names its neighbour runs', async () => {
  const { page, panel } = session;
  await explorerRow(page, 'inside.vit.json').click();
  await runCommand(page, 'ViT: Run This Model');
  await panel.waitFor({ state: 'ready', view: 'walkthrough' });
  await explorerRow(page, 'outside.vit.json').click();
  await runCommand(page, 'ViT: Run This Model');
  const refused = toast(page, 'outside.vit.json');
  await refused.waitFor();
  const text = await refused.locator('.notification-list-item-message').innerText();
  assert.match(
    text,
    /outside\.vit\.json: "image" names \.\.\/elsewhere\.png, outside this workspace, which is not trusted\.$/,
  );
  await session.screenshot('untrusted');
  await refused.getByRole('button', { name: 'Manage Workspace Trust' }).click();
  await page.locator('.workspace-trust-editor').waitFor({ timeout: PATIENCE });
  await page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
  await page.getByText('You trust this folder').waitFor({ timeout: PATIENCE });
});

test('trusted, its model is opened; its tensor’s name is text in the notification and in the panel, and no link', async () => {
  const { page, panel } = session;
  await clearNotifications(page);
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  const error = panel.part('error').filter({ hasText: 'Repair the model' });
  await error.waitFor({ timeout: PATIENCE });
  // the panel has said it; a command says it in a notification
  await runCommand(page, 'ViT: Export Model to ONNX…');
  const notice = toast(page, 'Repair the model');
  await notice.waitFor({ timeout: PATIENCE });
  assert.equal(await notice.locator('.notification-list-item-message a').count(), 0, 'it is a link');
  assert.match(await notice.innerText(), /\[Repair the model\] ?\(command:/);
  assert.equal(await error.locator('a').count(), 0);
  assert.equal(await panel.part('restricted').count(), 0, 'it is trusted now');
  await session.screenshot('no-link');
});

test('what the old model made is still there in every view, dimmed, with the names it belongs to', async () => {
  const { page, panel } = session;
  await panel.waitFor({ stale: 'failed' });
  assert.match(await panel.part('shown').innerText(), /^Shown is ship\.png under .+, from before\.$/);
  for (const [view, shown] of [
    ['attention', '.stage'],
    ['patches', '.stage'],
    ['walkthrough', '.walk'],
  ] as const) {
    await panel.view.locator(`#tab-${view}`).click();
    const style = await panel.view.locator(shown).evaluate((element) => {
      const { opacity, filter } = getComputedStyle(element);
      return { opacity: Number(opacity), filter };
    });
    assert.ok(style.opacity < 0.6, `${view}: ${style.opacity}`);
    assert.match(style.filter, /grayscale/);
    await session.screenshot(`stale-${view}`);
  }
  await panel.view.locator('#tab-attention').click();
  await clearNotifications(page);
  await session.changeSettings({ 'vit.model': 'embedded' });
  await panel.ready('ship.png');
  assert.equal(await panel.attribute('stale'), null);
});

test('the code of a step is shown in place, and "How it is computed" opens the source that came with the package', async () => {
  const { page, panel } = session;
  await panel.view.locator('#tab-walkthrough').click();
  await panel.part('next-step').click();
  const link = panel.part('source').first();
  await link.waitFor();
  const code = panel.part('step-code').first();
  await code.locator('summary').click();
  const marked = code.locator('.marked');
  await marked.filter({ hasText: 'VIT_STEP' }).waitFor({ timeout: PATIENCE });
  assert.match(await code.innerText(), /\.cc, lines \d+ to \d+/);
  await session.screenshot('step-code');
  const [, file] = /([^/]+\.cc)/.exec((await link.getAttribute('title')) ?? '') ?? [];
  assert.ok(file);
  await link.click();
  await page.getByRole('tab', { name: file }).waitFor({ timeout: PATIENCE });
  await page
    .locator('.monaco-editor .view-line')
    .filter({ hasText: 'VIT_STEP' })
    .first()
    .waitFor({ timeout: PATIENCE });
  await session.screenshot('source');
});
