/** Fields of configs by type and bound, what tensors tell of sizes, published heads, labels, wrapped configs of open_clip. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGEST_FLOAT } from '../../../extension/architecture/bounds';
import { LIMITS } from '../../../extension/architecture/limits';
import { CLIP } from '../../../extension/models/config/preprocessing';
import { Fields } from '../../../extension/models/config/fields';
import { assumeHeads, publishedHeads, usualHeads } from '../../../extension/models/config/heads';
import { commonSize, depthOf, gridOfRows, inferGrid, isOblong, pick } from '../../../extension/models/config/infer';
import { labelCount, labelTable } from '../../../extension/models/config/labelTable';
import { asTimmConfig } from '../../../extension/models/families/openClipTrunk';
import type { Finding } from '../../../extension/architecture/description';
import { refused, tensorsOf } from './described';

const fields = (values: object) => new Fields('config.json', values as Record<string, unknown>);
const of = (x: unknown) => fields({ x });

test('a field has the type and the bounds it should, or is refused with what it should be', () => {
  const good: [read: (f: Fields) => unknown, value: unknown, read_: unknown][] = [
    [(f) => f.number('x', 0, 1), 0, 0],
    [(f) => f.number('x', 0, 1), 1, 1],
    [(f) => f.number('x'), -LARGEST_FLOAT, -LARGEST_FLOAT],
    [(f) => f.number('x'), LARGEST_FLOAT, LARGEST_FLOAT],
    [(f) => f.size('x', 5), 1, 1],
    [(f) => f.size('x', 5), 5, 5],
    [(f) => f.size('x', 5, 0), 0, 0],
    [(f) => f.size('x', 'depth'), LIMITS.depth, LIMITS.depth],
    [(f) => f.pair('x'), 7, [7, 7]],
    [(f) => f.pair('x'), [7, 8], [7, 8]],
    [(f) => f.pair('x'), LIMITS.side, [LIMITS.side, LIMITS.side]],
    [(f) => f.imageSize('x'), [3, 4, 5], [3, 4, 5]],
    [(f) => f.imageSize('x'), [LIMITS.channels, LIMITS.side, LIMITS.side], [LIMITS.channels, LIMITS.side, LIMITS.side]],
    [(f) => f.flag('x'), false, false],
    [(f) => f.text('x'), '', ''],
    [(f) => f.word('x'), 5, ''],
    [(f) => f.word('x'), 'a', 'a'],
    [(f) => f.oneOf('x', { gelu_tanh: 1, gelu: 2 }), 'nn.GELU', 2],
    [(f) => f.oneOf('x', { gelu_tanh: 1, gelu: 2 }), 'GeluTanh', 1],
    [(f) => f.oneOf('x', { gelu_tanh: 1, gelu: 2 }), 'torch.nn.gelu-tanh', 1],
    [(f) => f.numbers('x', [1, 3], 0, 1), [0, 1, 0.5], [0, 1, 0.5]],
    [(f) => f.numbers('x', [1, 3], 0, 1), 0.5, [0.5]],
    [(f) => f.inner('x').get('y'), { y: 1 }, 1],
    [(f) => f.holdsObject('x'), {}, true],
    [(f) => f.holdsObject('x'), [], false],
    [(f) => f.has('x'), 0, true],
    [(f) => f.has('x'), null, false],
    [(f) => f.has('toString'), 1, false],
  ]; // prettier-ignore
  for (const [read, value, expected] of good) {
    assert.deepEqual(read(of(value)), expected, `${String(read)} of ${JSON.stringify(value)}`);
    if (/\.(number|size|pair|imageSize|flag|text|oneOf|numbers)\(/.test(String(read))) for (const none of [null, undefined]) assert.equal(read(of(none)), undefined);
  }
  const bad: [read: (f: Fields) => unknown, values: unknown[], said: RegExp][] = [
    [(f) => f.number('x', 0, 1), [-0.1, 1.1, '1', NaN], /"x" should be a number from 0 to 1, not/],
    [(f) => f.number('x'), ['1', true, [1]], /"x" should be a number, not/],
    [(f) => f.size('x', 5), [0, 6, 1.5, -1], /"x" should be a whole number from 1 to 5, not/],
    [(f) => f.size('x', 5, 0), [-1], /"x" should be a whole number from 0 to 5, not -1/],
    [(f) => f.size('x', 5), ['3', [3]], /"x" should be a number, not/],
    [(f) => f.pair('x'), [0, LIMITS.side + 1, [1], [1, 2, 3], [0, 1], [1, 0], ['1', 1], 1.5], /"x" should be a size in pixels or \[height, width\], each at most/],
    [(f) => f.imageSize('x'), [5, [3, 4], [3, 4, 5, 6], [0, 4, 5], [LIMITS.channels + 1, 4, 5], [3, LIMITS.side + 1, 5], [3, 4, LIMITS.side + 1]], /"x" should be \[channels, height, width\], whole numbers from 1 to/],
    [(f) => f.flag('x'), [0, 'true'], /"x" should be true or false, not/],
    [(f) => f.text('x'), [0, ['a']], /"x" should be a string, not/],
    [(f) => f.oneOf('x', { a: 1, b: 2 }), ['c', 'ab'], /"x" should be one of a, b, not/],
    [(f) => f.numbers('x', [2, 3], 0, 1), [[0.1], 0.5, [0, 2], [0, -1, 0], [0, '1'], 'x'], /"x" should be a list of 2 or 3 numbers from 0 to 1, not/],
    [(f) => f.inner('x'), [1, [], 'a'], /"x" should be an object, not/],
  ]; // prettier-ignore
  for (const [read, values, said] of bad)
    for (const value of values) {
      refused(() => read(of(value)), said, 'config');
      refused(() => read(fields({ y: { x: value } }).inner('y')), new RegExp(said.source.replace('"x"', '"y\\.x"')), 'config');
    }
  refused(() => of('a'.repeat(100)).flag('x'), new RegExp(`not "${'a'.repeat(59)}…`));
  refused(() => of('a'.repeat(58)).flag('x'), new RegExp(`not "${'a'.repeat(58)}"[^…]*$`));
}); // prettier-ignore

test('fields over fields: what is null was not given', () => {
  const base = fields({ a: 1, b: null, c: 3 });
  assert.deepEqual(base.over({ a: 9, b: 8, d: 7 }).only(['a', 'b', 'c', 'd', 'e']), { a: 1, b: 8, c: 3, d: 7 });
  assert.deepEqual(base.with({ a: 9, d: 7 }).only(['a', 'b', 'c', 'd']), { a: 9, c: 3, d: 7 });
  assert.deepEqual(base.names(), ['a', 'b', 'c']);
  const args = fields({ model_args: { x: 1 }, x: 2, y: 3, z: 4 }).modelArguments(['x', 'y'], { x: 5, y: 6, w: 7 });
  assert.deepEqual(args.only(['w', 'x', 'y', 'z']), { w: 7, x: 1, y: 3 });
  refused(() => fields({ model_args: { x: 'a' } }).modelArguments([]).flag('x'), /"model_args\.x" should be true or false/);
  refused(() => fields({ a: { b: 'c' } }).inner('a').with({ d: 1 }).flag('b'), /"a\.b" should be/);
}); // prettier-ignore

test('sizes from tensors', () => {
  const tensors = tensorsOf({ 'blocks.0.w': [4, 8], 'blocks.1.w': [4, 8], 'blocks.2.w': [6, 9], 'myblocks.7.w': [1, 1], 'blocks.12.v': [5] });
  assert.equal(depthOf(tensors, 'blocks.{i}.'), 13);
  assert.deepEqual([depthOf(tensors, 'layers.{i}.'), depthOf(null, 'blocks.{i}.'), depthOf(tensors, 'blocks.{i}.w')], [undefined, undefined, 3]);
  assert.equal(depthOf(tensorsOf({ 'blocks.12345.w': [1], blocksx0: [1], 'blocks.9999.w': [1] }), 'blocks.{i}.'), 10_000);
  assert.deepEqual([commonSize(tensors, /^blocks.*w$/, 0), commonSize(tensors, /^blocks.*w$/, 1), commonSize(tensors, /v$/, 1), commonSize(null, /w/, 0)], [4, 8, undefined, undefined]);
  // one odd block first does not decide
  assert.equal(commonSize(tensorsOf({ a: [1], b: [2], c: [2] }), /./, 0), 2);
  assert.deepEqual([pick(tensors, /\.w$/)?.name, pick(tensors, /z/), pick(null, /./)], ['blocks.0.w', undefined, undefined]);
  assert.deepEqual(inferGrid(17, [1]), [4, 4]);
  assert.deepEqual(inferGrid(16, [1, 0]), [4, 4]);
  assert.deepEqual([inferGrid(18, [1]), inferGrid(1, [1]), inferGrid(0, [0]), inferGrid(16, [])], [undefined, undefined, undefined, undefined]);
  assert.deepEqual(inferGrid(26, [1, 10]), [5, 5]);
  assert.deepEqual(gridOfRows(undefined, 1, [2, 3]), [2, 3]);
  assert.deepEqual(gridOfRows(7, 1, [2, 3]), [2, 3]);
  assert.deepEqual(gridOfRows(17, 1, [2, 3]), [4, 4]);
  assert.deepEqual(gridOfRows(18, 1, [2, 3]), [2, 3]);
  assert.deepEqual([1, 2, 3, 4, 5, 7, 12, 15, 21, 22, 36, 195, 197].map(isOblong), [true, true, true, true, false, false, true, true, true, false, true, true, false]);
  assert.deepEqual([27, 48, 75, 76, 0].map(isOblong), [true, true, true, false, false]);
}); // prettier-ignore

test('heads of published models by the length of their tokens', () => {
  assert.deepEqual([192, 384, 768, 1024, 1152, 1280, 1408, 1536, 1664, 1792].map((dim) => publishedHeads(dim)), [[3], [6], [12], [16, 8], [16], [16], [16], [24, 16, 12], [16], [16]]);
  assert.deepEqual([[512, 8], [100, 1], [64, 1], [128, 2], [1536, 24]].map(([dim]) => usualHeads(dim!)), [8, 1, 1, 2, 24]);
  const findings: Finding[] = [];
  assert.equal(assumeHeads(384, findings), 6);
  assert.deepEqual(findings.map(({ severity, code, subject, message }) => [severity, code, subject, message]), [['warning', 'assumed-heads', 'num_heads', 'The number of heads is nowhere in the file; 6 (64 wide) is assumed, set it in config.json if that is wrong.']]);
}); // prettier-ignore

test('class names of a config, however they were written', () => {
  const table = (values: object) => {
    const found = labelTable(fields(values));
    return found && [found.field, ...found.names];
  };
  assert.deepEqual(table({ id2label: { 0: 'a', 1: 'b' } }), ['id2label', [0, 'a'], [1, 'b']]);
  assert.deepEqual(table({ id2label: ['a', 'b'] }), ['id2label', [0, 'a'], [1, 'b']]);
  assert.deepEqual(table({ id2label: [1, true] }), ['id2label', [0, '1'], [1, 'true']]);
  assert.deepEqual(table({ label2id: { a: 0, b: '1' } }), ['label2id', [0, 'a'], [1, 'b']]);
  assert.deepEqual(table({ id2label: { 0: 'a' }, label2id: { b: 0 } }), ['id2label', [0, 'a']]);
  assert.deepEqual(table({ id2label: { x: 'a' }, label2id: { b: 0 } }), ['label2id', [0, 'b']]);
  for (const id2label of [{ 0: 'a', x: 'b' }, { 0: {} }, { 0: null }, {}, [], 'a', 5, { 12345678: 'a' }, { '-1': 'a' }, { '1x': 'a' }])
    assert.equal(table({ id2label }), null, JSON.stringify(id2label));
  assert.equal(table({ label2id: { a: 0, b: 0 } }), null);
  assert.deepEqual(table({ id2label: { 1234567: 'a' } }), ['id2label', [1234567, 'a']]);
  assert.deepEqual([labelCount(fields({ id2label: ['a', 'b'] })), labelCount(fields({}))], [2, 0]);
}); // prettier-ignore

test("a model of timm inside open_clip's config becomes one of timm", () => {
  const trunk = (vision: object, others: object = {}) =>
    asTimmConfig(fields({ model_cfg: { vision_cfg: { timm_model_name: 'vit_base_patch16_siglip_224', ...vision } }, ...others }));
  const plain = trunk({});
  assert.deepEqual(plain.only(['architecture', 'num_classes', 'global_pool', 'pretrained_cfg']), {
    architecture: 'vit_base_patch16_siglip_224',
    num_classes: 0,
    pretrained_cfg: { input_size: [3, 224, 224], crop_pct: 1, crop_mode: 'center', fill_color: 0, interpolation: 'bicubic', ...CLIP },
  });
  assert.deepEqual(trunk({ image_size: [32, 48] }).inner('pretrained_cfg').get('input_size'), [3, 32, 48]);
  for (const pool of ['token', 'avg', 'map', 'max', 'avgmax']) assert.equal(trunk({ timm_pool: pool }).get('global_pool'), pool);
  for (const pool of ['', 'abs_attn', 'mytoken', 'tokens']) assert.equal(trunk({ timm_pool: pool }).get('global_pool'), undefined, pool);
  const cfg = trunk({}, { preprocess_cfg: { mean: [0.5], std: [0.5], interpolation: 'bilinear', resize_mode: 'squash', size: 5 } });
  assert.deepEqual(cfg.get('pretrained_cfg'), { input_size: [3, 224, 224], crop_pct: 1, crop_mode: 'squash', mean: [0.5], std: [0.5], interpolation: 'bilinear', fill_color: 0 });
  // without the wrapper, and where there is nothing of it
  assert.equal(asTimmConfig(fields({ vision_cfg: { timm_model_name: 'x' } })).get('architecture'), 'x');
  for (const values of [{}, { model_cfg: {} }, { vision_cfg: {} }, { vision_cfg: { timm_model_name: 5 } }]) {
    const config = fields(values);
    assert.equal(asTimmConfig(config), config, JSON.stringify(values));
  }
  assert.equal(trunk({}, { architecture: 'own' }).get('architecture'), 'own');
}); // prettier-ignore
