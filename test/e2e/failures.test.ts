/** What goes wrong in people's folders and machines: said once, in one sentence, and nothing else breaks. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { kill } from '../../extension/system/kill';
import { unreadable, writeOddPictures } from './support/pictures';
import { descendants, isRunning } from './support/processes';
import { root, Session } from './support/session';
import {
  chooseFromList,
  chooseInExplorer,
  clearNotifications,
  notifications,
  runCommand,
  toast,
  untilLogged,
} from './support/ui';

const CLASSIFY = 'ViT: Classify Image';

let session: Session;

before(async () => {
  process.env['HF_ENDPOINT'] = 'http://127.0.0.1:4'; // a hub that nobody can reach
  session = await Session.open('failures', { install: 'link', prepare: writeOddPictures });
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

const engine = () => descendants(session.server.pid, path.join('dist', 'engine.js'));
const extensionHost = () => descendants(session.server.pid, '--type=extensionHost');

/** One sentence: a capital, a full stop at the end, nothing that a stack trace or an errno would bring. */
function assertSentence(text: string, name: string): void {
  assert.ok(text.includes(name), `names the file: ${text}`);
  assert.match(text, /^\S.*\.$/, `one line that ends with a full stop: ${text}`);
  assert.doesNotMatch(text, /\n|\bat .*:\d+:\d+|\[object|undefined|Error:/, text);
}

for (const name of unreadable) {
  test(`${name}: one sentence, said once: in the panel`, async () => {
    const { page, panel } = session;
    await chooseInExplorer(page, name, CLASSIFY);
    await page.getByRole('tab', { name }).waitFor();
    const error = panel.part('error').filter({ hasText: name });
    await error.waitFor();
    const sentence = (await error.innerText()).trim();
    assertSentence(sentence, name);
    assert.deepEqual(await notifications(page), []);
    await session.screenshot(`refused-${name}`);
  });
}

test('Show Log: the log has what the panel said of a picture, and what a notification said of a download', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'text.png', CLASSIFY);
  const error = panel.part('error').filter({ hasText: 'text.png' });
  await error.waitFor();
  const sentence = (await error.innerText()).trim();
  await runCommand(page, 'ViT: Show Log');
  await untilLogged(page, `text.png: ${sentence}`);
  await session.screenshot('log-of-a-picture');

  const download = () => runCommand(page, 'ViT: Download Model…');
  await chooseFromList(page, download, 'vit_tiny_patch16_224');
  const said = /127\.0\.0\.1:4 cannot be reached .*\./;
  await toast(page, said).waitFor();
  await untilLogged(page, said.exec(await toast(page, said).innerText())![0]);
  await session.screenshot('log-of-a-download');
  await clearNotifications(page);
  await runCommand(page, 'View: Hide Panel');
});

test('kill -9 of the engine in the middle of a request: one message, Retry works, the extension host is the same', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  const [host] = extensionHost();
  const [before] = engine();
  assert.ok(host && before, 'extension host and engine run');
  // stopped, the engine holds the request for as long as the test needs: the kill comes in its middle, on any machine
  kill(before.pid, 'SIGSTOP');
  await chooseInExplorer(page, 'frog.png', CLASSIFY);
  await panel.view.locator('#root[data-busy]').waitFor();
  kill(before.pid);
  const error = panel.part('error').filter({ hasText: /engine/i });
  await error.waitFor();
  assert.match((await error.innerText()).trim(), /^\S.*\.$/);
  await toast(page, 'inspecting frog.png').waitFor({ state: 'detached' }); // the progress ends with the request
  assert.deepEqual(await notifications(page), []);
  await session.screenshot('engine-killed');
  assert.equal(isRunning(before.pid), false);

  await panel.part('retry').click();
  await panel.ready('frog.png');
  assert.equal((await panel.predictions()).length, 5);
  const [next] = engine();
  assert.ok(next && next.pid !== before.pid, 'another engine process');
  assert.equal(extensionHost()[0]?.pid, host.pid, 'the same extension host');
});

test('an engine that died between requests is replaced without a word', async () => {
  const { page, panel } = session;
  const [idle] = engine();
  assert.ok(idle);
  kill(idle.pid);
  await chooseInExplorer(page, 'cat.webp', CLASSIFY);
  await panel.ready('cat.webp');
  assert.equal((await panel.predictions()).length, 5);
  await toast(page, 'inspecting cat.webp').waitFor({ state: 'detached' }); // where it took long enough to be there
  assert.deepEqual(await notifications(page), []);
});

test('weights that are missing, cut short or lying are refused in one sentence; the embedded model is one setting away', async () => {
  const { panel } = session;
  const write = (name: string, bytes: Buffer | string) => writeFileSync(path.join(session.folder, name), bytes);
  write('empty.safetensors', '');
  write('text.safetensors', 'not a model at all\n');
  // a header that is promised to be longer than the file
  write('lying.safetensors', Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0x7b, 0x7d]));
  const whole = readFileSync(path.join(root, 'models/vit-cifar10/model.safetensors'));
  write('cut.safetensors', whole.subarray(0, whole.length / 2));
  for (const name of ['missing', 'empty', 'text', 'lying', 'cut'].map((name) => `${name}.safetensors`)) {
    await session.changeSettings({ 'vit.model': path.join(session.folder, name) });
    const error = panel.part('error').filter({ hasText: name });
    await error.waitFor();
    assertSentence((await error.innerText()).trim(), name);
  }
  await session.changeSettings({ 'vit.model': 'embedded' });
  await panel.waitFor({ state: 'ready' });
  assert.equal((await panel.predictions()).length, 5);
});

test('the error of a model leads to the report on it and to the other models', async () => {
  const { page, panel } = session;
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  await session.changeSettings({ 'vit.model': path.join(session.folder, 'text.safetensors') });
  const error = panel.part('error').filter({ hasText: 'text.safetensors' });
  await error.waitFor();
  await session.screenshot('model-refused');
  await panel.part('failure-model').click();
  const picker = page.locator('.quick-input-widget').filter({ hasText: 'Select the Model' });
  await picker.getByText('Embedded Model').waitFor();
  await session.screenshot('select-model');
  await page.keyboard.press('Escape');
  await panel.part('inspect-model').click();
  const report = page.locator('.view-lines').filter({ hasText: 'This model cannot be run.' });
  await report.filter({ hasText: 'text.safetensors' }).waitFor();
  await session.screenshot('model-refused-report');
  await clearNotifications(page);
  await session.changeSettings({ 'vit.model': 'embedded' });
  await chooseInExplorer(page, 'ship.png', CLASSIFY);
  await panel.ready('ship.png');
  assert.equal(await panel.part('inspect-model').count(), 0);
});

test('the engine ends with the window', async () => {
  const [running] = engine();
  assert.ok(running);
  await session.page.close();
  // code-server keeps a closed window's extension host for a while, in case it comes back; the server's end ends it
  await session.server.stop();
  for (const end = Date.now() + 20_000; isRunning(running.pid);) {
    assert.ok(Date.now() < end, 'the engine process is still there');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
