/** In a workspace that is not trusted a .vit.json names files of the workspace only. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { toErrorShape } from '../../../extension/errors/engineError';
import { namedFile } from '../../../extension/models/files/namedFile';
import { openModel } from '../../../extension/models/open';
import { openPart } from '../../../extension/models/parts';

const root = path.resolve(import.meta.dirname, '../../..');
let outside: string;
let workspace: string;
let file: string;

before(() => {
  outside = mkdtempSync(path.join(os.tmpdir(), 'vit-trust-'));
  workspace = path.join(outside, 'workspace');
  mkdirSync(path.join(workspace, 'models'), { recursive: true });
  mkdirSync(path.join(workspace, 'pictures'));
  file = path.join(workspace, 'models', 'x.vit.json');
  copyFileSync(path.join(root, 'models/vit-cifar10/model.safetensors'), path.join(outside, 'secret.safetensors'));
  symlinkSync(path.join(outside, 'secret.safetensors'), path.join(workspace, 'models', 'link.safetensors'));
  symlinkSync(outside, path.join(workspace, 'pictures', 'up'));
});
after(() => rmSync(outside, { recursive: true, force: true }));

const outsiders = [
  () => path.join(outside, 'secret.safetensors'),
  () => '../../secret.safetensors',
  () => '../../workspace-2/secret.safetensors',
  () => 'link.safetensors',
  () => '../pictures/up/secret.safetensors',
  () => '..',
  () => '\\\\attacker.example\\share\\x.safetensors',
  () => '//attacker.example/share/x.safetensors',
  () => '\\\\?\\UNC\\attacker.example\\share\\x.safetensors',
];

for (const named of outsiders) {
  test(`${String(named)}: refused with its name, and taken once the workspace is trusted`, async () => {
    await assert.rejects(namedFile(file, 'weights', named(), [workspace]), (error) => {
      assert.equal(toErrorShape(error).code, 'ERR_UNTRUSTED');
      assert.match(
        (error as Error).message,
        /x\.vit\.json: "weights" names .*, outside this workspace, which is not trusted\.$/,
      );
      return true;
    });
    assert.equal(await namedFile(file, 'weights', named(), undefined), path.resolve(path.dirname(file), named()));
  });
}

test('files of the workspace and beside the model file are named freely', async () => {
  for (const named of ['a.png', './b/c.png', '../pictures/d.png', '..png', '...', path.join(workspace, 'e.png')]) {
    assert.equal(await namedFile(file, 'image', named, [workspace]), path.resolve(path.dirname(file), named));
  }
  assert.equal(await namedFile(file, 'image', 'a.png', []), path.join(path.dirname(file), 'a.png'));
});

test('a model whose file names weights outside is refused before they are read', async () => {
  const config = {
    architecture: 'ViT_Model',
    img_size: [1, 60, 100],
    patch_size: 20,
    weights: '../../secret.safetensors',
  };
  writeFileSync(file, JSON.stringify(config));
  await assert.rejects(openModel(file, { root, confinedTo: [workspace] }), { code: 'untrusted' });
  const { findings } = await openModel(file, { root });
  assert.ok(
    findings.some(({ severity }) => severity === 'error'),
    'these weights are of another model',
  );
});

test('so is a module of the articles on its own', async () => {
  const config = { architecture: 'Attention', dim: 49, chan: 64, num_heads: 4, weights: '../../secret.safetensors' };
  writeFileSync(file, JSON.stringify(config));
  await assert.rejects(openPart(file, [workspace]), { code: 'untrusted' });
  assert.equal((await openPart(file))?.name, 'Attention');
});

test('no file of a model in the workspace is a link that leaves it', async () => {
  const model = path.join(workspace, 'linked');
  mkdirSync(model);
  symlinkSync(path.join(root, 'models/vit-cifar10/model.safetensors'), path.join(model, 'model.safetensors'));
  copyFileSync(path.join(root, 'models/vit-cifar10/config.json'), path.join(model, 'config.json'));
  await assert.rejects(openModel(model, { root, confinedTo: [workspace] }), { code: 'untrusted' });
  assert.equal((await openModel(model, { root })).weights.kind, 'tensors');
  // one that the workspace has no part in is what the user chose
  assert.equal((await openModel(model, { root, confinedTo: [path.join(outside, 'another')] })).weights.kind, 'tensors');
});
