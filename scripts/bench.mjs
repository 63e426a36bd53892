// npm run bench: builds what is missing and measures; options go to the command line's `bench` (npm run bench -- --help).
import { build } from './build.mjs';
import { buildNative } from './build-native.mjs';
import { fromRoot, isMain, main, run } from './lib/run.mjs';

if (isMain(import.meta)) {
  void main(async () => {
    await buildNative();
    await build();
    await run(process.execPath, [fromRoot('dist/cli.js'), 'bench', ...process.argv.slice(2)]);
  });
}
