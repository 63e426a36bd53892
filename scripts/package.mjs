// Makes the .vsix of this platform: node scripts/package.mjs [FILE]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { checkPortable } from './lib/portable.mjs';
import { fromRoot, isMain, main, root, run, say } from './lib/run.mjs';
import { thirdPartyNotices } from './notices.mjs';
import { setup } from './setup.mjs';

/** VS Code's name for this platform, e.g. linux-x64, darwin-arm64. */
export const target = `${process.platform}-${process.arch}`;

/** Packages what is built; `file` is where the .vsix goes. Native code makes it one platform's. */
export async function packageExtension(file) {
  if (process.platform === 'linux') await checkPortable(fromRoot('build/Release/vit_inspector.node'));
  const metafiles = await build({ minify: true });
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'vsix-'));
  const ignore = path.join(scratch, 'vscodeignore');
  const binary = `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`;
  writeFileSync(ignore, `${readFileSync(fromRoot('.vscodeignore'), 'utf8')}!${binary}/**\n`);
  const vsce = (...args) =>
    run(process.execPath, [fromRoot('node_modules/@vscode/vsce/vsce'), ...args, '--ignoreFile', ignore], {
      cwd: root,
      quiet: true,
    });
  try {
    const files = (await vsce('ls')).split('\n').filter(Boolean);
    writeFileSync(fromRoot('ThirdPartyNotices.txt'), thirdPartyNotices(metafiles, files));
    await vsce('package', '--target', target, '--out', file, '--allow-missing-repository');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (isMain(import.meta)) {
  void main(async () => {
    await setup();
    const file = path.resolve(process.argv[2] ?? fromRoot(`vit-inspector-${target}.vsix`));
    await packageExtension(file);
    say(`packaged ${path.relative(process.cwd(), file)}`);
  });
}
