/** ONNX models whose weights lie in files beside them: those files and no others, whole, checked before the runtime sees them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { OnnxBackend } from '../../extension/engine/onnx/backend';
import { modelHandlers } from '../../extension/engine/process/models';
import { openModel } from '../../extension/models/open';
import { Graph } from './onnxGraphs';
import { native, root } from './support';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-external-'));
after(() => rmSync(folder, { recursive: true }));
const backend = new OnnxBackend(() => assert.fail('nothing is drawn from a seed here'));

const WEIGHT = [48, 3];
const BYTES = 4 * 48 * 3;
type Entry = Record<string, string>;

/** (1, 3, 4, 4) times weights in another file, three classes. */
function model(entry: Entry, more: (graph: Graph) => string | null = () => null): Uint8Array {
  const graph = new Graph();
  const picture = graph.input('picture', [1, 3, 4, 4]);
  const flat = graph.node('Flatten', [picture]);
  let logits = graph.node('MatMul', [flat, graph.outside(WEIGHT, entry)]);
  const added = more(graph);
  if (added !== null) logits = graph.node('Add', [logits, added]);
  graph.node('Identity', [logits], {}, { as: 'logits' });
  graph.output('logits', [1, 3]);
  return graph.bytes();
}

/** Weights that give class `favoured` all ones. */
function weights(favoured: number): Buffer {
  const values = Float32Array.from({ length: 48 * 3 }, (_, i) => (i % 3 === favoured ? 1 : 0));
  return Buffer.from(values.buffer);
}

function write(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

async function logitsOf(modelPath: string): Promise<number[]> {
  const description = await openModel(modelPath, { root });
  const loaded = await backend.load(description, { ...native, engine: 'onnx' });
  const input = new Float32Array(48).fill(1);
  const { signal } = new AbortController();
  const run = await loaded.forward({ input, batch: 1, attention: false, tokens: false, signal });
  return [...run.logits];
}

/** By who runs it and by who describes it, in the same words. */
async function refused(modelPath: string, message: RegExp): Promise<void> {
  let said = '';
  await assert.rejects(logitsOf(modelPath), (error: Error) => {
    said = error.message;
    assert.match(said, message);
    assert.match(said, /^[^\n]+\.$/);
    assert.doesNotMatch(said, /onnxruntime_src|\.cc:\d/);
    return true;
  });
  assert.deepEqual(await problemsOf(modelPath), [said]);
}

/** What describe says is wrong with it. */
async function problemsOf(modelPath: string): Promise<string[]> {
  const { 'describe-model': describe } = modelHandlers(() => assert.fail('the graph has no architecture'));
  const never = new AbortController().signal;
  const { report } = await describe({ model: { id: modelPath }, values: true }, never, () => undefined, () => undefined); // prettier-ignore
  return report.findings.filter(({ severity }) => severity === 'error').map((finding) => finding.message);
}

const beside: Entry = { location: 'model.onnx_data', offset: '0', length: String(BYTES) };

test('each model is run with the weights beside it, opened by directory and by file', async () => {
  write('outer/model.onnx', model(beside));
  write('outer/model.onnx_data', weights(0));
  write('outer/inner/model.onnx', model(beside));
  write('outer/inner/model.onnx_data', weights(2));
  for (const name of ['', '/model.onnx']) {
    assert.deepEqual(await logitsOf(path.join(folder, `outer/inner${name}`)), [0, 0, 48]);
    assert.deepEqual(await problemsOf(path.join(folder, `outer/inner${name}`)), []);
    assert.deepEqual(await logitsOf(path.join(folder, `outer/model.onnx`)), [48, 0, 0]);
  }
});

test('offsets, folders below, and links, as in the cache of the hub', async () => {
  write('offset/a.onnx', model({ location: 'data/w.bin', offset: '4096', length: String(BYTES) }));
  write('offset/data/w.bin', Buffer.concat([Buffer.alloc(4096, 0xff), weights(1), Buffer.alloc(10, 0xff)]));
  assert.deepEqual(await logitsOf(path.join(folder, 'offset/a.onnx')), [0, 48, 0]);
  write('plain/a.onnx', model({ location: 'w' })); // offset and length may be left out
  write('plain/w', weights(1));
  assert.deepEqual(await logitsOf(path.join(folder, 'plain/a.onnx')), [0, 48, 0]);
  if (process.platform === 'win32') return;
  const blobs = { 'model.onnx': write('hub/blobs/0123', model(beside)), 'model.onnx_data': write('hub/blobs/4567', weights(2)) }; // prettier-ignore
  const snapshot = path.join(folder, 'hub/snapshots/89ab');
  mkdirSync(snapshot, { recursive: true });
  for (const [name, blob] of Object.entries(blobs))
    symlinkSync(path.relative(snapshot, blob), path.join(snapshot, name));
  assert.deepEqual(await logitsOf(path.join(snapshot, 'model.onnx')), [0, 0, 48]);
  assert.deepEqual(await logitsOf(snapshot), [0, 0, 48]);
  // and the whole folder behind a link
  symlinkSync(path.join(folder, 'plain'), path.join(folder, 'elsewhere'));
  assert.deepEqual(await logitsOf(path.join(folder, 'elsewhere/a.onnx')), [0, 48, 0]);
});

test('a link that leaves the folder is not followed', { skip: process.platform === 'win32' }, async () => {
  write('leaves/secret', weights(1));
  write('leaves/model/model.onnx', model(beside));
  symlinkSync('../secret', path.join(folder, 'leaves/model/model.onnx_data'));
  await refused(path.join(folder, 'leaves/model'), /model\.onnx_data is a link to a file outside the folder of .*model\.onnx, which is not read\.$/); // prettier-ignore
  write('below/model.onnx', model({ ...beside, location: 'data/w' }));
  symlinkSync(path.join(folder, 'leaves'), path.join(folder, 'below/data'));
  symlinkSync('secret', path.join(folder, 'leaves/w'));
  await refused(path.join(folder, 'below'), /data\/w is a link to a file outside the folder of/);
});

describe('what does not fit is refused with a sentence', () => {
  const cases: [name: string, Entry, Buffer | null, RegExp][] = [
    ['missing', beside, null, /model\.onnx_data does not exist\.$/],
    ['short', beside, weights(0).subarray(4), /model\.onnx_data is shorter than .*model\.onnx says: weight w\d+ should end at byte 576, the file has 572\.$/],
    ['offset beyond', { ...beside, offset: '1' }, weights(0), /should end at byte 577, the file has 576/],
    ['length too small', { ...beside, length: '572' }, weights(0), /of shape \(48, 3\) takes 576 bytes, but 572 are claimed/],
    ['length too large', { ...beside, length: '580' }, Buffer.alloc(1000), /takes 576 bytes, but 580 are claimed/],
    ['length no number', { ...beside, length: '0x240' }, weights(0), /an unreadable number are claimed/],
    ['offset negative', { ...beside, offset: '-4' }, weights(0), /an impossible place of model\.onnx_data/],
    ['offset huge', { ...beside, offset: '9007199254740991' }, weights(0), /an impossible place/],
    ['absolute', { ...beside, location: '/etc/passwd' }, weights(0), /"\/etc\/passwd", which is not inside the model's directory\.$/],
    ['parent', { ...beside, location: '../outer/model.onnx_data' }, weights(0), /which is not inside the model's directory/],
    ['parent within', { ...beside, location: 'a/../../x' }, weights(0), /which is not inside the model's directory/],
    ['drive', { ...beside, location: 'C:w.bin' }, weights(0), /which is not inside the model's directory/],
    ['backslashes', { ...beside, location: '..\\w.bin' }, weights(0), /which is no name of a file/],
    ['address', { location: '*/_ORT_MEM_ADDR_/*', offset: '4096' }, weights(0), /which is no name of a file/],
    ['no location', { offset: '0' }, weights(0), /which names no file/],
  ]; // prettier-ignore
  for (const [i, [name, entry, data, message]] of cases.entries()) {
    test(name, async () => {
      write(`bad${i}/model.onnx`, model(entry));
      if (data) write(`bad${i}/model.onnx_data`, data);
      await refused(path.join(folder, `bad${i}`), message);
    });
  }

  test('a constant of the graph in another file', async () => {
    write(
      'constant/model.onnx',
      model(beside, (graph) => graph.outsideConstant([1, 3], { location: '../secret' })),
    );
    write('constant/model.onnx_data', weights(0));
    await refused(path.join(folder, 'constant'), /a constant or an inner graph keeps its numbers in another file/);
  });

  test('a directory and a named pipe', { skip: process.platform === 'win32' }, async () => {
    write('kinds/model.onnx', model({ ...beside, location: 'data' }));
    mkdirSync(path.join(folder, 'kinds/data'));
    await refused(path.join(folder, 'kinds'), /data is a directory, not a file\.$/);
    rmSync(path.join(folder, 'kinds/data'), { recursive: true });
    execFileSync('mkfifo', [path.join(folder, 'kinds/data')]);
    await refused(path.join(folder, 'kinds'), /data is a named pipe, not a regular file\.$/);
  });
});
