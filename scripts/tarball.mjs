// The command line alone, as an archive that `npm install` takes without a network: node scripts/package.mjs --npm
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fromRoot, readJson, run } from './lib/run.mjs';

/** What of the extension's package only the editor needs. */
const forTheEditor = /^(?:dist\/(?:webview\/|extension\.js|later\.js)|media\/|package\.nls)/;

/** Makes `file` (.tgz) of the .vsix of a platform: what is in it but for the editor's part, with its libraries inside. */
export async function makeTarball(vsix, target, file) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'tarball-'));
  try {
    const stage = path.join(scratch, 'package');
    const files = await unpackCommandLine(vsix, stage);
    const [platform, architecture] = target.split('-');
    const { name, version, description, license, bin, engines } = readJson(fromRoot('package.json'));
    const inside = [...new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []))];
    for (const name of inside) prune(path.join(stage, 'node_modules', name, 'package.json'), inside);
    const versionOf = (name) => readJson(path.join(stage, 'node_modules', name, 'package.json')).version;
    const manifest = {
      ...{ name: `${name}-${target}`, version, description, license, bin },
      ...{ engines: { node: engines.node }, os: [platform], cpu: [architecture] },
      dependencies: Object.fromEntries(inside.map((name) => [name, versionOf(name)])),
      bundleDependencies: inside,
    };
    writeFileSync(path.join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await run('npm', ['pack', '--silent', '--pack-destination', scratch], { cwd: stage, quiet: true });
    const made = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
    copyFileSync(path.join(scratch, made), file); // the temporary folder may be on another disk
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Leaves out what a library would fetch when it is installed: what of it is needed is inside, and the rest is not asked for. */
function prune(file, inside) {
  const manifest = readJson(file);
  delete manifest.scripts;
  for (const kind of ['dependencies', 'optionalDependencies']) {
    const kept = Object.entries(manifest[kind] ?? {}).filter(([name]) => inside.includes(name));
    manifest[kind] = Object.fromEntries(kept);
  }
  writeFileSync(file, JSON.stringify(manifest, null, 2));
}

/** Writes the extension's files to `stage`; resolves to them, relative to it. */
async function unpackCommandLine(vsix, stage) {
  const { unzipSync } = await import('fflate'); // package.mjs runs before anything is installed
  const files = [];
  for (const [entry, bytes] of Object.entries(unzipSync(readFileSync(vsix)))) {
    const file = /^extension\/(.*[^/])$/.exec(entry)?.[1];
    if (file === undefined || forTheEditor.test(file)) continue;
    mkdirSync(path.dirname(path.join(stage, file)), { recursive: true });
    writeFileSync(path.join(stage, file), bytes);
    files.push(file);
  }
  return files;
}
