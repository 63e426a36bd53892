// Bundles the extension's parts with esbuild: node scripts/build.mjs [--watch] [--minify]
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fromRoot, isMain, main, Problem, root, say } from './lib/run.mjs';
import { writeSchemas } from './schema.mjs';

/** Native code stays outside the bundles: it is loaded from node_modules and build/Release, never in the extension host. */
const nativeParts = ['onnxruntime-node', '@img/sharp-*', '*.node'];

const node = {
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // jsonc-parser's "main" is UMD, which cannot be bundled; its "module" can
  mainFields: ['module', 'main'],
  // sources run as modules too (tests, through tsx), where import.meta.url is how a file finds itself
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
};

/**
 * VS Code's API, required once and used as it is. Otherwise each of some forty files requires it, which VS Code answers by looking up whose file
 * asks, and copies its three hundred names, as esbuild does for `import *` of CommonJS: half of the time that activation takes.
 */
const apiOnce = {
  name: 'vscode once',
  setup(current) {
    current.onResolve({ filter: /^vscode$/ }, ({ namespace }) =>
      namespace === 'vscode' ? { path: 'vscode', external: true } : { path: 'vscode', namespace: 'vscode' },
    );
    current.onLoad({ filter: /./, namespace: 'vscode' }, () => ({ contents: "module.exports = require('vscode');" }));
    current.onLoad({ filter: /[\\/]extension[\\/].*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replace(
        /^import \* as vscode from 'vscode';$/m,
        "const vscode = require('vscode');",
      ),
    }));
  },
};

/**
 * What sharp loads and seldom uses: colours by name, whose conversions are worked out while it loads, and all of semver, of which it takes one
 * function to load and others to be built. They are a seventh of what the decoder does before it takes pictures.
 */
const seldomUsed = {
  '@img/colour': "module.exports = (value) => require('@img/colour')(value);",
  semver: `module.exports = {
    coerce: (...of) => require('semver/functions/coerce')(...of),
    satisfies: (...of) => require('semver/functions/satisfies')(...of),
    gte: (...of) => require('semver/functions/gte')(...of),
  };`,
};

const atFirstUse = {
  name: 'at first use',
  setup(current) {
    const namespace = 'at first use';
    current.onResolve({ filter: /^(@img\/colour|semver)$/ }, ({ path, namespace: from, resolveDir }) =>
      from === namespace ? undefined : { path, namespace, pluginData: resolveDir },
    );
    current.onLoad({ filter: /./, namespace }, ({ path, pluginData: resolveDir }) => ({
      contents: seldomUsed[path],
      resolveDir,
    }));
  },
};

/**
 * Every bundle: what it is made of and where it goes. `cli` and `engine` are small: each starts the process that the next one waits for,
 * and then loads the rest of its own (`program`, `session`), which takes about as long.
 */
export const bundles = [
  { ...node, entryPoints: { extension: 'extension/extension.ts' }, outdir: 'dist', plugins: [apiOnce] },
  { ...node, entryPoints: { later: 'extension/panel/laterParts.ts' }, outdir: 'dist' },
  { ...node, entryPoints: { engine: 'extension/engine/process/start.ts' }, outdir: 'dist' },
  { ...node, entryPoints: { session: 'extension/engine/process/main.ts' }, outdir: 'dist', external: nativeParts },
  {
    ...node,
    entryPoints: { results: 'extension/engine/process/resultsMain.ts' },
    outdir: 'dist',
    external: nativeParts,
  },
  {
    ...node,
    entryPoints: { decoder: 'extension/engine/decoder/main.ts' },
    outdir: 'dist',
    external: nativeParts,
    // the first picture waits for this process: sharp's JavaScript, a hundred small files with what it needs, is in the bundle
    supported: { 'dynamic-import': false },
    plugins: [atFirstUse],
  },
  { ...node, entryPoints: { cli: 'extension/cli.ts' }, outdir: 'dist' },
  { ...node, entryPoints: { program: 'extension/cliProgram.ts' }, outdir: 'dist', external: nativeParts },
  { ...node, entryPoints: { mcp: 'extension/cli/mcpServer.ts' }, outdir: 'dist', external: nativeParts },
  {
    platform: 'browser',
    format: 'iife',
    target: 'chrome128',
    entryPoints: {
      main: 'webview/main.ts',
      results: 'webview/results/main.ts',
      checkpoint: 'webview/checkpoint/main.ts',
      array: 'webview/array/main.ts',
    },
    outdir: 'dist/webview',
    loader: { '.ttf': 'file', '.svg': 'dataurl' },
  },
  // a renderer of notebooks is loaded as a module
  {
    platform: 'browser',
    format: 'esm',
    target: 'chrome128',
    entryPoints: { notebook: 'webview/notebook/main.ts' },
    outdir: 'dist/webview',
  },
];

/** Returns the copies, relative to the root. */
function copyCodicons() {
  mkdirSync(fromRoot('dist/webview'), { recursive: true });
  return ['codicon.css', 'codicon.ttf'].map((file) => {
    copyFileSync(fromRoot('node_modules/@vscode/codicons/dist', file), fromRoot('dist/webview', file));
    return `dist/webview/${file}`;
  });
}

export const options = (bundle, minify) => ({
  ...bundle,
  absWorkingDir: root,
  bundle: true,
  sourcemap: minify ? false : 'linked',
  minify,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  logOverride: { 'empty-import-meta': 'silent' },
});

/** Builds every bundle once; resolves to esbuild's metafiles. Rejects when one does not build; esbuild has printed why. */
export async function build({ minify = false } = {}) {
  const esbuild = await import('esbuild');
  const copies = copyCodicons();
  writeSchemas();
  const results = await Promise.allSettled(bundles.map((bundle) => esbuild.build(options(bundle, minify))));
  if (results.some(({ status }) => status === 'rejected')) throw new Problem('a bundle did not build');
  const metafiles = results.map(({ value }) => value.metafile);
  removeOthers('dist/webview', new Set([...copies, ...metafiles.flatMap(({ outputs }) => Object.keys(outputs))]));
  return metafiles;
}

/** What an older build left in a folder that is packaged whole. */
function removeOthers(folder, built) {
  for (const name of readdirSync(fromRoot(folder))) {
    const file = path.posix.join(folder, name);
    if (!built.has(file)) rmSync(fromRoot(file), { recursive: true });
  }
}

/** Rebuilds on every change until the process is ended. The lines are what .vscode/tasks.json waits for. */
async function watch() {
  const esbuild = await import('esbuild');
  copyCodicons();
  writeSchemas();
  const announce = {
    name: 'announce',
    setup(current) {
      current.onStart(() => console.log('[watch] build started'));
      current.onEnd((result) => {
        for (const { text, location } of result.errors) {
          console.error(`\u2718 [ERROR] ${text}`);
          if (location) console.error(`    ${location.file}:${location.line}:${location.column}:`);
        }
        console.log('[watch] ready');
      });
    },
  };
  for (const bundle of bundles) {
    const context = await esbuild.context({
      ...options(bundle, false),
      logLevel: 'silent',
      plugins: [...(bundle.plugins ?? []), announce],
    });
    await context.watch();
  }
}

if (isMain(import.meta)) {
  void main(async () => {
    if (process.argv.includes('--watch')) return watch();
    const started = Date.now();
    await build({ minify: process.argv.includes('--minify') });
    say(`bundled into dist/ in ${Date.now() - started} ms`);
  });
}
