/**
 * Prints how long it takes from a click in the explorer to the drawn map, warm, at two threads: `npm run clicks`. Both ends are taken in
 * the browser (the button's release or the key, the first frame after the map is on the canvas), because the test driver looks for a new
 * webview only every half second. "Empty webview" is an extension that shows a page of one element: what VS Code itself takes.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Session } from '../test/e2e/support/session';
import { deit } from '../test/e2e/support/realModel';
import { chooseInExplorer } from '../test/e2e/support/ui';

const PICTURES = ['aeroplane.png', 'car.png', 'cat.webp', 'frog.png', 'ship.png', 'mountain-dusk.png'];

/** Runs in every document: says when a mouse button is released or a key pressed; in that around a webview, from which frame on a picture is shown. */
const watchClicksAndDrawings = `{
  const say = (what) => console.debug('clicks: ' + what + ' ' + Date.now());
  for (const type of ['mouseup', 'keydown']) addEventListener(type, () => say('begun'), true);
  let said = '';
  const look = () => {
    const page = document.querySelector('iframe')?.contentDocument;
    const name = page?.querySelector('canvas[data-testid="picture"][data-drawn]')?.getAttribute('aria-label');
    if (name && name !== said && page.querySelector('#root[data-state="ready"]')) {
      said = name;
      say('drawn ' + name);
    }
    requestAnimationFrame(look);
  };
  if (location.pathname.endsWith('/pre/index.html')) look();
}`;

/** An extension whose only page is what the watcher takes for a drawn picture. */
function emptyWebview(run: string): void {
  const folder = path.join(run, 'extensions/clicks.empty-webview');
  mkdirSync(folder);
  const command = { command: 'clicks.empty', title: 'Empty Webview' };
  const manifest = {
    name: 'empty-webview',
    publisher: 'clicks',
    version: '1.0.0',
    engines: { vscode: '^1.100.0' },
    main: './main.js',
    contributes: { commands: [command], menus: { 'explorer/context': [{ command: command.command }] } },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  const main = `const vscode = require('vscode');
const show = ({ path }) => {
  const name = path.split('/').at(-1);
  const panel = vscode.window.createWebviewPanel('clicks.empty', name, vscode.ViewColumn.Active, { enableScripts: true });
  panel.webview.html = '<div id="root" data-state="ready"><canvas data-testid="picture" data-drawn aria-label="' + name + '"></canvas></div>';
};
exports.activate = ({ subscriptions }) => subscriptions.push(vscode.commands.registerCommand('clicks.empty', show));`;
  writeFileSync(path.join(folder, 'main.js'), main);
}

interface Said {
  what: string;
  at: number;
}

async function measure(): Promise<void> {
  const session = await Session.open('clicks', {
    install: 'link',
    settings: { 'vit.threads': 2 },
    alongside: emptyWebview,
  });
  const { page } = session;
  const all: Said[] = [];
  page.on('console', (message) => {
    const said = /^clicks: (.*) (\d+)$/.exec(message.text());
    if (said) all.push({ what: said[1]!, at: Number(said[2]) });
  });
  await page.context().addInitScript({ content: watchClicksAndDrawings });
  await session.openFolder();
  /** What was drawn by what `act` does, and how long after its last click or key. */
  const timed = async (act: () => Promise<unknown>, picture = ''): Promise<number> => {
    const from = all.length;
    await act();
    const drawn = await until(() => all.slice(from).find(({ what }) => what.startsWith(`drawn ${picture}`)));
    const begun = all.slice(from, all.indexOf(drawn)).filter(({ what }) => what === 'begun');
    return drawn.at - begun.at(-1)!.at;
  };
  const newPanels = async (name: string, command: string, close = true) => {
    const times: number[] = [];
    // the first loads the model
    for (const picture of ['horse-portrait.jpg', ...PICTURES]) {
      times.push(await timed(() => chooseInExplorer(page, picture, command), picture));
      if (picture === PICTURES.at(-1) && !close) break;
      await page.getByRole('tab', { name: picture }).click({ button: 'middle' });
      await page.getByRole('tab', { name: picture }).waitFor({ state: 'detached' });
    }
    print(name, times);
  };
  try {
    await newPanels('an empty webview', 'Empty Webview');
    for (const model of ['embedded', deit]) {
      if (model !== 'embedded' && !existsSync(model)) continue;
      await session.changeSettings({ 'vit.model': model });
      const name = path.basename(model);
      await newPanels(`${name}, a new panel`, 'ViT: Classify Image', false);
      const times: number[] = [];
      for (let i = 0; i <= PICTURES.length; i++) times.push(await timed(() => page.keyboard.press('Alt+PageDown')));
      print(`${name}, the next picture in the same panel`, times);
      await page.locator('.tabs-container .tab.active').click({ button: 'middle' });
    }
  } finally {
    await session.close();
  }
}

function print(name: string, [first, ...warm]: number[]): void {
  warm.sort((a, b) => a - b);
  const median = (warm[2]! + warm[3]!) / 2;
  process.stdout.write(`${name}: first ${first} ms; warm ${warm.join(', ')} ms, median ${median} ms\n`);
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error('nothing was drawn within 30 s');
}

void measure();
