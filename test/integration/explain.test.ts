/** Explanations through the engine's process and the command line, against test/golden/explanations.py. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { EngineClient } from '../../extension/engine/client';
import { methodDefaults } from '../../extension/engine/methods';
import { readNpy, type NpyArray } from '../../extension/files/npy';
import { writeNpy } from '../../extension/files/npyEncoding';
import { assertOneLine, makeClient, native, root, runCli, sample } from './support';

const CASES = path.join(root, 'test/golden/cases');
const names = readdirSync(CASES).filter((name) => existsSync(path.join(CASES, name, 'explanations.json')));
/** Of the largest value. */
const CLOSE = 1e-3;

interface Curve {
  curve: number[];
  auc: number;
}

interface Written {
  images: {
    image?: string;
    class: number | null;
    label?: string;
    logit: number | null;
    against?: number;
    against_logit?: number;
    prefix?: Record<string, number>;
    completeness?: number;
    faithfulness?: { deletion: Curve; insertion: Curve; random: Curve & { aucs: number[] } };
  }[];
}

type Expected = Record<
  'relevance' | 'grad-cam' | 'input-gradient' | 'integrated-gradients' | 'leave-one-out',
  number[]
> & {
  class: number;
  logit: number;
  completeness: number;
  faithfulness: { deletion: Curve; insertion: Curve };
};

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'vit-explain-'));
});
after(() => rm(folder, { recursive: true }));

const cli = (...args: string[]) => runCli(folder, {}, ...args);
const npy = async (...file: string[]): Promise<NpyArray> => readNpy(await readFile(path.join(folder, ...file)));
const json = async <T = Written>(...file: string[]): Promise<T> =>
  JSON.parse(await readFile(path.join(folder, ...file), 'utf8')) as T;

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

function assertClose(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i]! - value) <= CLOSE * largest, `${what}: ${actual[i]} instead of ${value} at ${i}`);
}

describe('explain gives what PyTorch gives', () => {
  assert.equal(names.length, 8);
  const maps = ['relevance', 'grad-cam', 'input-gradient', 'integrated-gradients', 'leave-one-out'] as const;

  for (const name of names) {
    test(name, async () => {
      const model = path.join(CASES, name);
      const expected = JSON.parse(await readFile(path.join(model, 'explanations.json'), 'utf8')) as Expected;
      const { shape, values } = readNpy(await readFile(path.join(model, 'input.npy')));
      const size = values.length / shape[0]!;
      const input = path.join(folder, `${name}.npy`);
      await writeFile(input, writeNpy([1, ...shape.slice(1)], values.slice(-size)));
      const asked = ['--input', input, '--model', model, '--class', String(expected.class), '--output', name];
      await done('explain', '--method', maps.join(','), '--faithfulness', ...asked);
      for (const method of maps) {
        const map = await npy(name, `${method}.npy`);
        assert.equal(map.shape.length, 3);
        assert.equal(map.shape[0], 1);
        assertClose(map.values, expected[method], `${name} ${method}`);
        const { images } = await json(name, `${method}.json`);
        assert.equal(images[0]!.class, expected.class);
        assert.ok(Math.abs(images[0]!.logit! - expected.logit) < 1e-4);
      }
      const { completeness } = (await json(name, 'integrated-gradients.json')).images[0]!;
      assert.ok(Math.abs(completeness! - expected.completeness) < 1e-5, `${completeness}`);
      const { faithfulness } = (await json(name, 'leave-one-out.json')).images[0]!;
      for (const which of ['deletion', 'insertion'] as const) {
        assertClose(faithfulness![which].curve, expected.faithfulness[which].curve, `${name} ${which}`);
        assert.ok(Math.abs(faithfulness![which].auc - expected.faithfulness[which].auc) < 1e-4);
      }
      const { random } = faithfulness!;
      assert.equal(random.aucs.length, 5);
      // a random order begins and ends where every order does
      const ends = expected.faithfulness.deletion.curve;
      assertClose([random.curve[0]!, random.curve.at(-1)!], [ends[0]!, ends.at(-1)!], 'ends');
    });
  }
});

describe('explain on the command line', () => {
  const model = path.join(CASES, 'timm-registers-bare');
  const input = path.join(model, 'input.npy');

  test('a batch: one map each, a class each, the prefix tokens as shares', async () => {
    const out = 'batch';
    await done('explain', '--input', input, '--model', model, '--method', 'attention,relevance', '--class', '2,5', '--output', out); // prettier-ignore
    const map = await npy(out, 'attention.npy');
    assert.deepEqual(map.shape, [2, 3, 5]);
    const { images } = await json(out, 'attention.json');
    assert.deepEqual(
      images.map((image) => image.class),
      [2, 5],
    );
    const { prefix } = images[1]!;
    assert.deepEqual(Object.keys(prefix!), ['class', 'register 1', 'register 2', 'register 3', 'register 4']);
    // attention sums to one: what is not on patches is on prefix tokens
    const onPatches = map.values.slice(15).reduce((a, b) => a + b);
    const onPrefix = Object.values(prefix!).reduce((a, b) => a + b);
    assert.ok(Math.abs(onPatches + onPrefix - 1) < 1e-5);
  });

  test('without a layer the last, without a query token 0, without a head their mean', async () => {
    await done('forward', '--input', input, '--model', model, '--outputs', 'attention', '--output', 'maps');
    const { shape, values } = await npy('maps', 'attention.npy');
    const [, layers = 0, heads = 0, n = 0] = shape;
    const row = (layer: number, head: number, query: number) => {
      const at = ((layer * heads + head) * n + query) * n;
      return values.slice(at + 5, at + n);
    };
    const of = async (out: string, ...more: string[]) => {
      await done('explain', '--input', input, '--model', model, '--method', 'attention', ...more, '--output', out);
      return (await npy(out, 'attention.npy')).values.slice(0, 15);
    };
    const mean = row(layers - 1, 0, 0).map((_, i) => {
      let sum = 0;
      for (let head = 0; head < heads; head++) sum += row(layers - 1, head, 0)[i]!;
      return sum / heads;
    });
    assertClose(await of('plain'), [...mean], 'mean of the last layer');
    assertClose(await of('places', '--layer', '0', '--head', '1', '--query', '7'), [...row(0, 1, 7)], 'one head');
  });

  test('one class against another is the difference of their maps where the method is linear in y', async () => {
    const of = async (out: string, ...more: string[]) => {
      await done('explain', '--input', input, '--model', model, '--method', 'leave-one-out', ...more, '--output', out);
      return (await npy(out, 'leave-one-out.npy')).values;
    };
    const [a, b, both] = [
      await of('a', '--class', '1'),
      await of('b', '--class', '4'),
      await of('both', '--class', '1', '--against', '4'),
    ];
    assertClose(both, [...a.map((value, i) => value - b[i]!)], 'against');
    const [image] = (await json('both', 'leave-one-out.json')).images;
    assert.deepEqual([image!.class, image!.against], [1, 4]);
  });

  test('attention_gradient is the gradient by every map', async () => {
    await done('forward', '--input', input, '--model', model, '--outputs', 'attention_gradient', '--class', '2,5', '--output', 'gradient'); // prettier-ignore
    const gradient = await npy('gradient', 'attention_gradient.npy');
    await done('forward', '--input', input, '--model', model, '--outputs', 'attention', '--output', 'gradient');
    const { shape } = await npy('gradient', 'attention.npy');
    assert.deepEqual(gradient.shape, shape);
    assert.ok(gradient.values.some((value) => value !== 0));
  });

  test('pictures: a set of files each, drawn over what the model saw; a bad one is reported and the others go on', async () => {
    await mkdir(path.join(folder, 'pictures'));
    for (const name of ['ship.png', 'cat.webp']) await copyFile(sample(name), path.join(folder, 'pictures', name));
    await writeFile(path.join(folder, 'pictures', 'broken.png'), 'no picture');
    const ended = await cli('explain', 'pictures', '--method', 'relevance,attention', '--class', 'ship', '--faithfulness', '--output', 'drawn'); // prettier-ignore
    assert.equal(ended.code, 1);
    assertOneLine(ended, /broken\.png is not a picture/);
    assert.deepEqual(
      readdirSync(path.join(folder, 'drawn')).sort(),
      [
        ...['cat', 'ship'].flatMap((name) => ['attention', 'relevance'].flatMap((method) => ['json', 'npy', 'png'].map((ending) => `${name}-${method}.${ending}`))), // prettier-ignore
        'summary.json',
      ].sort(),
    );
    const [image] = (await json('drawn', 'cat-relevance.json')).images;
    assert.deepEqual([image!.image, image!.label], [path.join('pictures', 'cat.webp'), 'ship']);
    const { width, height, channels } = await sharp(path.join(folder, 'drawn', 'ship-relevance.png')).metadata();
    assert.deepEqual([width, height, channels], [128, 128, 3]);
    const { data } = await sharp(path.join(folder, 'drawn', 'ship-relevance.png')).raw().toBuffer({ resolveWithObject: true }); // prettier-ignore
    assert.ok(new Set(data).size > 20);
    assert.match(ended.stdout, /^method +pictures +deletion +insertion +random/);
    const { methods } = await json<{ methods: { method: string; pictures: number }[] }>('drawn', 'summary.json');
    assert.deepEqual(methods.map(({ pictures }) => pictures), [2, 2]); // prettier-ignore
  });

  test('the same seed gives the same numbers', async () => {
    const of = async (seed: string) => {
      await done('explain', '--input', input, '--model', model, '--method', 'token-sampling', '--samples', '64', '--seed', seed, '--output', `seed${seed}`); // prettier-ignore
      return (await npy(`seed${seed}`, 'token-sampling.npy')).values;
    };
    const first = await of('1');
    assert.deepEqual(await of('1'), first);
    assert.notDeepEqual(await of('2'), first);
  });

  const features = path.join(CASES, 'timm-features');
  const refused: [name: string, code: number, message: RegExp, ...args: string[]][] = [
    ['neither pictures nor a tensor', 2, /give pictures, or a tensor with --input/],
    ['an unknown method', 2, /all, or any of attention, rollout/, '--input', input, '--method', 'lime'],
    ['a place that no method has', 2, /--layer: relevance has none/, '--input', input, '--layer', '1'],
    ['a class by name where there are none', 2, /it names no classes/, '--input', input, '--class', 'cat'],
    ['too many classes', 2, /3 classes for 2 pictures/, '--input', input, '--class', '1,2,3'],
    ['a class that is not there', 1, /There is no class 7/, '--input', input, '--class', '7'],
    ['a class against itself', 1, /cannot be explained against itself/, '--input', input, '--class', '1', '--against', '1'], // prettier-ignore
    ['features', 1, /gives features, not classes/, '--input', path.join(features, 'input.npy'), '--model', features],
    ['ONNX Runtime', 1, /relevance: ONNX Runtime gives no gradients/, '--input', input, '--engine', 'onnx'],
  ];
  for (const [name, code, message, ...args] of refused) {
    test(`${name} is refused in a sentence`, async () => {
      const ended = await cli('explain', '--method', 'relevance', '--model', model, '--output', 'refused', ...args);
      assert.equal(ended.code, code);
      assertOneLine(ended, message);
    });
  }

  test('ONNX Runtime gives the maps that need no more than attention', async () => {
    const of = async (engine: string) => {
      await done('explain', '--input', input, '--model', model, '--method', 'attention,rollout', '--engine', engine, '--output', engine); // prettier-ignore
      return [await npy(engine, 'attention.npy'), await npy(engine, 'rollout.npy')];
    };
    const [native, onnx] = [await of('native'), await of('onnx')];
    native.forEach((map, i) => assertClose(onnx[i]!.values, [...map.values], `map ${i}`));
  });
});

describe('in the engine process', () => {
  let engine: EngineClient;
  before(() => {
    engine = makeClient();
  });
  after(() => engine.dispose());

  async function opened() {
    const { imageId } = await engine.request('open-image', { path: sample('ship.png'), preview: false });
    const { loaded } = await engine.request('open-model', { model: { id: 'embedded' }, options: native });
    const keeps = { topK: 1, attention: false, tokens: true };
    const { runId } = await engine.request('run', { modelId: loaded.modelId, imageId, ...keeps });
    return { runId, loaded, patches: loaded.grid[0] * loaded.grid[1] };
  }

  test('long methods report how far they are; what was computed comes at once the second time', async () => {
    const { runId, patches } = await opened();
    const ask = async () => {
      const reports: number[] = [];
      const what = { kind: 'leave-one-out', class: 8, against: null } as const;
      const slice = await engine.request('slice', { runId, what }, { onProgress: ({ done }) => reports.push(done) });
      return { slice, reports };
    };
    const first = await ask();
    assert.equal(first.reports.at(-1), patches);
    assert.deepEqual(first.slice.shape, [patches]);
    assert.equal(first.slice.evidence!.class, 8);
    const again = await ask();
    assert.deepEqual([again.reports, again.slice], [[], first.slice]);
  });

  test('curves arrive while they are computed, grow, and end as the answer', async () => {
    const { runId, patches } = await opened();
    const { values: map } = await engine.request('slice', { runId, what: { kind: 'grad-cam', class: null, against: null } }); // prettier-ignore
    const seen: number[][] = [];
    let last: { deletion: number[]; total: number; done: number } | undefined;
    const take = { runId, class: null, map, random: true, seed: 0 };
    const found = await engine.request('faithfulness', take, {
      onProgress: (progress) => {
        seen.push([progress.deletion.length, progress.insertion.length, progress.random.length]);
        last = progress;
      },
    });
    assert.ok(seen.length > 3);
    assert.deepEqual([last!.done, last!.deletion], [last!.total, found.deletion.curve]);
    assert.equal(found.deletion.curve.length, patches + 1);
    assert.equal(found.deletion.curve[0], found.insertion.curve.at(-1));
    assert.equal(found.deletion.curve.at(-1), found.insertion.curve[0]);
    await assert.rejects(engine.request('faithfulness', { ...take, map: map.slice(1) }), { code: 'ERR_ARGUMENT' });
  });

  test('who gives up stops the work; the next one starts it anew', async () => {
    const { runId, patches } = await opened();
    const stop = new AbortController();
    const what = { kind: 'token-sampling', class: null, against: null, samples: 4096, seed: 1 } as const;
    const given = engine.request('slice', { runId, what }, { signal: stop.signal, onProgress: () => stop.abort() });
    await assert.rejects(given, { code: 'ERR_CANCELLED' });
    const few = await engine.request('slice', { runId, what: { ...what, samples: methodDefaults.samples } });
    assert.equal(few.values.length, patches);
  });

  test('hidden patches stay hidden, and have no say', async () => {
    const { loaded } = await opened();
    const { imageId } = await engine.request('open-image', { path: sample('ship.png'), preview: false });
    const maskedPatches = Uint32Array.of(5, 9);
    const { runId } = await engine.request('run', { modelId: loaded.modelId, imageId, topK: 1, attention: false, tokens: true, maskedPatches }); // prettier-ignore
    for (const kind of ['leave-one-out', 'input-gradient'] as const) {
      const { values } = await engine.request('slice', { runId, what: { kind, class: null, against: null } });
      for (const patch of maskedPatches) assert.ok(Math.abs(values[patch]!) < 1e-5, kind);
      assert.ok(Math.abs(values[0]!) > 1e-5, kind);
    }
  });
});
