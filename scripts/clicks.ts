/**
 * Prints how long it takes from a click in the explorer to the drawn map, warm, at two threads, and from the reload of a window until its panel
 * is back: `npm run clicks`, or one of them, `npm run clicks -- panels` and `-- reload`. Both ends are taken in the browser (the button's
 * release, the key or the page's navigation; the first frame after the map is on the canvas), because the test driver looks for a new webview
 * only every half second. "Empty webview" is an extension that shows a page of one element: what VS Code itself takes.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Session } from '../test/e2e/support/session';
import { deit } from '../test/e2e/support/realModel';
import { chooseInExplorer, explorerRow, runCommand } from '../test/e2e/support/ui';

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
  let shown = 0;
  const restored = () => {
    const seen = ['.explorer-folders-view .monaco-list-row', '.monaco-editor .view-line span span'];
    if (shown === 0) console.debug('clicks: navigated ' + Math.round(performance.timeOrigin));
    ['files', 'text'].forEach((what, i) => {
      if ((shown & (2 << i)) === 0 && document.querySelector(seen[i])) {
        shown |= 2 << i;
        say(what);
      }
    });
    shown |= 1;
    if (shown !== 7) requestAnimationFrame(restored);
  };
  if (window === top) addEventListener('DOMContentLoaded', restored);
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
    activationEvents: ['onWebviewPanel:clicks.empty'],
    contributes: { commands: [command], menus: { 'explorer/context': [{ command: command.command }] } },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  const main = `const vscode = require('vscode');
const fill = (panel) => {
  panel.webview.html = '<div id="root" data-state="ready"><canvas data-testid="picture" data-drawn aria-label="' + panel.title + '"></canvas></div>';
};
const show = ({ path }) => fill(vscode.window.createWebviewPanel('clicks.empty', path.split('/').at(-1), vscode.ViewColumn.Active, { enableScripts: true }));
exports.activate = ({ subscriptions }) => subscriptions.push(
  vscode.commands.registerCommand('clicks.empty', show),
  vscode.window.registerWebviewPanelSerializer('clicks.empty', { deserializeWebviewPanel: async (panel) => fill(panel) }),
);`;
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
    if (wanted('reload')) await reloads(session, all);
    if (!wanted('panels')) return;
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

/** Whether that part was asked for, or none was. */
const wanted = (part: string) => process.argv.length < 3 || process.argv.includes(part);

const ROUNDS = 3;

/** From the reload of a window until what was open in it is back: the files and a text, an empty webview, the embedded model's map. */
async function reloads(session: Session, all: Said[]): Promise<void> {
  const { page } = session;
  const name = 'ship.png';
  const kinds = {
    'a text': () => explorerRow(page, 'mountain-dusk.vit.json').dblclick(),
    'an empty webview': () => chooseInExplorer(page, name, 'Empty Webview'),
    'the panel': () => chooseInExplorer(page, name, 'ViT: Classify Image'),
  };
  const times = new Map<string, number[]>();
  const add = (what: string, ms: number) => times.set(what, [...(times.get(what) ?? []), ms]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [kind, open] of Object.entries(kinds)) {
      const back = kind === 'a text' ? 'text' : `drawn ${name}`;
      const opened = all.length;
      await open();
      if (kind !== 'a text') await until(() => all.slice(opened).find(({ what }) => what.startsWith(back)));
      // in a browser VS Code writes a window's state down every five seconds, when it is idle
      await page.waitForTimeout(8000);
      const from = all.length;
      await runCommand(page, 'Developer: Reload Window');
      const said = (what: string) => until(() => all.slice(from).find((one) => one.what.startsWith(what)));
      const [start, files, done] = [await said('navigated'), await said('files'), await said(back)];
      add(`reload until the files are there, beside ${kind}`, files.at - start.at);
      add(`reload until ${kind} is back`, done.at - start.at);
      await page.waitForTimeout(1000);
      await runCommand(page, 'View: Close All Editors');
    }
  }
  for (const [what, each] of times) {
    const sorted = [...each].sort((a, b) => a - b);
    process.stdout.write(`${what}: ${each.join(', ')} ms, median ${sorted[Math.floor(each.length / 2)]}\n`);
  }
}

function print(name: string, [first, ...warm]: number[]): void {
  warm.sort((a, b) => a - b);
  const median = (warm[2]! + warm[3]!) / 2;
  process.stdout.write(`${name}: first ${first} ms; warm ${warm.join(', ')} ms, median ${median} ms\n`);
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error('nothing was drawn within 60 s');
}

void measure();
