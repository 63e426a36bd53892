// Makes a .vsix: node scripts/package.mjs [--target PLATFORM] [--npm] [FILE]
//   PLATFORM   this one, or one whose addon scripts/cross.mjs has built (scripts/lib/platforms.mjs)
//   --npm      and beside it the command line alone, as a .tgz for npm install
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { addonOf, filesOf, host, installForeign, sharpPackages } from './lib/platforms.mjs';
import { checkPortable } from './lib/portable.mjs';
import { fromRoot, isMain, main, Problem, root, run, say } from './lib/run.mjs';
import { packagesInside, thirdPartyNotices } from './notices.mjs';
import { billOfMaterials } from './sbom.mjs';
import { setup } from './setup.mjs';
import { makeTarball } from './tarball.mjs';

/** Packages what is built for `target`; `file` is where the .vsix goes. Native code makes it one platform's. */
export async function packageExtension(file, target = host) {
  const addon = addonOf(target);
  if (!existsSync(fromRoot(addon))) throw new Problem(`${addon} is not built: node scripts/cross.mjs ${target}`);
  if (target.startsWith('linux')) await checkPortable(fromRoot(addon));
  if (target !== host) for (const folder of sharpPackages(target)) await installForeign(folder);
  const metafiles = await build({ minify: true });
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'vsix-'));
  const ignore = path.join(scratch, 'vscodeignore');
  const wanted = filesOf(target).map((pattern) => `!${pattern}\n`);
  writeFileSync(ignore, readFileSync(fromRoot('.vscodeignore'), 'utf8') + wanted.join(''));
  const vsce = (...args) =>
    run(process.execPath, [fromRoot('node_modules/@vscode/vsce/vsce'), ...args, '--ignoreFile', ignore], {
      cwd: root,
      quiet: true,
    });
  try {
    const packages = packagesInside(metafiles, (await vsce('ls')).split('\n').filter(Boolean));
    writeFileSync(fromRoot('ThirdPartyNotices.txt'), thirdPartyNotices(packages, target));
    writeFileSync(fromRoot('bom.cdx.json'), billOfMaterials(packages, target));
    await vsce('package', '--target', target, '--out', file, '--allow-missing-repository');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (isMain(import.meta)) {
  void main(async () => {
    const { values, positionals } = parseArgs({
      options: { target: { type: 'string' }, npm: { type: 'boolean' } },
      allowPositionals: true,
    });
    const target = values.target ?? host;
    await setup();
    const file = path.resolve(positionals[0] ?? fromRoot(`vit-inspector-${target}.vsix`));
    await packageExtension(file, target);
    const made = [file];
    if (values.npm) {
      made.push(file.replace(/(\.vsix)?$/, '.tgz'));
      await makeTarball(file, target, made[1]);
    }
    for (const one of made) {
      say(`packaged ${path.relative(process.cwd(), one)}: ${(statSync(one).size / 1e6).toFixed(1)} MB`);
    }
  });
}
