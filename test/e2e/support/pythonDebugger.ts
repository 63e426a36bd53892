/**
 * A debugger of Python for tests: it stops at once, with a list of variables. What is evaluated runs in Python after the program, where
 * Python has NumPy; elsewhere the file that NumPy would have written is laid where the expression says.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';

interface Variable {
  name: string;
  /** What the expression is for, as .npy. */
  written: Uint8Array;
}

/** Puts it among the extensions of a run that has not started yet. */
export function addPythonDebugger(runFolder: string, variables: readonly Variable[]): void {
  const folder = path.join(runFolder, 'extensions', 'test.python-debugger');
  mkdirSync(folder, { recursive: true });
  const manifest = {
    ...{ name: 'python-debugger', publisher: 'test', version: '1.0.0', engines: { vscode: '^1.100.0' } },
    ...{ main: './debugger.js', activationEvents: ['onDebug'] },
    contributes: { debuggers: [{ type: 'debugpy', label: 'Python', languages: ['python'] }] },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(path.join(folder, 'variables.json'), JSON.stringify(variables.map(({ name }) => name)));
  for (const { name, written } of variables) writeFileSync(path.join(folder, `${name}.npy`), written);
  buildSync({
    ...{ entryPoints: [path.join(import.meta.dirname, 'pythonAdapter.ts')], outfile: path.join(folder, 'debugger.js') },
    ...{ bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['vscode'] },
  });
}
