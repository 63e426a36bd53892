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

test("the extension host's bundles hold no native code and load none", async () => {
  for (const [bundle, entry] of [
    ['extension', 'extension/extension.ts'],
    ['later', 'extension/panel/laterParts.ts'],
  ] as const) {
    const { inputs, loads } = await contents(bundle);
    assert.ok(inputs.includes(entry));
    const native = /sharp|onnxruntime|\.node$|^extension\/engine\/(process|native|onnx)\/|^extension\/image\/decode/;
    assert.deepEqual(
      inputs.filter((file) => native.test(file)),
      [],
    );
    assert.deepEqual(
      loads.filter((name) => !isNodes(name)),
      loads.filter((name) => name === 'vscode'),
    );
  }
});

test("VS Code's API is required once, and not copied by every file that uses it", async () => {
  const bundle = bundles.find(({ entryPoints }) => 'extension' in entryPoints)!;
  const { outputFiles } = await build({ ...options(bundle, false), write: false });
  const text = outputFiles.find(({ path }) => path.endsWith('.js'))!.text;
  assert.equal(text.split('require("vscode")').length - 1, 1);
  assert.ok(!/__toESM\(require_vscode/.test(text));
});

test('activation does not wait for downloads, nor for what draws maps for agents', async () => {
  const rarely = /@huggingface|node_modules\/(d3-|lru-cache)|^extension\/(agents\/tools|drawing|models\/hub\/client)/;
  const filesOf = async (bundle: string) => (await contents(bundle)).inputs.filter((file) => rarely.test(file));
  assert.deepEqual(await filesOf('extension'), []);
  assert.ok((await filesOf('later')).length > 0);
});

test('the extension host reads no models: the engine process does, and a file can hold up nothing else', async () => {
  const reading =
    /^extension\/(models\/(open|bind|doctor|registry|labels|onnx|parts|modelFile)\.ts|models\/families\/hf|onnx\/)/;
  assert.deepEqual(
    (await contents('extension')).inputs.filter((file) => reading.test(file)),
    [],
  );
  assert.ok((await contents('session')).inputs.some((file) => reading.test(file)));
});

test('the addon and ONNX Runtime are loaded by the engine process, sharp by the one that decodes', async () => {
  const engine = await contents('session');
  assert.ok(engine.inputs.includes('extension/engine/native/binding.ts'));
  // sharp's JavaScript, which loads its native part, is in the bundle
  const sharp = /node_modules\/sharp\/dist\/sharp\./;
  assert.ok(engine.loads.includes('onnxruntime-node'), engine.loads.join(', '));
  assert.ok(!engine.inputs.some((file) => sharp.test(file)));
  const decoder = await contents('decoder');
  assert.ok(decoder.inputs.some((file) => sharp.test(file)));
  assert.ok(!decoder.loads.includes('onnxruntime-node'), decoder.loads.join(', '));
  assert.ok(!(await contents('program')).inputs.some((file) => sharp.test(file)));
});

test('what only tables need is loaded by their process, and nothing of a model by that', async () => {
  const tablesOnly = /^node_modules\/(hyparquet|ml-|umap-js)|^extension\/results\/(parquet|projection|neighbours)\.ts/;
  const engine = await contents('session');
  assert.deepEqual(
    engine.inputs.filter((file) => tablesOnly.test(file)),
    [],
  );
  const results = await contents('results');
  assert.ok(results.inputs.some((file) => tablesOnly.test(file)));
  const models = /^extension\/(models|onnx)\/|^extension\/engine\/(native|onnx)\/|onnxruntime|sharp/;
  assert.deepEqual(
    [...results.inputs, ...results.loads].filter((file) => models.test(file)),
    [],
  );
});

test('what starts the next process is loaded in no time', async () => {
  for (const first of ['cli', 'engine']) {
    const { inputs, loads } = await contents(first);
    assert.ok(inputs.length < 12, inputs.join(', '));
    assert.deepEqual(
      loads.filter((name) => !isNodes(name)),
      [],
    );
  }
});

test('what the processes load is ASCII: one other character makes Node read and compile the whole of it as two-byte text', async () => {
  for (const entry of ['extension', 'later', 'cli', 'program', 'engine', 'session', 'decoder', 'results']) {
    const bundle = bundles.find(({ entryPoints }) => entry in entryPoints)!;
    const { outputFiles } = await build({ ...options(bundle, true), write: false });
    for (const { path, text } of outputFiles) assert.equal(Buffer.byteLength(text), text.length, path);
  }
});

test('the webview loads nothing', async () => {
  const { loads } = await contents('main');
  assert.deepEqual(loads, []);
});
