// A real VS Code workbench without desktop VS Code: code-server from npm, on a Node of its own, in .workbench/.
// `npm start` shows it to a person, the end-to-end tests drive it with a browser.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fromRoot, Problem, retried, root, run, say, which } from './run.mjs';
import { installPackages } from './packages.mjs';

const home = fromRoot('.workbench');
const vscode = path.join(home, 'node_modules/code-server/lib/vscode');
const entry = path.join(home, 'node_modules/code-server/out/node/entry.js');
const recipe = fromRoot('scripts/workbench');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The Node that code-server wants comes as an npm package on Linux; elsewhere this one has to do. */
function serverNode() {
  const packaged = path.join(home, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  throw new Problem('Without desktop VS Code (`code` on the PATH) this needs Node.js 22 or newer on this platform');
}

/** VS Code's server has dependencies of its own. Left out: its AI parts, 200 MB that nothing here uses. */
async function installServerParts() {
  const manifest = path.join(vscode, 'package.json');
  const contents = JSON.parse(readFileSync(manifest, 'utf8'));
  contents.dependencies = Object.fromEntries(
    Object.entries(contents.dependencies).filter(([name]) => !/^@github\/|^@microsoft\/mxc-sdk$/.test(name)),
  );
  writeFileSync(manifest, JSON.stringify(contents, null, 2));
  rmSync(path.join(vscode, 'extensions/copilot'), { recursive: true, force: true });
  await retried('npm install', 3, () =>
    run('npm', ['install', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: vscode,
    }),
  );
}

/**
 * What VS Code writes logs with, from its sources: an output channel is shown from its log file, and stays empty without this addon. Its
 * own install script would download Node's headers.
 */
async function buildLogger() {
  const logger = path.join(vscode, 'node_modules/@vscode/spdlog');
  const addon = path.join(logger, 'build/Release/spdlog.node');
  if (existsSync(addon)) return;
  say("building VS Code's logger");
  mkdirSync(path.dirname(addon), { recursive: true });
  const include = [
    fromRoot('node_modules/node-api-headers/include'),
    ...['node_modules/node-addon-api', 'deps/spdlog/include'].map((folder) => path.join(logger, folder)),
  ];
  const unfinished = `${addon}.${process.pid}`;
  await run(which('c++', 'g++', 'clang++') ?? 'c++', [
    ...['-std=c++17', '-shared', '-fPIC', '-DNAPI_CPP_EXCEPTIONS', '-DFMT_CONSTEVAL='],
    ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
    ...include.map((folder) => `-I${folder}`),
    ...['main.cc', 'logger.cc'].map((file) => path.join(logger, 'src', file)),
    ...['-o', unfinished],
  ]);
  renameSync(unfinished, addon);
}

/** Installs the workbench unless what is there is what scripts/workbench/ says. About a minute the first time. */
export async function installWorkbench() {
  if (process.platform === 'win32') {
    throw new Problem(
      'Install VS Code and make sure `code` is on the PATH; the workbench from npm does not run on Windows',
    );
  }
  const wanted = readFileSync(path.join(recipe, 'package-lock.json'), 'utf8');
  const stamp = path.join(home, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return buildLogger();
  say('installing the VS Code workbench into .workbench/');
  rmSync(path.join(home, 'node_modules'), { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(path.join(recipe, file), path.join(home, file));
  // no install scripts: they would download, and compile parts that VS Code runs well without
  await installPackages(home, ['--ignore-scripts']);
  await installServerParts();
  await buildLogger();
  writeFileSync(stamp, wanted);
}

/** A fresh folder for one run of the workbench: user data, extensions, and nothing left from another run. */
export function prepareRun(name, settings = {}) {
  const folder = path.join(home, 'runs', name);
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['user-data/User', 'extensions']) mkdirSync(path.join(folder, part), { recursive: true });
  writeFileSync(path.join(folder, 'config.yaml'), ''); // else code-server writes one into ~/.config
  const base = JSON.parse(readFileSync(path.join(recipe, 'settings.json'), 'utf8'));
  writeFileSync(path.join(folder, 'user-data/User/settings.json'), JSON.stringify({ ...base, ...settings }, null, 2));
  return folder;
}

/** Makes the working tree itself the installed extension. Only seen in a folder that has no extensions.json yet. */
export function linkExtension(runFolder) {
  symlinkSync(root, path.join(runFolder, 'extensions/vit-inspector.vit-inspector'), 'junction');
}

const commandLine = (runFolder) => [
  entry,
  ...['--config', path.join(runFolder, 'config.yaml')],
  ...['--user-data-dir', path.join(runFolder, 'user-data')],
  ...['--extensions-dir', path.join(runFolder, 'extensions')],
];

/** VSCODE_* of a VS Code terminal and node:test's own variables would confuse the server and everything below it. */
function environment(runFolder, extra) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|NODE_TEST_CONTEXT|NODE_OPTIONS)/.test(name),
  );
  const xdg = path.join(runFolder, 'xdg');
  return { ...Object.fromEntries(inherited), XDG_DATA_HOME: xdg, XDG_CONFIG_HOME: xdg, XDG_CACHE_HOME: xdg, ...extra };
}

/** Installs a packaged extension, as a user would; resolves to what code-server printed. */
export function installVsix(runFolder, vsix) {
  return new Promise((resolve, reject) => {
    const child = spawn(serverNode(), [...commandLine(runFolder), '--install-extension', vsix], {
      env: environment(runFolder, {}),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Problem(`installing ${vsix} failed:\n${output}`)),
    );
  });
}

/** The wanted port of 127.0.0.1 when it is free, else any free one. */
async function freePort(wanted) {
  for (const port of [wanted, 0]) {
    const server = net.createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(null));
      server.listen(port, '127.0.0.1', () => resolve(server.address().port));
    });
    if (free === null) continue;
    await new Promise((resolve) => server.close(resolve));
    return free;
  }
  throw new Problem('no port of 127.0.0.1 can be opened');
}

async function startOnce(runFolder, { port: wantedPort = 0, env = {}, trust = false, language = 'en' }) {
  const port = await freePort(wantedPort);
  const log = path.join(runFolder, 'server.log');
  const output = openSync(log, 'a');
  // VS Code keeps sockets in TMPDIR, and a socket's path may have 108 characters at most
  const tmp = mkdtempSync(path.join(os.tmpdir(), 'wb-'));
  const unwanted = ['telemetry', 'update-check', 'getting-started-override', ...(trust ? [] : ['workspace-trust'])];
  const flags = unwanted.map((what) => `--disable-${what}`);
  const args = [
    ...commandLine(runFolder),
    '--auth',
    'none',
    '--bind-addr',
    `127.0.0.1:${port}`,
    ...flags,
    '--locale',
    language,
  ];
  const child = spawn(serverNode(), args, {
    stdio: ['ignore', output, output],
    detached: true, // its own process group, so that server, extension host and terminals can be ended together
    env: environment(runFolder, { TMPDIR: tmp, ...env }),
  });
  const signal = (name) => {
    if (!(child.pid > 1)) return; // it could not be started
    try {
      process.kill(-child.pid, name);
    } catch {} // has ended already
  };
  const onExit = () => signal('SIGKILL'); // when this process breaks off
  process.once('exit', onExit);
  let ended = false;
  const exit = new Promise((resolve) => child.on('exit', resolve)).then(() => (ended = true));
  const stop = async () => {
    signal('SIGTERM');
    await Promise.race([exit, sleep(5000)]);
    signal('SIGKILL'); // the extension host outlives its parent by seconds otherwise
    process.off('exit', onExit);
    rmSync(tmp, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const answers = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  for (const end = Date.now() + 60_000; !(await answers()); await sleep(50)) {
    if (!ended && Date.now() < end) continue;
    await stop();
    throw new Problem(`the VS Code workbench did not start; ${path.relative(root, log)} says why`);
  }
  return { url, pid: child.pid, exit, stop };
}

/**
 * Starts the workbench's server; resolves to { url, pid, exit, stop } when it answers.
 * `language`: of the workbench, where a language pack for it is installed.
 * `trust`: folders are opened in Restricted Mode until somebody trusts them. Otherwise all are trusted.
 * code-server gives up when its own child needs more than 10 s, which a busy machine can bring about: tried again.
 */
export const startWorkbench = (runFolder, options = {}) =>
  retried('starting the workbench', 3, () => startOnce(runFolder, options));

/** The address that shows a folder (absolute path). */
export const folderAddress = (url, folder) => `${url}/?folder=${encodeURIComponent(folder)}`;
