// What `npm start` does: set-up, the samples' classifications on the terminal, then VS Code on the samples.
//   --no-open    stop after the table
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fromRoot, isMain, main, outputOf, Problem, root, run, say, which } from './lib/run.mjs';
import { setup } from './setup.mjs';

const samples = fromRoot('samples');
const isPicture = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;

/** Classifies pictures through the command line; one object a picture, as `classify --json` prints them. */
function classify(pictures) {
  const command = [fromRoot('dist/cli.js'), 'classify', '--json', '--top-k', '3', ...pictures];
  const { stdout, stderr, error } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  if (error || !stdout) throw new Problem(stderr || error?.message || 'classifying the samples printed nothing');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function printTable(rows) {
  const width = Math.max(...rows.map(({ image }) => image.length)) + 2;
  const percent = (probability) => `${(100 * probability).toFixed(1)} %`.padStart(7);
  console.log(`\n${'picture'.padEnd(width)}${'top class'.padEnd(22)}${'then'.padEnd(46)}forward`);
  for (const { image, predictions, timings, error } of rows) {
    if (error) {
      console.log(`${image.padEnd(width)}${error}`);
      continue;
    }
    const cells = predictions.map(({ label, probability }) => `${percent(probability)} ${label}`.padEnd(22));
    const forward = `${timings.forward_ms.toFixed(1)} ms`;
    console.log(`${image.padEnd(width)}${cells[0]}${cells.slice(1).join(' ').padEnd(46)}${forward}`);
  }
  console.log();
}

/** Desktop VS Code's command, when there is one and a display to show it on. A remote window's `code` cannot load this. */
function desktopVSCode() {
  const display =
    process.platform === 'darwin' ||
    process.platform === 'win32' ||
    Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  const code = which('code', 'code-insiders');
  return display && code && !process.env.VSCODE_IPC_HOOK_CLI && outputOf(code, ['--version']) !== null ? code : null;
}

async function openDesktop(code) {
  say('opening VS Code on samples/; right-click a picture there and choose "ViT: Classify Image"');
  await run(code, ['--new-window', `--extensionDevelopmentPath=${root}`, samples]);
}

/** Serves VS Code to a browser until Ctrl+C. */
async function openWorkbench() {
  const workbench = await import('./lib/workbench.mjs');
  await workbench.installWorkbench();
  const folder = workbench.prepareRun('start');
  workbench.linkExtension(folder);
  const server = await workbench.startWorkbench(folder, { port: 8421 });
  const address = workbench.folderAddress(server.url, samples);
  console.log(`\nVS Code with ViT Inspector is at\n\n    ${address}\n`);
  console.log('Open it in a browser, right-click a picture and choose "ViT: Classify Image". Ctrl+C ends it.');
  const opener = { darwin: 'open', linux: process.env.DISPLAY && which('xdg-open') }[process.platform];
  if (opener)
    spawn(opener, [address], { stdio: 'ignore', detached: true })
      .on('error', () => {})
      .unref();
  const asked = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve('asked'));
  });
  const why = await Promise.race([asked, server.exit]);
  await server.stop();
  if (why !== 'asked')
    throw new Problem('the VS Code workbench ended by itself; .workbench/runs/start/server.log says why');
}

async function start({ open }) {
  await setup();
  if (existsSync(samples)) {
    const pictures = readdirSync(samples).filter((file) => isPicture.test(file));
    printTable(classify(pictures.map((file) => `samples/${file}`)));
  }
  if (!open) return;
  const code = desktopVSCode();
  await (code ? openDesktop(code) : openWorkbench());
}

if (isMain(import.meta)) void main(() => start({ open: !process.argv.includes('--no-open') }));
