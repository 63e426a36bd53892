/** The packaged extension: what is in it, that it runs from its own folder, and whose licences it carries. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { unzipSync } from 'fflate';
import { unportable } from '../../scripts/lib/portable.mjs';
import { packageExtension } from '../../scripts/package.mjs';
import { makeTarball } from '../../scripts/tarball.mjs';
import { root } from './support';

/** Every file of the package matches one of these, and each of these matches a file. */
const contents = [
  'package.json',
  'package.nls{,.zh-cn}.json',
  'l10n/bundle.l10n{,.zh-cn}.json',
  ...['readme.md', 'changelog.md', 'LICENSE.txt', 'ThirdPartyNotices.txt', 'bom.cdx.json', 'ARCHITECTURE.md'],
  'dist/{cli,decoder,engine,extension,later,mcp,program,results,session}.js',
  'dist/vit.schema.zh-cn.json',
  'dist/webview/notebook.js',
  'dist/webview/{main.js,main.css,results.js,results.css,checkpoint.js,checkpoint.css,array.js,array.css,codicon.css,codicon.ttf}',
  'build/Release/vit_inspector.node',
  'native/binding.d.ts',
  'native/src/**/*.{cc,h}',
  'extension/models/vit.schema.json',
  'media/{icon.png,icon.svg,tab-dark.svg,tab-light.svg}',
  'media/walkthrough/*.{md,webp}',
  'models/labels/{imagenet.tsv.gz,README.md}',
  'models/vit-cifar10/{config.json,model.safetensors,README.md}',
  'samples/*.{png,jpg,webp,vit.json}',
  `node_modules/@img/sharp-${process.platform}-${process.arch}/**/*`,
  `node_modules/@img/sharp-libvips-${process.platform}-${process.arch}/**/*`,
  'node_modules/onnxruntime-{common,node}/package.json',
  'node_modules/onnxruntime-common/dist/cjs/**/*.{js,json}',
  'node_modules/onnxruntime-node/dist/*.js',
  `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/*`,
];

/** `*` within a folder, `**` through folders, `{a,b}` either. */
function pattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\{([^}]*)\}/g, (_, all: string) => `(?:${all.replaceAll(',', '|')})`)
    .replace(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${source}$`);
}

let folder: string;
let files: string[];
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-package-'));
  const vsix = path.join(folder, 'x.vsix');
  await packageExtension(vsix);
  files = [];
  for (const [entry, bytes] of Object.entries(unzipSync(readFileSync(vsix)))) {
    if (!entry.startsWith('extension/') || entry.endsWith('/')) continue;
    const file = entry.slice('extension/'.length);
    files.push(file);
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), bytes);
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the package holds what is listed, and nothing else', () => {
  const patterns = contents.map(pattern);
  assert.deepEqual(
    files.filter((file) => !patterns.some((one) => one.test(file))),
    [],
    'not in the list',
  );
  assert.deepEqual(
    contents.filter((_, i) => !files.some((file) => patterns[i]!.test(file))),
    [],
    'not in the package',
  );
});

test('on Linux: the addon loads where glibc is 2.28, needs no C++ library, and names no folder of this machine', async (t) => {
  if (process.platform !== 'linux') return t.skip('the package is not for Linux');
  assert.deepEqual(await unportable(path.join(folder, 'build/Release/vit_inspector.node')), []);
});

test('on Linux: a library that needs a C++ library of the system is seen', async (t) => {
  if (process.platform !== 'linux') return t.skip('the package is not for Linux');
  const sharp = files.find((file) => /\/sharp-[^/]*\.node$/.test(file))!;
  assert.match((await unportable(path.join(folder, sharp))).join(), /it asks for \S+ of GLIBCXX/);
});

test('every C++ source is in it: "how it is computed" may open any', () => {
  const sources = readdirSync(path.join(root, 'native/src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(cc|h)$/.test(file))
    .map((file) => `native/src/${file.replaceAll(path.sep, '/')}`);
  assert.ok(sources.length > 50);
  for (const source of sources) assert.ok(files.includes(source), source);
});

for (const model of ['embedded', 'samples/mountain-dusk.vit.json', 'samples/tokens-to-token.vit.json']) {
  test(`${model}: it runs from its own folder, and each step's line is in the package`, () => {
    const printed = execFileSync(
      process.execPath,
      [path.join(folder, 'dist/cli.js'), 'describe', '--steps', '--json', '--model', model],
      { cwd: folder, encoding: 'utf8' },
    );
    const { steps } = JSON.parse(printed) as { steps: { name: string; source: { file: string; line: number } }[] };
    assert.ok(steps.length > 20);
    for (const { name, source } of steps) {
      assert.ok(files.includes(source.file), `${name}: ${source.file}`);
      assert.match(read(source.file).split('\n')[source.line - 1] ?? '', /VIT_STEP\(/, `${name}: ${source.line}`);
    }
  });
}

test('every package and every native library is among the notices, with a licence', () => {
  const notices = read('ThirdPartyNotices.txt');
  // a heading is one or more names between two lines; what follows it is theirs
  const [, ...parts] = notices.split(/^={80}\n((?:[^=\n].*\n)+)={80}\n\n/m);
  const titles = new Map(
    parts.flatMap((names, i) =>
      i % 2
        ? []
        : names
            .trim()
            .split('\n')
            .map((name) => [name, parts[i + 1]!] as const),
    ),
  );
  const named = (wanted: string) => [...titles].find(([title]) => title.replace(/ [\d.]+$/, '') === wanted)?.[1];
  const shipped = files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(file)?.[1] ?? []);
  const sharp = `@img/sharp-${process.platform}-${process.arch}`;
  assert.ok(shipped.includes(sharp) && shipped.includes('onnxruntime-node'));
  // the bundles say themselves what they were made of, where nothing was minified away: their imports, and what those import
  const bundled = [
    'sharp',
    '@huggingface/hub',
    'commander',
    'jsonc-parser',
    'pbf',
    'd3-scale-chromatic',
    'd3-color',
    'tslib',
  ];
  const panel = [
    '@vscode/webview-ui-toolkit',
    '@vscode/codicons',
    '@microsoft/fast-element',
    '@microsoft/fast-foundation',
  ];
  for (const name of [...shipped, ...bundled, ...panel, 'node-addon-api', 'OpenBLAS', 'libstdc++', 'DeiT']) {
    assert.match(named(name) ?? '', /permission|licen[cs]e/i, name);
    assert.ok((named(name) ?? '').length > 400, `${name}: the whole text`);
  }
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) assert.ok(named(name), `${name}, a dependency`);
  const libvips = `@img/sharp-libvips-${process.platform}-${process.arch}`;
  const versions = JSON.parse(read(`node_modules/${libvips}/versions.json`)) as Record<string, string>;
  for (const [library, version] of Object.entries(versions)) {
    assert.ok(named(libvips)!.includes(`\n${library} ${version}\n---`), `${library} in libvips`);
  }
  for (const whole of ['GNU LESSER GENERAL PUBLIC LICENSE', 'GNU GENERAL PUBLIC LICENSE', 'Mozilla Public License']) {
    assert.ok(notices.includes(whole), whole);
  }
  assert.match(named('onnxruntime-node')!, /protobuf[^]*Eigen|Eigen[^]*protobuf/i);
});

test('the command line as an npm package: installed without a network, it classifies with both engines', async () => {
  const archive = path.join(folder, 'x.tgz');
  await makeTarball(path.join(folder, 'x.vsix'), `${process.platform}-${process.arch}`, archive);
  const place = path.join(folder, 'installed');
  const npm = (...args: string[]) =>
    execFileSync(
      'npm',
      [...args, '--offline', '--no-audit', '--no-fund', '--cache', path.join(folder, 'empty'), '--prefix', place],
      {
        encoding: 'utf8',
      },
    );
  npm('install', archive);
  assert.ok(!readdirSync(path.join(place, 'node_modules/.bin')).includes('node'));
  for (const engine of ['native', 'onnx']) {
    const printed = execFileSync(
      path.join(place, 'node_modules/.bin/vit-inspector'),
      ['classify', path.join(root, 'samples/car.png'), '--engine', engine, '--json'],
      { cwd: place, encoding: 'utf8' },
    );
    assert.match(printed, /"automobile"/, engine);
  }
});

interface Component {
  type: string;
  name: string;
  group?: string;
  version?: string;
  purl?: string;
  licenses?: unknown[];
  hashes?: { alg: string; content: string }[];
  components?: Component[];
}

test('the bill of materials names the same packages and libraries, each npm package as the lockfile has it', () => {
  const bom = JSON.parse(read('bom.cdx.json')) as { bomFormat: string; components: Component[] };
  assert.equal(bom.bomFormat, 'CycloneDX');
  const notices = read('ThirdPartyNotices.txt');
  const lock = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  const packages = bom.components.filter(({ purl }) => purl !== undefined);
  assert.ok(packages.length > 50);
  for (const { name, group, version, purl, hashes, licenses } of packages) {
    const full = group ? `${group}/${name}` : name;
    assert.equal(purl, `pkg:npm/${full.replace('@', '%40')}@${version}`);
    assert.ok(notices.includes(`${full} ${version}\n`), `${full} is among the notices`);
    assert.ok(licenses?.length, `${full} has a licence`);
    assert.match(hashes?.[0]?.alg ?? '', /^SHA-\d+$/, full);
    assert.ok(
      lock.includes(Buffer.from(hashes![0]!.content, 'hex').toString('base64')),
      `${full}: the lockfile's hash`,
    );
  }
  const names = bom.components.map(({ name }) => name);
  for (const linked of ['OpenBLAS', 'libstdc++', 'onnxruntime-node', 'DeiT-Ti'])
    assert.ok(names.includes(linked), linked);
  const libvips = packages.find(({ name }) => name.startsWith('sharp-libvips-'));
  assert.ok(libvips?.components?.some(({ name, version }) => name === 'vips' && version !== undefined));
});
