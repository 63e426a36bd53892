/** Downloads against a server of our own that speaks the hub's endpoints, over real sockets, and misbehaves on request. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { ModelError, type ModelErrorCode } from '../../extension/errors/modelError';
import { downloadModel, type Progress } from '../../extension/models/hub/client';
import { cachedSnapshot } from '../../extension/models/hub/cache';
import { hubSettings, type HubSettings } from '../../extension/models/hub/settings';
import { openModel } from '../../extension/models/open';
import { assertRunnable } from '../../extension/models/runnable';
import { listModels } from '../../extension/models/registry';

const ROOT = resolve(import.meta.dirname, '../..');
const CASE = join(ROOT, 'test/golden/cases/timm-wide');
const COMMIT = 'a'.repeat(40);
const ID = 'org/model';
const WEIGHTS = readFileSync(join(CASE, 'model.safetensors'));
const CONFIG = readFileSync(join(CASE, 'config.json'));

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const gitSha1 = (content: Buffer) =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/** The repository as the server has it, and how it is to misbehave. */
interface Hub {
  files: Map<string, Buffer>;
  /** Cut the connection after so many bytes of the weights' body, once for each entry. */
  cuts: number[];
  /** Send this instead of the weights. */
  forged: Buffer | null;
  ranges: boolean;
  /** Bytes, then a pause without end: for cancelling. */
  stallAfter: number | null;
  /** Send weights in pieces with a pause after each, so that downloads at the same time overlap. */
  slow: boolean;
  /** Everything asked for at such a path is answered without end, as JSON. */
  vast: { path: string; status: number } | null;
  /** Instead of the list of files. */
  list: unknown;
  /** Files lie there instead: another origin, which must not see the token. */
  elsewhere: string | null;
  private: boolean;
  gated: boolean;
  id: string;
  /** method path range of what was asked for. */
  log: string[];
}

let hub: Hub;
let endpoint = '';
let server: Server;
const folder = mkdtempSync(join(tmpdir(), 'vit-hub-'));
before(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

let settings: HubSettings;
beforeEach(() => {
  hub = {
    files: new Map([['config.json', CONFIG], ['model.safetensors', WEIGHTS], ['README.md', Buffer.from('# A model')], ['sub/other.safetensors', Buffer.from('x')]]),
    cuts: [], forged: null, ranges: true, stallAfter: null, slow: false, vast: null, list: null, elsewhere: null, private: false, gated: false, id: ID, log: [],
  }; // prettier-ignore
  settings = { endpoint, cacheDir: mkdtempSync(join(folder, 'cache-')), token: undefined, offline: false };
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', endpoint);
  hub.log.push(`${request.method} ${url.pathname} ${request.headers.range ?? ''}`.trim());
  const json = (status: number, value: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (hub.vast && url.pathname.includes(hub.vast.path)) return pour(response, hub.vast.status);
  if (hub.private && request.headers.authorization !== 'Bearer hf_right')
    return void json(401, { error: 'Invalid username or password.' });
  if (url.pathname.startsWith(`/api/models/${hub.id}/revision/`)) {
    return void json(200, {
      _id: '1',
      id: ID,
      sha: COMMIT,
      private: hub.private,
      gated: false,
      likes: 0,
      downloads: 0,
      lastModified: '2026-01-01T00:00:00.000Z',
    });
  }
  if (hub.list !== null && url.pathname.includes('/tree/')) return void json(200, hub.list);
  if (url.pathname === `/api/models/${hub.id}/tree/${COMMIT}`) {
    return void json(200, [...hub.files].map(([path, content]) => ({
      type: 'file', path, size: content.length, oid: gitSha1(content),
      ...(path.endsWith('.safetensors') ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } } : {}),
    }))); // prettier-ignore
  }
  const path = url.pathname.replace(`/${hub.id}/resolve/${COMMIT}/`, '');
  const content = hub.files.get(path);
  if (!content) return void json(404, { error: 'Repository not found' });
  if (hub.elsewhere) return void response.writeHead(302, { location: `${hub.elsewhere}/${path}` }).end();
  if (hub.gated) return void json(403, { error: 'Access to model is restricted' });
  send(request, response, path, content);
}

function send(request: IncomingMessage, response: ServerResponse, path: string, original: Buffer): void {
  const weights = path === 'model.safetensors';
  const content = weights && hub.forged ? hub.forged : original;
  const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
  const probe = to === '0';
  const partial = request.headers.range !== undefined && (hub.ranges || probe);
  const body = partial ? content.subarray(Number(from), to === '' ? undefined : Number(to) + 1) : content;
  response.writeHead(partial ? 206 : 200, {
    'content-length': body.length,
    etag: `"${sha256(original)}"`,
    ...(partial ? { 'content-range': `bytes ${from}-${Number(from) + body.length - 1}/${content.length}` } : {}),
  });
  if (!weights || probe) return void response.end(body);
  const cut = hub.cuts.shift();
  if (cut !== undefined)
    return void response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  if (hub.slow) return void drip(response, body);
  if (hub.stallAfter !== null) return void response.write(body.subarray(0, hub.stallAfter));
  response.end(body);
}

/** Spaces without end, as JSON. */
function pour(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  const spaces = Buffer.alloc(2 ** 20, ' ');
  const more = (): void => {
    while (!response.destroyed) if (!response.write(spaces)) return void response.once('drain', more);
  };
  more();
}

async function drip(response: ServerResponse, body: Buffer): Promise<void> {
  for (let at = 0; at < body.length; at += 64 * 1024) {
    response.write(body.subarray(at, at + 64 * 1024));
    await new Promise((resume) => setTimeout(resume, 5));
  }
  response.end();
}

/** Another process that downloads; what it says. */
function otherDownload(): Promise<string> {
  const script = `import { downloadModel } from ${JSON.stringify(join(ROOT, 'extension/models/hub/client.ts'))};
    void downloadModel('${ID}', { settings: ${JSON.stringify(settings)} })
      .then((snapshot) => console.log(snapshot), (error) => console.log('refused: ' + error.message));`;
  const file = join(mkdtempSync(join(folder, 'script-')), 'download.ts');
  writeFileSync(file, script);
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => child.on('close', () => resolve(said.trim())));
}

async function refuses(work: Promise<unknown>, code: ModelErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.match(error.message, reason);
    assert.equal(error.code, code, error.message);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

const blobs = () => join(settings.cacheDir, 'models--org--model/blobs');
const nothingToLoad = async () =>
  assert.equal(await cachedSnapshot(settings.cacheDir, ID), null, 'nothing half-written can be loaded');
const download = (options: Parameters<typeof downloadModel>[1] = {}) => downloadModel(ID, { settings, ...options });

test('fresh: the standard cache layout, progress in bytes, a model that opens by its id', async () => {
  const progress: Progress[] = [];
  const snapshot = await download({ onProgress: (step) => progress.push(step) });
  assert.equal(snapshot, join(settings.cacheDir, 'models--org--model/snapshots', COMMIT));
  assert.deepEqual(readdirSync(snapshot).sort(), ['config.json', 'model.safetensors']);
  assert.deepEqual(readdirSync(blobs()).sort(), [gitSha1(CONFIG), sha256(WEIGHTS)].sort());
  assert.equal(readFileSync(join(settings.cacheDir, 'models--org--model/refs/main'), 'utf8'), COMMIT);
  if (process.platform !== 'win32') assert.ok(lstatSync(join(snapshot, 'model.safetensors')).isSymbolicLink());
  const total = CONFIG.length + WEIGHTS.length;
  assert.deepEqual(progress.at(-1), { file: 'model.safetensors', received: total, total });
  assert.ok(
    progress.every(({ received }, i) => received >= (progress[i - 1]?.received ?? 0)),
    'never goes back',
  );
  const model = await openModel(ID, { root: ROOT, resolveId: (id) => cachedSnapshot(settings.cacheDir, id) });
  assertRunnable(model);
  assert.equal(model.name, ID);
  assert.equal(model.path, snapshot);
});

test('again: nothing is fetched a second time', async () => {
  await download();
  hub.log = [];
  await download();
  assert.ok(
    hub.log.every((line) => line.includes('/api/')),
    hub.log.join('; '),
  );
});

test('cut: nothing can be loaded; the next try goes on from the byte it stopped at', async () => {
  const half = Math.floor(WEIGHTS.length / 2);
  hub.cuts = [half];
  await refuses(
    download(),
    'network',
    new RegExp(
      `model\\.safetensors broke off after ${half.toLocaleString('en-US')} bytes of ${WEIGHTS.length.toLocaleString('en-US')}`,
    ),
  );
  await nothingToLoad();
  hub.log = [];
  const first: number[] = [];
  const snapshot = await download({ onProgress: ({ received }) => first.push(received) });
  assert.ok(hub.log.includes(`GET /${ID}/resolve/${COMMIT}/model.safetensors bytes=${half}-`), hub.log.join('; '));
  assert.ok(first.includes(CONFIG.length + half), 'progress starts at what is there');
  assert.deepEqual(readFileSync(join(snapshot, 'model.safetensors')), WEIGHTS);
  assert.ok(readdirSync(blobs()).every((name) => !name.endsWith('.incomplete')));
});

test('cut several times, each try goes on', async () => {
  hub.cuts = [1000, 1000];
  await refuses(download(), 'network', /after 1,000 bytes/);
  await refuses(download(), 'network', /after 2,000 bytes/);
  assert.deepEqual(readFileSync(join(await download(), 'model.safetensors')), WEIGHTS);
});

test('a server without ranges starts again, and the file is right', async () => {
  hub.cuts = [5000];
  hub.ranges = false;
  await refuses(download(), 'network', /broke off/);
  assert.deepEqual(readFileSync(join(await download(), 'model.safetensors')), WEIGHTS);
});

test('wrong checksum: discarded, said, and the next try is a fresh one', async () => {
  hub.forged = Buffer.from(WEIGHTS);
  hub.forged[WEIGHTS.length - 3] = (hub.forged[WEIGHTS.length - 3] ?? 0) ^ 1;
  await refuses(download(), 'corrupt', /model\.safetensors arrived damaged \(checksum .* and was discarded/);
  await nothingToLoad();
  assert.deepEqual(readdirSync(blobs()), [gitSha1(CONFIG)]);
  hub.forged = null;
  assert.deepEqual(readFileSync(join(await download(), 'model.safetensors')), WEIGHTS);
});

test('a damaged beginning from an earlier try is found out by the checksum', async () => {
  hub.cuts = [2000];
  await refuses(download(), 'network', /broke off/);
  const incomplete = join(blobs(), `${sha256(WEIGHTS)}.incomplete`);
  assert.ok(existsSync(incomplete));
  writeFileSync(incomplete, Buffer.alloc(2000, 7));
  await refuses(download(), 'corrupt', /arrived damaged/);
  assert.deepEqual(readFileSync(join(await download(), 'model.safetensors')), WEIGHTS);
});

test('cancelled: at once, with a sentence, and resumed later', async () => {
  hub.stallAfter = 3000;
  const abort = new AbortController();
  const work = download({
    signal: abort.signal,
    onProgress: ({ received }) => received >= CONFIG.length + 3000 && abort.abort(),
  });
  await refuses(work, 'cancelled', /The download of org\/model was cancelled; what arrived is kept/);
  await nothingToLoad();
  hub.stallAfter = null;
  hub.log = [];
  await download();
  assert.ok(
    hub.log.some((line) => line.endsWith('bytes=3000-')),
    hub.log.join('; '),
  );
});

for (const processes of [2, 5]) {
  test(`${processes} processes that download one model at once all have it, and it is right`, async () => {
    const weights = randomBytes(6_000_000);
    hub.files.set('model.safetensors', weights);
    hub.slow = true;
    const said = await Promise.all(Array.from({ length: processes }, otherDownload));
    const snapshot = join(settings.cacheDir, 'models--org--model/snapshots', COMMIT);
    assert.deepEqual(said, Array(processes).fill(snapshot));
    assert.deepEqual(readFileSync(join(snapshot, 'model.safetensors')), weights);
    assert.deepEqual(readFileSync(join(snapshot, 'config.json')), CONFIG);
    assert.deepEqual(readdirSync(blobs()).sort(), [gitSha1(CONFIG), sha256(weights)].sort(), 'no part stays');
    assert.deepEqual(readdirSync(snapshot).sort(), ['config.json', 'model.safetensors']);
  });
}

test('what a process that was killed had received is gone on with', async () => {
  hub.stallAfter = 3000;
  const script = join(folder, 'killed.ts');
  writeFileSync(
    script,
    `import { downloadModel } from ${JSON.stringify(join(ROOT, 'extension/models/hub/client.ts'))};
     void downloadModel('${ID}', { settings: ${JSON.stringify(settings)},
       onProgress: ({ received }) => { if (received >= ${CONFIG.length + 3000}) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50); } });`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', script], { cwd: ROOT, stdio: 'ignore' });
  await new Promise((resolve) => child.on('close', resolve));
  hub.stallAfter = null;
  hub.log = [];
  assert.deepEqual(readFileSync(join(await download(), 'model.safetensors')), WEIGHTS);
  assert.ok(
    hub.log.some((line) => line.endsWith('bytes=3000-')),
    hub.log.join('; '),
  );
});

test('a damaged blob of the right size is found, and fetched again', async () => {
  const snapshot = await download();
  const damaged = Buffer.from(WEIGHTS);
  damaged[WEIGHTS.length - 1]! ^= 1;
  writeFileSync(join(blobs(), sha256(WEIGHTS)), damaged);
  assert.deepEqual(readFileSync(join(snapshot, 'model.safetensors')), damaged);
  await download();
  assert.deepEqual(readFileSync(join(snapshot, 'model.safetensors')), WEIGHTS);
});

test('the token goes to the hub and to no other origin, the same host on another port among them', async () => {
  const seen: (string | undefined)[] = [];
  const storage = createServer((request, response) => {
    seen.push(request.headers.authorization);
    send(
      request,
      response,
      (request.url ?? '').slice(1),
      hub.files.get((request.url ?? '').slice(1)) ?? Buffer.alloc(0),
    );
  });
  await new Promise<void>((ready) => storage.listen(0, '127.0.0.1', ready));
  try {
    hub.private = true;
    settings.token = 'hf_right';
    hub.elsewhere = `http://127.0.0.1:${(storage.address() as AddressInfo).port}`;
    assert.deepEqual(readFileSync(join(await download(), 'model.safetensors')), WEIGHTS);
    assert.ok(seen.length >= 2);
    assert.ok(
      seen.every((header) => header === undefined),
      String(seen),
    );
  } finally {
    storage.closeAllConnections();
    storage.close();
  }
});

test('a cache that cannot be written is no trouble of the network', async () => {
  writeFileSync(join(folder, 'file'), '');
  for (const cacheDir of [join(folder, 'file', 'hub'), ...(process.platform === 'linux' ? ['/proc/hub'] : [])]) {
    settings.cacheDir = cacheDir;
    await refuses(download(), 'unreadable', /^org\/model is not downloaded: .*hub.* cannot be written: [^A-Z]+$/);
  }
});

test('private: without a token, with a wrong one, with the right one', async () => {
  hub.private = true;
  await refuses(
    download(),
    'forbidden',
    /org\/model does not exist on 127\.0\.0\.1:\d+, or it is private: set HF_TOKEN/,
  );
  settings.token = 'hf_wrong';
  await refuses(download(), 'forbidden', /the token in use may not read it/);
  settings.token = 'nonsense';
  await refuses(download(), 'forbidden', /tokens begin with hf_/);
  settings.token = 'hf_right';
  assert.ok(existsSync(join(await download(), 'model.safetensors')));
});

test('gated, missing, offline, no network', async () => {
  hub.gated = true;
  await refuses(download(), 'forbidden', /org\/model is gated: accept its terms/);
  await nothingToLoad();
  await refuses(downloadModel('org/other', { settings }), 'missing', /org\/other does not exist on/);
  await refuses(downloadModel('../../etc', { settings }), 'config', /is not a model's id/);
  await refuses(downloadModel(ID, { settings: { ...settings, offline: true } }), 'network', /HF_HUB_OFFLINE is set/);
  // Port 9 (discard) has no one listening.
  const nowhere = { ...settings, endpoint: 'http://127.0.0.1:9' };
  await refuses(downloadModel(ID, { settings: nowhere }), 'network', /127\.0\.0\.1:9 cannot be reached.*HF_ENDPOINT/);
});

test('what there is to choose: pickles only, nothing, shards, a single file of another name', async () => {
  hub.files = new Map([
    ['config.json', CONFIG],
    ['pytorch_model.bin', Buffer.from('PK')],
  ]);
  await refuses(download(), 'unsafe', /only a pickle \(pytorch_model\.bin\)/);
  hub.files = new Map([['config.json', CONFIG]]);
  await refuses(download(), 'missing', /no weights in \.safetensors or \.onnx/);
  hub.files = new Map([
    ['config.json', CONFIG],
    ['my.safetensors', WEIGHTS],
    ['../evil.safetensors', WEIGHTS],
  ]);
  assert.deepEqual(readdirSync(await download()).sort(), ['config.json', 'my.safetensors']);
  const map = { weight_map: { a: 'model-00001-of-00001.safetensors' } };
  hub.files = new Map([
    ['model.safetensors.index.json', Buffer.from(JSON.stringify(map))],
    ['model-00001-of-00001.safetensors', WEIGHTS],
    ['fp16.safetensors', WEIGHTS],
  ]);
  settings.cacheDir = mkdtempSync(join(folder, 'cache-'));
  assert.deepEqual(readdirSync(await download()).sort(), [
    'model-00001-of-00001.safetensors',
    'model.safetensors.index.json',
  ]);
});

test('the registry lists the embedded model, cached ViTs and the workspace, not other people’s models', async () => {
  await download();
  const llama = join(settings.cacheDir, 'models--org--llama');
  mkdirSync(join(llama, 'snapshots', COMMIT), { recursive: true });
  mkdirSync(join(llama, 'refs'));
  writeFileSync(join(llama, 'refs/main'), COMMIT);
  writeFileSync(join(llama, 'snapshots', COMMIT, 'config.json'), JSON.stringify({ model_type: 'llama' }));
  writeFileSync(join(llama, 'snapshots', COMMIT, 'model.safetensors'), '');
  const models = await listModels({ root: ROOT, cacheDir: settings.cacheDir, workspace: [CASE] });
  assert.deepEqual(
    models.map(({ id, kind, family }) => [id, kind, family]),
    [
      ['embedded', 'embedded', 'timm'],
      [ID, 'cached', 'timm'],
      [CASE, 'workspace', 'timm'],
    ],
  );
});

test('the environment of Hugging Face’s tools is honoured', async () => {
  const home = mkdtempSync(join(folder, 'home-'));
  writeFileSync(join(home, 'token'), 'hf_stored\n');
  assert.deepEqual(await hubSettings({ HF_HOME: home }), {
    endpoint: 'https://huggingface.co',
    cacheDir: join(home, 'hub'),
    token: 'hf_stored',
    offline: false,
  });
  const all = await hubSettings({
    HF_HOME: home,
    HF_HUB_CACHE: '/elsewhere',
    HF_ENDPOINT: 'https://mirror.example/',
    HF_TOKEN: 'hf_env',
    HF_HUB_OFFLINE: '1',
  });
  assert.deepEqual(all, { endpoint: 'https://mirror.example', cacheDir: '/elsewhere', token: 'hf_env', offline: true });
});

test('an answer without end is read up to a limit, whatever it was an answer to', async () => {
  for (const vast of [
    { path: '/revision/', status: 200 },
    { path: '/tree/', status: 200 },
    { path: '/tree/', status: 500 },
    { path: '/resolve/', status: 404 },
  ]) {
    hub.vast = vast;
    const before = process.memoryUsage.rss();
    await refuses(download(), 'network', /^127\.0\.0\.1:\d+ answered with more than 64 MiB and was not read on\.$/);
    assert.ok(process.memoryUsage.rss() - before < 2 ** 30, 'it is not kept');
    await nothingToLoad();
  }
});

test('a list that makes no sense is not taken for a network that is down', async () => {
  for (const list of [[null], {}, [{ type: 'file' }]]) {
    hub.list = list;
    await refuses(
      download(),
      'network',
      /^127\.0\.0\.1:\d+ gave an answer that is none of a hub; set HF_ENDPOINT to one\.$/,
    );
  }
  for (const size of [-5, 1e300, null, '8']) {
    hub.list = [{ type: 'file', path: 'model.safetensors', size, oid: 'a'.repeat(40) }];
    await refuses(download(), 'network', /^The hub gave no size for model\.safetensors\.$/);
  }
  await nothingToLoad();
});

test('an endpoint that is no address is said, whatever it is', async () => {
  for (const wrong of [
    'nonsense',
    'http://[::1',
    'http://127.0.0.1:99999',
    'ftp://hub.example',
    'file:///etc',
    'javascript:1',
  ])
    await refuses(
      download({ settings: { ...settings, endpoint: wrong } }),
      'network',
      /^HF_ENDPOINT is \S+, which is no address of a hub/,
    );
});
