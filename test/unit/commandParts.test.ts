/** Parts of commands, without a process: what explain's options mean for a model, what is printed of a row, what a module of the articles writes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { writeAttentionGradient } from '../../extension/cli/attentionGradient';
import { lineOf, UsageError } from '../../extension/cli/errors';
import { assertOptionsFit, assertPossible, parametersOf, type ExplainOptions } from '../../extension/cli/explain/options'; // prettier-ignore
import { loadModel, modelQueryOf } from '../../extension/cli/engine';
import { forwardPart } from '../../extension/cli/forwardPart';
import { shardName, shardOf, shardOption } from '../../extension/cli/scale/shard';
import { StandardOutput, type PrintedAs } from '../../extension/cli/scale/standardOutput';
import { asPictures, readTensor } from '../../extension/cli/tensorFile';
import type { EngineClient } from '../../extension/engine/client';
import type { LoadedModel } from '../../extension/engine/requests';
import { sentence } from '../../extension/errors/sentence';
import { readNpy } from '../../extension/files/npy';
import { writeNpy } from '../../extension/files/npyEncoding';
import type { ResultsHeader } from '../../extension/results/format';
import type { NewRow } from '../../extension/results/writer';

const folder = mkdtempSync(path.join(tmpdir(), 'command-parts-'));
after(() => rmSync(folder, { recursive: true }));
const usage = (message: string) => (error: unknown) => error instanceof UsageError && error.message === message;
const asked = (method: string[], more: object = {}) => ({ method, ...more }) as unknown as ExplainOptions;

test('what explain’s options mean for a model, to the edge of what it has', () => {
  const model = { layers: 4, heads: 3, numTokens: 17 } as LoadedModel;
  const of = (more: object) => parametersOf(asked(['attention'], more), model);
  const plain = { layer: 3, query: 0, from: 0, to: 3, fusion: 'mean', discardRatio: 0, steps: 32, samples: 512, seed: 0 }; // prettier-ignore
  assert.deepEqual(of({}), plain);
  assert.deepEqual(of({ layer: 0, query: 16, steps: 5, samples: 6, seed: 7 }), { ...plain, layer: 0, to: 0, query: 16, steps: 5, samples: 6, seed: 7 }); // prettier-ignore
  assert.deepEqual(of({ layer: 3, head: 'max', seed: 0 }), { ...plain, fusion: 'max' });
  assert.deepEqual(of({ head: 2 }), plain);
  assert.throws(() => of({ layer: 4 }), usage('--layer 4: the model has 4, from 0'));
  assert.throws(() => of({ query: 17 }), usage('--query 17: the model has 17, from 0'));
  assert.throws(() => of({ head: 3 }), usage('--head 3: the model has 3, from 0'));
});

test('an option that no chosen method has is refused', () => {
  const fits: [method: string[], more: object][] = [
    [['rollout'], { layer: 1, query: 1, head: 'max' }],
    [['attention'], { layer: 1, query: 1, head: 2 }],
    [['attention'], { head: 'min' }],
    [['value-attention'], { layer: 0, query: 0 }],
    [['integrated-gradients'], { steps: 1 }],
    [['token-sampling'], { samples: 1, seed: 1 }],
    [['relevance', 'attention'], { layer: 1 }],
    [['relevance'], { class: '1', against: '2' }],
  ];
  for (const [method, more] of fits) assertOptionsFit(asked(method, more));
  const refused: [method: string[], more: object, message: string][] = [
    [['relevance', 'grad-cam'], { layer: 0 }, '--layer: relevance, grad-cam has none'],
    [['relevance'], { query: 0 }, '--query: relevance has none'],
    [['value-attention'], { head: 'mean' }, '--head: value-attention has none'],
    [['rollout'], { head: 0 }, '--head 0: rollout has no map for each head'],
    [['token-sampling'], { steps: 1 }, '--steps: token-sampling has none'],
    [['integrated-gradients'], { samples: 1 }, '--samples: integrated-gradients has none'],
  ];
  for (const [method, more, message] of refused)
    assert.throws(() => assertOptionsFit(asked(method, more)), usage(message), message);
});

test('a method that a model cannot answer is refused with the reason', () => {
  const [noMaps, noGradient] = [sentence('{0} does not exist.', 'maps'), sentence('{0} does not exist.', 'gradient')];
  const model = (attention: unknown, explains: unknown) => ({ attention, explains }) as LoadedModel;
  assertPossible(asked(['attention', 'rollout']), model(true, noGradient));
  assertPossible(asked(['relevance'], { faithfulness: true }), model(noMaps, true));
  const says = (message: string) => ({ name: 'Error', message });
  assert.throws(() => assertPossible(asked(['rollout']), model(noMaps, true)), says('rollout: maps does not exist.'));
  assert.throws(() => assertPossible(asked(['attention', 'grad-cam']), model(true, noGradient)), says('grad-cam: gradient does not exist.')); // prettier-ignore
  assert.throws(() => assertPossible(asked(['attention'], { faithfulness: true }), model(true, noGradient)), says('--faithfulness: gradient does not exist.')); // prettier-ignore
});

const header = { model: { source: 'm', name: 'n', hash: '' }, engine: 'native', scores: 'softmax' } as ResultsHeader;
const prediction = (index: number, label: string, probability: number | null, logit: number) => ({ index, label, probability, logit }); // prettier-ignore
const picture = {
  kind: 'picture', id: 'a', image: 'a.png', size: [3, 2], bytes: 7, modified: 5, logits: null, energy: 1.5, unfamiliar: true,
  predictions: [prediction(1, 'cat', 0.0567, 2), prediction(0, 'dog', 1, -1), prediction(2, 'value', null, 123.456)],
  features: Float32Array.of(0.5, -1), timings: { decode_ms: 1, preprocess_ms: 2, forward_ms: 3 },
} as unknown as NewRow; // prettier-ignore
const failed = { kind: 'failed', id: 'b', image: 'b.png', error: { code: 'ERR_IMAGE', ...sentence('{0} does not exist.', 'b\u001b.png') } } as unknown as NewRow; // prettier-ignore

async function printed(as: PrintedAs, embeddings: boolean, ...batches: NewRow[][]): Promise<string> {
  const output = new StandardOutput(header, as, (image) => `in/${image}`, embeddings);
  assert.equal(output.claim(), true);
  let text = '';
  const write = process.stdout.write.bind(process.stdout);
  for (const rows of batches) {
    process.stdout.write = (piece: unknown) => ((text += String(piece)), true);
    const done = output.append(rows);
    process.stdout.write = write;
    await done;
  }
  await output.close();
  return text;
}

test('rows on the terminal: as text, as JSON, as CSV with one head', async () => {
  const people = ['in/a.png', '    5.7 %  cat', '  100.0 %  dog', '    123.5  value', '  unlike anything the model was trained on', 'in/b.png']; // prettier-ignore
  const text = (await printed('text', false, [picture, failed])).split('\n');
  assert.deepEqual(text.slice(0, 6), people);
  assert.match(text[6]!, /^ {2}b.*png does not exist\.$/);
  assert.ok(!text[6]!.includes('\u001b'), 'no control characters');
  assert.ok(!(await printed('text', false, [{ ...picture, unfamiliar: false } as NewRow])).includes('unlike'));

  const lines = (await printed('jsonl', true, [picture], [failed])).trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  const { timings } = picture as { timings: object };
  assert.deepEqual(lines[0], {
    ...{ id: 'a', image: 'in/a.png', size: [3, 2], bytes: 7, modified: 5, model: 'm', engine: 'native', scores: 'softmax' },
    predictions: [{ index: 1, label: 'cat', probability: 0.0567, logit: 2 }, { index: 0, label: 'dog', probability: 1, logit: -1 }, { index: 2, label: 'value', value: 123.456 }],
    ...{ energy: 1.5, unfamiliar: true, timings, embedding: [0.5, -1] },
  }); // prettier-ignore
  assert.deepEqual(Object.keys(lines[1]!).slice(0, 5), ['id', 'image', 'model', 'engine', 'error']);
  assert.equal('embedding' in (JSON.parse(await printed('jsonl', false, [picture])) as object), false);

  const csv = (await printed('csv', false, [picture], [failed])).split('\n');
  assert.equal(csv.length, 4);
  assert.match(csv[0]!, /^id,image,model,engine,scores,label,index,probability,logit,/);
  assert.match(csv[1]!, /^a,in\/a\.png,m,native,softmax,cat,1,0\.0567,2,1\.5,true,3,2,7,5,,,/);
  assert.match(csv[2]!, /^b,in\/b\.png,m,native,softmax,,,,,,,,,,,b[^,]*,ERR_IMAGE,$/);
});

const fake = (answers: Record<string, (take: never) => unknown>, log: [string, unknown][] = []) =>
  ({ request: (name: string, take: never) => (log.push([name, take]), Promise.resolve(answers[name]!(take))) }) as unknown as EngineClient; // prettier-ignore

test('of a module of the articles its output is written, and steps that are asked for', async () => {
  const made = ['a', 'b', 'output'].map((name, i) => ({ name, shape: [1, 2], values: Float32Array.of(i, i + 0.5) }));
  const log: [string, unknown][] = [];
  const engine = fake({ 'run-part': () => made }, log);
  const input = { shape: [1, 2], dtype: '<f4', values: Float32Array.of(1, 2) };
  const part = { name: 'Attention', part: { kind: 'x' }, weights: { kind: 'y' } } as never;
  const write = async (name: string, outputs: string[]) => {
    const output = path.join(folder, name);
    await forwardPart(engine, part, input, { output, outputs, memoryLimit: 5 });
    return readdirSync(output).sort();
  };
  assert.deepEqual(await write('plain', ['logits', 'attention', 'tokens']), ['output.npy']);
  assert.deepEqual(log[0], ['run-part', { part: { kind: 'x' }, weights: { kind: 'y' }, input: input.values, shape: [1, 2], memoryLimit: 5 }]); // prettier-ignore
  assert.deepEqual(await write('one', ['b']), ['b.npy', 'output.npy']);
  assert.deepEqual(await write('steps', ['steps']), ['a.npy', 'b.npy', 'output.npy']);
  const { shape, values } = readNpy(readFileSync(path.join(folder, 'one', 'b.npy')));
  assert.deepEqual([shape, [...values]], [[1, 2], [1, 1.5]]); // prettier-ignore
  await assert.rejects(write('none', ['a', 'c']), usage('--outputs: Attention has no step called c; it has a, b, output')); // prettier-ignore
});

test('the gradient by attention weights: each picture alone, with its class, layer by layer', async () => {
  const log: [string, unknown][] = [];
  const slice = ({ runId, what }: { runId: number; what: { layer: number; class: number | null } }) => ({ values: Float32Array.of(runId, what.layer, what.class ?? -1, 9) }); // prettier-ignore
  let runs = 0;
  const engine = fake({ 'run-tensor': () => ({ runId: ++runs }), slice, 'close-run': () => null }, log);
  const loaded = { modelId: 8, layers: 2, heads: 1, numTokens: 2, prefixNames: [] } as unknown as LoadedModel;
  const input = { shape: [2, 1, 1, 3], dtype: '<f4', values: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const write = async (classes: number[] | null) => {
    const file = path.join(folder, 'gradient.npy');
    await writeAttentionGradient(engine, loaded, input, classes, file);
    return readNpy(readFileSync(file));
  };
  const { shape, values } = await write([3, 4]);
  assert.deepEqual(shape, [2, 2, 1, 2, 2]);
  assert.deepEqual([...values], [1, 0, 3, 9, 1, 1, 3, 9, 2, 0, 4, 9, 2, 1, 4, 9]);
  const common = { modelId: 8, shape: [1, 1, 1, 3], attention: false, tokens: true };
  const sent = log.filter(([name]) => name === 'run-tensor').map(([, take]) => take);
  assert.deepEqual(sent, [{ ...common, values: Float32Array.of(1, 2, 3) }, { ...common, values: Float32Array.of(4, 5, 6) }]); // prettier-ignore
  assert.deepEqual(log.filter(([name]) => name === 'close-run').map(([, take]) => take), [{ runId: 1 }, { runId: 2 }]); // prettier-ignore
  assert.deepEqual([(await write(null)).values[2], runs], [-1, 4]);
});

test('a tensor file is read, or refused in a sentence with its name', async () => {
  const write = (name: string, bytes: Uint8Array) => (writeFileSync(path.join(folder, name), bytes), path.join(folder, name)); // prettier-ignore
  const good = write('good.npy', writeNpy([1, 1, 1, 2], Float32Array.of(1, 2)));
  const array = await readTensor(good);
  assert.deepEqual([...array.values], [1, 2]);
  assert.equal(asPictures('x', array), array);
  assert.throws(() => asPictures('x.npy', { ...array, shape: [1, 2] }), { message: 'x.npy has shape (1, 2), but the input is (B, C, H, W).' }); // prettier-ignore
  const nan = write('nan.npy', writeNpy([1, 1, 1, 3], Float32Array.of(1, -Infinity, NaN)));
  await assert.rejects(readTensor(nan), { message: `${nan} holds a value that is not a number (-Infinity), at [0, 0, 0, 1].` }); // prettier-ignore
  const words = write('words.npy', Buffer.from('words'));
  await assert.rejects(readTensor(words), { message: `${words} is not a NumPy .npy file.` });
  const pointer = write('pointer.npy', Buffer.from('version https://git-lfs.github.com/spec/v1\n'));
  await assert.rejects(readTensor(pointer), (error: Error) => error.message.startsWith(`${pointer} is a Git LFS pointer`) && error.message.endsWith('.')); // prettier-ignore
  await assert.rejects(readTensor(path.join(folder, 'none.npy')), { message: /none\.npy does not exist\.$/ });
});

test('a model is asked for by its name and size; an ONNX file never runs natively because somebody says so', async () => {
  assert.deepEqual(modelQueryOf({ model: 'm' }), { id: 'm', inputSize: undefined });
  assert.deepEqual(modelQueryOf({ model: 'm', imageSize: [3, 4] }), { id: 'm', inputSize: { height: 3, width: 4 } });
  const opened = { loaded: { engine: 'onnx' }, description: { path: 'x.onnx' } };
  const engine = fake({ 'open-model': () => opened });
  const options = (wish?: 'native' | 'onnx') => ({ model: 'x.onnx', engine: wish }) as never;
  for (const wish of [undefined, 'onnx'] as const) assert.equal(await loadModel(engine, options(wish)), opened);
  await assert.rejects(loadModel(engine, options('native')), usage('--engine native: x.onnx is an ONNX file, which only onnx runs')); // prettier-ignore
  assert.deepEqual(
    [new Error('a\nb'), 'text', 7].map(lineOf).map((line) => /\n/.test(line)),
    [false, false, false],
  );
  assert.deepEqual(['text', 7, new Error('why')].map(lineOf), ['text', '7', 'why']);
});

test('which part of the work: the numbers of Slurm and Kubernetes to their edge', () => {
  assert.deepEqual(['1/1', '0/1', '1000000/1000000', '3/5'].map(shardOption), [{ index: 0, of: 1 }, { index: 0, of: 1 }, { index: 0, of: 1_000_000 }, { index: 3, of: 5 }]); // prettier-ignore
  for (const wrong of ['1/1000001', ' 1/2', '1/2 ', 'x1/2', '1/2x', '1 / 2', '6/5'])
    assert.throws(() => shardOption(wrong), { message: 'It must be i/n with i from 0 to n - 1.' }, wrong);
  assert.deepEqual([shardName(null), shardName({ index: 0, of: 123_456 })], ['00000-of-00001', '00000-of-123456']);
  const slurm = (id: string, count: string, more: object = {}) => shardOf({ SLURM_ARRAY_TASK_ID: id, SLURM_ARRAY_TASK_COUNT: count, ...more }); // prettier-ignore
  assert.deepEqual([slurm('4', '4'), slurm('2', '4', { SLURM_ARRAY_TASK_MIN: '3' })], [{ index: 0, of: 4 }, { index: 0, of: 4 }]); // prettier-ignore
  assert.equal(shardOf({ SLURM_ARRAY_TASK_ID: '1' }), null);
  assert.equal(shardOf({ SLURM_ARRAY_TASK_COUNT: '1' }), null);
  assert.deepEqual(shardOf({ JOB_COMPLETION_INDEX: '8', JOB_COMPLETIONS: '8' }), { index: 0, of: 8 });
  const wrong: [NodeJS.ProcessEnv, string][] = [
    [{ SLURM_ARRAY_TASK_ID: '1', SLURM_ARRAY_TASK_COUNT: '0' }, 'SLURM_ARRAY_TASK_COUNT must be a whole number of at least 1'],
    [{ SLURM_ARRAY_TASK_ID: '-1', SLURM_ARRAY_TASK_COUNT: '1' }, 'SLURM_ARRAY_TASK_ID must be a whole number of at least 0'],
    [{ SLURM_ARRAY_TASK_ID: '1', SLURM_ARRAY_TASK_COUNT: '2', SLURM_ARRAY_TASK_MIN: '' }, 'SLURM_ARRAY_TASK_MIN must be a whole number of at least 0'],
    [{ SLURM_ARRAY_TASK_ID: '1', SLURM_ARRAY_TASK_COUNT: '2', SLURM_ARRAY_TASK_STEP: '0' }, 'SLURM_ARRAY_TASK_STEP must be a whole number of at least 1'],
    [{ JOB_COMPLETION_INDEX: '1', JOB_COMPLETIONS: '1234567890' }, 'JOB_COMPLETIONS must be a whole number of at least 1'],
    [{ JOB_COMPLETION_INDEX: '1x', JOB_COMPLETIONS: '2' }, 'JOB_COMPLETION_INDEX must be a whole number of at least 0'],
    [{ JOB_COMPLETION_INDEX: '1' }, 'JOB_COMPLETION_INDEX is set, but not how many there are: set JOB_COMPLETIONS to .spec.completions, or give --shard'],
  ]; // prettier-ignore
  for (const [env, message] of wrong) assert.throws(() => shardOf(env), usage(message));
});
