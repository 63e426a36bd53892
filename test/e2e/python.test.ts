/** From Python's side: outputs of a notebook, a variable of a program that stands at a breakpoint. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { writeNpy } from '../../extension/files/npyEncoding';
import { MIME } from '../../webview/notebook/output';
import { addPythonDebugger } from './support/pythonDebugger';
import { Session } from './support/session';
import { chooseFromMenu, explorerMenu, explorerRow, PATIENCE, runCommand, toast } from './support/ui';

/** Every token attends to the second patch alone: 17 tokens, a class token before four by four patches. */
const program = `
import numpy as np
attention = np.zeros((3, 17, 17))
attention[:, :, 2] = 1
tokens = np.arange(17)[:, None] * np.array([3.0, 4.0])
image = np.zeros((3, 32, 32))
image[0] = 1
`;
const attention = Float32Array.from({ length: 3 * 17 * 17 }, (_, i) => Number(i % 17 === 2));
const tokens = Float32Array.from({ length: 17 * 2 }, (_, i) => Math.floor(i / 2) * (i % 2 === 0 ? 3 : 4));
const image = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => Number(i % 3 === 0));

/** With an output as docs/notebooks.md makes it, and one that is none. */
function notebook(picture: string) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const output = {
    ...{ version: 1, title: 'what <b>patches</b> attend to', reading: null, shape: [3, 17, 17] },
    values: base64(new Uint8Array(attention.buffer)),
    picture: { mime: 'image/png', data: base64(readFileSync(picture)) },
  };
  const cell = (data: object) => ({
    ...{ cell_type: 'code', execution_count: 1, metadata: {}, source: ['show_map(attention, picture)'] },
    outputs: [{ output_type: 'display_data', metadata: {}, data: { [MIME]: data, 'text/plain': ['map'] } }],
  });
  return {
    cells: [cell(output), cell({ ...output, shape: [17] })],
    metadata: { language_info: { name: 'python' } },
    ...{ nbformat: 4, nbformat_minor: 5 },
  };
}

let session: Session;
let run: string;

before(async () => {
  session = await Session.open('python', {
    install: 'link',
    settings: { 'debug.internalConsoleOptions': 'neverOpen' },
    prepare(folder) {
      const file = path.join(folder, 'program.py');
      writeFileSync(file, program);
      writeFileSync(path.join(folder, 'maps.ipynb'), JSON.stringify(notebook(path.join(folder, 'frog.png'))));
      mkdirSync(path.join(folder, '.vscode'));
      const configuration = { name: 'program', type: 'debugpy', request: 'launch', program: file };
      writeFileSync(
        path.join(folder, '.vscode/launch.json'),
        JSON.stringify({ version: '0.2.0', configurations: [configuration] }),
      );
    },
    alongside(folder) {
      run = folder;
      addPythonDebugger(folder, [
        { name: 'attention', written: writeNpy([3, 17, 17], attention) },
        { name: 'tokens', written: writeNpy([17, 2], tokens) },
        { name: 'image', written: writeNpy([32, 32, 3], image) },
        { name: 'missing', written: new Uint8Array() },
      ]);
    },
  });
  // a click before VS Code knows its extensions opens files as text
  await explorerMenu(session.page, 'frog.png', 'ViT: Classify Image');
  await session.page.keyboard.press('Escape');
});
after(() => session?.close());
afterEach((context) => session.keepIfFailed(context));

const rows = () => session.page.locator('.debug-viewlet .monaco-list-row');
const variableRow = (name: string) => rows().filter({ hasText: new RegExp(`^${name}\\b`) });

async function unfoldLocals(): Promise<void> {
  const locals = rows().filter({ hasText: /^Locals$/ });
  await locals.waitFor({ timeout: PATIENCE });
  // a click folds it, too
  for (const end = Date.now() + PATIENCE; !(await variableRow('attention').isVisible());) {
    if ((await locals.getAttribute('aria-expanded')) !== 'true') await locals.click();
    await session.page.waitForTimeout(1000);
    assert.ok(Date.now() < end, 'the variables are not shown');
  }
}

/** From the context menu of the view of variables. */
async function view(variable: string, as: 'Attention' | 'Tokens' | 'Picture'): Promise<void> {
  const open = () => variableRow(variable).click({ button: 'right', timeout: 10_000 });
  await chooseFromMenu(session.page, `ViT: View Variable as ${as}`, open);
}

/** Files of variables that are kept. */
const kept = () => readdirSync(path.join(run, 'user-data/User/globalStorage/vit-inspector.vit-inspector/variables'));

test("a notebook's cell shows a map on its picture, and says why another cannot be drawn", async () => {
  const { page, panel } = session;
  await explorerRow(page, 'maps.ipynb').click();
  const drawn = panel.view.locator('.vit-map');
  await drawn.getByTestId('caption').filter({ hasText: 'Query: token 1' }).waitFor({ timeout: PATIENCE });
  await drawn.getByText('what <b>patches</b> attend to').waitFor();
  await drawn.getByTestId('patch-grid').focus();
  await page.keyboard.press('ArrowRight');
  await drawn.getByTestId('caption').filter({ hasText: 'Query: patch 2' }).waitFor({ timeout: PATIENCE });
  await drawn.getByTestId('matrix-number').fill('2');
  await drawn.getByText('3 / 3').waitFor();
  await panel.view.getByRole('alert').filter({ hasText: 'has other values than its shape (17) says' }).waitFor();
  await session.screenshot('notebook');
  await page.getByRole('tab', { name: /^maps\.ipynb/ }).click({ button: 'middle' });
});

test('a variable of a stopped program is drawn as attention, as tokens, as a picture, and its file goes with the tab', async () => {
  const { page, panel } = session;
  await runCommand(page, 'Debug: Start Debugging');
  await unfoldLocals();
  await view('attention', 'Attention');
  await page.getByRole('tab', { name: /^attention\.npy/ }).waitFor({ timeout: PATIENCE });
  await panel.part('facts').filter({ hasText: '(3, 17, 17)' }).waitFor({ timeout: PATIENCE });
  assert.equal(kept().length, 1);

  await view('image', 'Picture');
  await panel.ready('image.npy');
  // what the panel shows is likely what the program was given
  await view('tokens', 'Tokens');
  await panel.part('picture-name').filter({ hasText: 'image.npy' }).waitFor({ timeout: PATIENCE });
  await panel.part('prefix-values').filter({ hasText: 'token 1: 0' }).waitFor();
  assert.equal(await panel.part('reading').evaluate((dropdown) => (dropdown as HTMLSelectElement).value), 'lengths');
  await session.screenshot('variable');
  assert.equal(kept().length, 3);
  await page.getByRole('tab', { name: /^tokens\.npy/ }).click({ button: 'middle' });
  for (const end = Date.now() + PATIENCE; kept().length !== 2; await page.waitForTimeout(50))
    assert.ok(Date.now() < end, kept().join());

  await view('missing', 'Tokens');
  const said = "missing cannot be saved by the debugged program: NameError: name 'missing' is not defined.";
  await toast(page, said).waitFor({ timeout: PATIENCE });
  assert.equal(kept().length, 2);
});
