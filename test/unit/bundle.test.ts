import assert from 'node:assert/strict';
import { builtinModules } from 'node:module';
import test from 'node:test';
import { build } from 'esbuild';
import { bundles, options } from '../../scripts/build.mjs';

/** What goes into a bundle, and what it loads when it runs. */
async function contents(entry: string): Promise<{ inputs: string[]; loads: string[] }> {
  const bundle = bundles.find(({ entryPoints }) => entry in entryPoints);
  assert.ok(bundle, `there is no bundle ${entry}`);
  const { metafile } = await build({ ...options(bundle, false), metafile: true, write: false });
  const outputs = Object.values(metafile.outputs);
  return {
    inputs: Object.keys(metafile.inputs),
    loads: outputs.flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path)),
  };
}

const isNodes = (name: string): boolean => builtinModules.includes(name.replace(/^node:/, ''));

test("the extension host's bundle holds no native code and loads none", async () => {
  const { inputs, loads } = await contents('extension');
  assert.ok(inputs.includes('extension/extension.ts'));
  const native = /sharp|onnxruntime|\.node$|^extension\/engine\/(process|native|onnx)\/|^extension\/image\/decode/;
  assert.deepEqual(
    inputs.filter((file) => native.test(file)),
    [],
  );
  assert.deepEqual(
    loads.filter((name) => !isNodes(name)),
    loads.filter((name) => name === 'vscode'),
  );
});

test('the extension host reads no models: the engine process does, and a file can hold up nothing else', async () => {
  const reading =
    /^extension\/(models\/(open|bind|doctor|registry|labels|onnx|parts|modelFile)\.ts|models\/families\/hf|onnx\/)/;
  assert.deepEqual(
    (await contents('extension')).inputs.filter((file) => reading.test(file)),
    [],
  );
  assert.ok((await contents('engine')).inputs.some((file) => reading.test(file)));
});

test('the addon and ONNX Runtime are loaded by the engine process, sharp by the one that decodes', async () => {
  const engine = await contents('engine');
  assert.ok(engine.inputs.includes('extension/engine/native/binding.ts'));
  // sharp's JavaScript, which loads its native part, is in the bundle
  const sharp = /node_modules\/sharp\/dist\/sharp\./;
  assert.ok(engine.loads.includes('onnxruntime-node'), engine.loads.join(', '));
  assert.ok(!engine.inputs.some((file) => sharp.test(file)));
  const decoder = await contents('decoder');
  assert.ok(decoder.inputs.some((file) => sharp.test(file)));
  assert.ok(!decoder.loads.includes('onnxruntime-node'), decoder.loads.join(', '));
  assert.ok(!(await contents('cli')).inputs.some((file) => sharp.test(file)));
});

test('the webview loads nothing', async () => {
  const { loads } = await contents('main');
  assert.deepEqual(loads, []);
});
