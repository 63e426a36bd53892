/** Models shared by panels, what is asked once more, weight files and maps as pictures: beside an engine that is made here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { colorTable, defaultColorMap, signedColorMap } from '../../extension/drawing/colorMap';
import type { ModelDescription } from '../../extension/architecture/description';
import type { EnginePort } from '../../extension/inspect/enginePort';
import { imageEvent, modelEvent, sliceForWebview } from '../../extension/inspect/events';
import { mapPicture } from '../../extension/inspect/mapPicture';
import { ModelPool, type ModelLease } from '../../extension/inspect/modelPool';
import { GONE_OR_DIED, LOST, onceMore } from '../../extension/inspect/onceMore';
import { WeightFile } from '../../extension/inspect/weightFile';
import type { EngineErrorShape } from '../../extension/errors/errorShape';
import { EngineError } from '../../extension/errors/engineError';
import { verbatim } from '../../extension/errors/sentence';
import type { Preprocessing } from '../../extension/image/preprocessing';

const refusal = (code: EngineErrorShape['code']) => new EngineError(code, verbatim(code));
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('work is done once more only where what was open is gone', async () => {
  const all: EngineErrorShape['code'][] = ['ERR_GONE', 'ERR_ENGINE_DIED', 'ERR_DEADLINE', 'ERR_CANCELLED', 'ERR_MODEL', 'ERR_MEMORY', 'ERR_ENGINE_START']; // prettier-ignore
  const of = async (codes?: readonly EngineErrorShape['code'][]) => {
    const repeated: string[] = [];
    for (const code of all) {
      const order: string[] = [];
      const work = () => {
        order.push('work');
        return order.length === 1 ? Promise.reject(refusal(code)) : Promise.resolve(7);
      };
      const done = onceMore(work, () => order.push('forget'), codes);
      if ((await done.catch(() => null)) === 7) repeated.push(code);
      assert.deepEqual(order, repeated.at(-1) === code ? ['work', 'forget', 'work'] : ['work']);
    }
    return repeated;
  };
  assert.deepEqual(await of(), ['ERR_GONE']);
  assert.deepEqual(await of(GONE_OR_DIED), ['ERR_GONE', 'ERR_ENGINE_DIED']);
  assert.deepEqual(await of(LOST), ['ERR_GONE', 'ERR_ENGINE_DIED', 'ERR_DEADLINE', 'ERR_CANCELLED']);
  await assert.rejects(onceMore(() => Promise.reject(refusal('ERR_GONE')), () => undefined), { code: 'ERR_GONE' }); // prettier-ignore
});

/** Models of an engine that refuses what `refuse` says. */
function pool(refuse: (options: { engine: string }, id: string) => EngineErrorShape['code'] | null = () => null) {
  const asked: [name: string, take: object, options: object | undefined][] = [];
  let models = 0;
  const engine = {
    pid: 1,
    request(name: string, take: { model?: { id: string }; options?: { engine: string } }, options?: object) {
      asked.push([name, take, options]);
      if (name !== 'open-model') return Promise.resolve(null);
      const code = refuse(take.options!, take.model!.id);
      if (code !== null) return Promise.reject(refusal(code));
      return Promise.resolve({ description: {}, loaded: { modelId: ++models } });
    },
  } as unknown as EnginePort;
  const fellBack: string[] = [];
  const made = new ModelPool(engine, undefined, ({ message }) => fellBack.push(message));
  const lease = (id: string, more: object = {}) => made.lease({ id, folder: '/w', options: { engine: 'native' }, ...more } as Parameters<ModelPool['lease']>[0]); // prettier-ignore
  const closed = () => asked.flatMap(([name, take]) => (name === 'close-model' ? [(take as { modelId: number }).modelId] : [])); // prettier-ignore
  return { made, lease, asked, closed, fellBack };
}

test('a model is loaded once for all who ask; of those nobody uses the last one stays', async () => {
  const { lease, asked, closed } = pool();
  const [a, same, b] = await Promise.all([lease('a'), lease('a'), lease('b')]);
  assert.deepEqual([a.loaded.modelId, same.loaded.modelId, b.loaded.modelId], [1, 1, 2]);
  const [name, take, options] = asked[0]!;
  assert.deepEqual([name, take], ['open-model', { model: { id: 'a', cwd: '/w', pictureSize: undefined }, options: { engine: 'native' } }]); // prettier-ignore
  assert.deepEqual(options, { deadlineMs: 60_000 });
  a.release();
  a.release();
  b.release();
  await settled();
  assert.deepEqual(closed(), [], 'the first is still used, and the second stays warm');
  same.release();
  await settled();
  assert.deepEqual(closed(), [1], 'the one asked for last stays');
  const again = await lease('a');
  assert.equal(again.loaded.modelId, 3);
  (await lease('b')).release();
  again.release('gone');
  await settled();
  assert.deepEqual(closed(), [1], 'what is gone needs no closing');
  assert.equal((await lease('a')).loaded.modelId, 4);
  assert.equal(
    (await lease('a', { size: { height: 5, width: 6 } })).loaded.modelId,
    5,
    'another size is another model',
  );
  assert.deepEqual((asked.at(-1)![1] as { model: { pictureSize: object } }).model.pictureSize, { height: 5, width: 6 });
});

test('a failure is not remembered; a machine without the addon computes with ONNX Runtime, and says so once', async () => {
  let broken = true;
  const failing = pool(() => (broken ? 'ERR_MODEL' : null));
  await assert.rejects(failing.lease('a'), { code: 'ERR_MODEL' });
  broken = false;
  assert.equal((await failing.lease('a')).loaded.modelId, 1);
  const bare = pool(({ engine }) => (engine === 'native' ? 'ERR_ENGINE_START' : null));
  await bare.lease('a');
  await bare.lease('b');
  assert.deepEqual(bare.asked.map(([, take]) => (take as { options: { engine: string } }).options.engine), ['native', 'onnx', 'native', 'onnx']); // prettier-ignore
  assert.deepEqual([bare.fellBack, bare.asked[1]![2]], [['ERR_ENGINE_START'], { deadlineMs: 60_000 }]);
  const none = pool(() => 'ERR_ENGINE_START');
  await assert.rejects(none.lease('a'), { code: 'ERR_ENGINE_START' });
  assert.equal(none.asked.length, 2);
  const onnx = pool(() => 'ERR_ENGINE_START');
  await assert.rejects(onnx.lease('a', { options: { engine: 'onnx' } }), { code: 'ERR_ENGINE_START' });
  assert.deepEqual([onnx.asked.length, onnx.fellBack], [1, []]);
});

test('a model is made warm for who comes next, whatever comes of it', async () => {
  const { made, lease, asked } = pool((_options, id) => (id === 'bad' ? 'ERR_MODEL' : null));
  const choice = { id: 'a', folder: '/w', options: { engine: 'native' } } as Parameters<ModelPool['lease']>[0];
  made.warm({ ...choice, id: 'bad' });
  made.warm(choice);
  await settled();
  assert.equal((await lease('a')).loaded.modelId, 1);
  assert.equal(asked.length, 2);
});

test('a weight file is told of without its values first; those of a large one when somebody asks', async () => {
  const run = async (readable: number | null, isModel: boolean, ask = false) => {
    const [asked, told]: [unknown[], unknown[]] = [[], []];
    const request = (name: string, take: { values: boolean; file?: string; model?: object }, options: { deadlineMs: number; onProgress?: (progress: { done: number; total: number }) => void }) => {
      asked.push(`${name} ${take.values} ${options.deadlineMs}`);
      if (take.values) options.onProgress?.({ done: 1, total: 4 });
      if (name === 'file-tensors') return readable === null ? Promise.reject(refusal('ERR_FILE')) : Promise.resolve({ readable });
      return isModel ? Promise.resolve({ report: 'report' }) : Promise.reject(refusal('ERR_MODEL'));
    };
    const file = new WeightFile({ request } as unknown as EnginePort, () => ({ id: '/f' }), (event) => {
      const { type, ...more } = event as unknown as { type: string; share: number; waits: boolean; refusal: { code: string } | null };
      told.push(type === 'reading' ? `${more.share} ${more.waits}` : `${type} ${more.refusal?.code ?? 'fine'}`);
    }, 100);
    await file.read();
    if (ask) await file.readValues();
    return [asked, told];
  };
  const [first, second] = [['file-tensors false 60000', 'describe-model false 60000'], ['file-tensors true 60000', 'describe-model true 600000']];
  const fine = ['tensors fine', 'model fine'];
  assert.deepEqual(await run(100, true), [[...first, ...second], ['null false', ...fine, '0 false', '0.25 false', ...fine, 'null false']]);
  assert.deepEqual(await run(101, true), [first, ['null false', ...fine, 'null true']]);
  assert.deepEqual(await run(101, true, true), [[...first, ...second], ['null false', ...fine, 'null true', '0 false', '0.25 false', ...fine, 'null false']]);
  assert.deepEqual(await run(1, false), [[...first, second[0]], ['null false', 'tensors fine', 'model ERR_MODEL', '0 false', '0.25 false', 'tensors fine', 'null false']]);
  assert.deepEqual(await run(null, true), [first, ['null false', 'tensors ERR_FILE', 'model fine']]);
}); // prettier-ignore

test('what the engine answers, as a panel takes it', () => {
  const whole = Float32Array.of(1, 2, 3);
  const slice = sliceForWebview({ shape: [2], values: whole.subarray(1), evidence: undefined });
  assert.deepEqual([[...slice.values], slice.values.buffer.byteLength, slice.shape], [[2, 3], 8, [2]]);
  const facts = { name: 'a.png', format: 'png', width: 4, height: 3, bytes: 99 };
  const preview = { bytes: Buffer.from([1, 2]), width: 2, height: 1 };
  const event = imageEvent('file:///a.png', { ...facts, preview, imageId: 5 } as unknown as Parameters<typeof imageEvent>[1]);
  assert.deepEqual(event, { type: 'image', image: { uri: 'file:///a.png', ...facts, preview: { ...preview, bytes: Uint8Array.of(1, 2) } } });
  assert.ok(!Buffer.isBuffer(event.image.preview.bytes));
  const shown = { id: 'i', name: 'n', path: 'p', family: 'timm', architecture: null, preprocessing: {}, labels: null, findings: [] };
  const description = { ...shown, weights: { kind: 'seed', seed: 1 } } as unknown as ModelDescription;
  const lease = { description, loaded: { engine: 'onnx', attention: true, layers: 2 } } as unknown as ModelLease;
  const none = verbatim('none');
  assert.deepEqual(modelEvent(lease, none), { type: 'model', model: { ...shown, engine: 'onnx', loaded: { engine: 'onnx', attention: none, layers: 2 } } });
}); // prettier-ignore

test('a map over the picture: 0.6 of its colour, 0.4 of the picture without its normalisation', async () => {
  const preprocessing = (channels: number) => ({ mean: Array(channels).fill(0.25), std: Array(channels).fill(0.5) }) as unknown as Preprocessing; // prettier-ignore
  const pixels = async (values: number[], signed: boolean, channels: number, picture: number[]) => {
    const map = { rows: 1, columns: 2, values: Float32Array.from(values), signed };
    const png = mapPicture(map, { shape: [channels, 1, 2], values: Float32Array.from(picture) }, preprocessing(channels)); // prettier-ignore
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [2, 1, 3]);
    return [...data];
  };
  const plain = colorTable(defaultColorMap);
  const mix = (table: ArrayLike<number>, entry: number, light: number[]) =>
    light.map((x, c) => Math.round(0.6 * table[3 * entry + c]! + 0.4 * x));
  // light is 255 (0.5 x + 0.25), between 0 and 255; planes of red, green and blue
  const lit = (x: number) => Math.max(0, Math.min(255, 255 * (0.5 * x + 0.25)));
  const rgb = [0, 1, 0.5, -2, 3, 0.1];
  const [left, right] = [[0, 0.5, 3].map(lit), [1, -2, Math.fround(0.1)].map(lit)];
  assert.deepEqual(await pixels([5, 9], false, 3, rgb), [...mix(plain, 0, left), ...mix(plain, 255, right)]);
  const grey = [0.2, 0.4].map((x) => Array<number>(3).fill(lit(Math.fround(x))));
  assert.deepEqual(await pixels([9, 5], false, 1, [0.2, 0.4]), [...mix(plain, 255, grey[0]!), ...mix(plain, 0, grey[1]!)]);
  // a signed one has its zero in the middle: -1 of -2..2 is a quarter
  const signed = colorTable(signedColorMap);
  assert.deepEqual(await pixels([-1, 2], true, 3, rgb), [...mix(signed, Math.round(255 / 4), left), ...mix(signed, 255, right)]);
}); // prettier-ignore
