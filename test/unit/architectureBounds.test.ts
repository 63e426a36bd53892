/** Every number of an architecture at both edges of its bounds, with the names that a config has for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blockOutOfBounds,
  imageOutOfBounds,
  LARGEST_FLOAT,
  outOfBounds,
  type OutOfBounds,
} from '../../extension/architecture/bounds';
import type { Architecture, Block, Rotary } from '../../extension/architecture/description';
import { plainArchitecture, plainBlock } from '../../extension/architecture/plain';

const norm = { kind: 'layer', eps: 1e-6 } as const;
const block = plainBlock(8, 2, 16, 1e-6);
const plain = (changes: Partial<Architecture> = {}): Architecture =>
  plainArchitecture({
    image: { channels: 3, height: 8, width: 8 },
    tokenizer: { kind: 'patch', patch: [4, 4], bias: true, norm: null },
    dim: 8,
    depth: 2,
    block,
    position: { kind: 'none' },
    classes: 3,
    ...changes,
  });
const inBlock = (changes: Partial<Block>) => plain({ block: { ...block, ...changes } });
const image = (channels: number, height: number, width: number) => plain({ image: { channels, height, width } });
const prefix = (registers: number, detection = 0) =>
  plain({ prefix: { class: true, distillation: false, registers, detection } });
const rotary: Rotary = {
  ...{ pairs: 'halves', frequencies: 'axial', coordinates: 'index', first: 'row', theta: 100, offset: 0 },
  prefix: false,
} as Rotary;
const turned = (changes: object) => plain({ rotary: { ...rotary, ...changes } });
const bias = (rows: number, columns: number, hidden?: number) =>
  plain({
    relativeBias: {
      ...{ tables: 'block', grid: [rows, columns], resample: 'bilinear', classEntries: true },
      network: hidden === undefined ? null : { hidden, distances: 'cr' },
    },
  });
const position = (rows: number, columns: number) =>
  plain({ position: { kind: 'learned', covers: 'patches', grid: [rows, columns], resample: 'bicubic' } });
const pooling = (heads: number, mlpHidden: number) =>
  plain({ pool: 'map', mapPool: { heads, mlpHidden, activation: 'gelu', eps: 1e-6 } });
type Split = { kernel: number; stride: number; padding: number };
const split: Split = { kernel: 3, stride: 2, padding: 1 };
const stage = plainBlock(8, 1, 8, 1e-6, { dimIn: 27 });
const soft = (changes: Partial<Split> = {}, side = 8, stageChanges: Partial<Block> = {}) =>
  plain({
    image: { channels: 3, height: side, width: side },
    tokenizer: {
      ...{ kind: 'soft-split', bias: true },
      splits: [{ ...split, ...changes }, split],
      stages: [{ ...stage, ...stageChanges }],
    },
  });

const IMAGE = ['img_size', 'image_size', 'input_size', 'crop_size', 'size', 'num_channels', 'in_chans'];
const PATCH = ['patch_size', 'softsplit_kernels'];
const DIM = ['token_len', 'embed_dim', 'hidden_size', 'hidden_dim', 'chan', 'dim', 'token_chan', 'token_dim'];
const DEPTH = ['depth', 'num_hidden_layers', 'num_layers'];
const HEADS = ['num_heads', 'num_attention_heads'];
const HIDDEN = ['Encoding_hidden_chan_mul', 'T2T_hidden_chan_mul', 'hidden_chan_mul', 'hidden_chan', 'mlp_ratio', 'mlp_dim', 'intermediate_size']; // prettier-ignore
const CLASSES = ['preds', 'num_classes', 'num_labels', 'id2label'];
const REGISTERS = ['reg_tokens', 'num_register_tokens'];
const ROTARY = ['rope_theta', 'rope_temperature', 'rope_grid_offset', 'ref_feat_shape'];
const EPS = ['norm_eps', 'layer_norm_eps'];
const SIDE = 65536;

/** `good` values lie in the bounds, `bad` ones outside. */
type Case = [what: string, of: (value: number) => Architecture, good: number[], bad: number[], fields: string[]];
const cases: Case[] = [
  ['the number of channels', (n) => image(n, 8, 8), [1, 1024], [0, 1025, 1.5], IMAGE],
  ["the image's height", (n) => image(3, n, 8), [4, SIDE], [0, SIDE + 1], IMAGE],
  ["the image's width", (n) => image(3, 8, n), [4, SIDE], [0, SIDE + 1], IMAGE],
  ['the number of values of an image', (n) => image(n, 32768, 32768), [1], [2], IMAGE],
  ['the token length', (dim) => plain({ dim }), [1, 65536], [0, 65537, 2.5], DIM],
  ['the depth', (depth) => plain({ depth }), [0, 1024], [-1, 1025], DEPTH],
  ['the number of classes', (classes) => plain({ classes }), [0, 2 ** 20], [-1, 2 ** 20 + 1], CLASSES],
  ['the number of registers', (n) => prefix(n), [0, 65536], [-1, 65537], REGISTERS],
  ['the number of detection tokens', (n) => prefix(0, n), [0, 65536], [-1, 65537], ['num_detection_tokens']],
  ["a patch's height", (n) => plain({ tokenizer: { kind: 'patch', patch: [n, 4], bias: true, norm: null } }), [1, 8], [0, 9], PATCH],
  ["a patch's width", (n) => plain({ tokenizer: { kind: 'patch', patch: [4, n], bias: true, norm: null } }), [1, 8], [0, 9], PATCH],
  ['the number of values of a patch', (n) => plain({ image: { channels: n, height: 256, width: 256 }, tokenizer: { kind: 'patch', patch: [256, 256], bias: true, norm: null } }), [1024], [], [...PATCH, ...IMAGE]],
  ['the number of values of a patch', (n) => plain({ image: { channels: 1023, height: 257, width: n }, tokenizer: { kind: 'patch', patch: [257, n], bias: true, norm: null } }), [255], [256], [...PATCH, ...IMAGE]],
  ['the size of the patch projection', (dim) => plain({ image: { channels: 1024, height: 128, width: 256 }, tokenizer: { kind: 'patch', patch: [128, 256], bias: true, norm: null }, dim }), [32768], [32769], DIM],
  ["a norm's eps", (eps) => plain({ tokenizer: { kind: 'patch', patch: [4, 4], bias: true, norm: { kind: 'layer', eps } } }), [0, 1], [-1e-9, 1.001], EPS],
  ['the number of tokens', (n) => image(1, 4096, n), [4095], [4096], [...IMAGE, ...PATCH, ...REGISTERS]],
  ['the length of the tokens into the encoding block', (dimIn) => inBlock({ dimIn }), [1, 2 ** 26], [0, 2 ** 26 + 1], DIM],
  ['the length of the tokens out of the encoding block', (dim) => inBlock({ dim }), [1, 65536], [0, 65537], DIM],
  ['the number of heads of the encoding block', (heads) => inBlock({ heads }), [1, 1024], [0, 1025], HEADS],
  ['the width of a head of the encoding block', (headDim) => inBlock({ headDim }), [1, 65536], [0, 65537, 0.5], [...HEADS, ...DIM]],
  ['the number of branches of the encoding block', (branches) => inBlock({ branches }), [1, 16], [0, 17], ['num_parallel']],
  ['the hidden width of the encoding block', (mlpHidden) => inBlock({ mlpHidden }), [1, 2 ** 20], [0, 2 ** 20 + 1], HIDDEN],
  // 3 heads d dimIn
  ['the size of Q, K and V of the encoding block', (dimIn) => inBlock({ dimIn, heads: 1024, headDim: 1024 }), [349525], [349526], [...DIM, ...HEADS]],
  ['the scale of Q of the encoding block', (scale) => inBlock({ scale }), [LARGEST_FLOAT, -LARGEST_FLOAT, 0], [2 ** 128, -(2 ** 128), NaN, Infinity], ['qk_scale']],
  ["a norm's eps", (eps) => inBlock({ norm: { kind: 'layer', eps } }), [0, 1], [-1, 2, NaN], EPS],
  ["a norm's eps", (eps) => inBlock({ qkNorm: { kind: 'layer', eps } }), [1], [2], EPS],
  ["a norm's eps", (eps) => inBlock({ attnNorm: { kind: 'layer', eps } }), [1], [2], EPS],
  ["a norm's eps", (eps) => inBlock({ mlpNorm: { kind: 'rms', eps } }), [1], [2], EPS],
  ["a norm's eps", (eps) => plain({ preNorm: { kind: 'layer', eps } }), [1], [2], EPS],
  ["a norm's eps", (eps) => plain({ finalNorm: { kind: 'layer', eps } }), [1], [2], EPS],
  ["a norm's eps", (eps) => plain({ fcNorm: { kind: 'layer', eps } }), [1], [2], EPS],
  ["the number of rows of the position table's grid", (n) => position(n, 1), [1, 2 ** 20], [0, 2 ** 20 + 1], IMAGE],
  ["the number of columns of the position table's grid", (n) => position(1, n), [1, 2 ** 20], [0, 2 ** 20 + 1], IMAGE],
  ['the number of positions', (n) => position(1024, n), [1024], [1025], [...IMAGE, ...PATCH]],
  ["the rotary positions' theta", (theta) => turned({ theta }), [1e-12, 1e12, 0.5], [0, 1.01e12, 0.99e-12], ROTARY],
  ["the rotary positions' offset", (offset) => turned({ offset }), [-1e6, 1e6, 0.5], [-1000001, 1000001], ROTARY],
  ["a side of the rotary positions' reference grid", (n) => turned({ reference: [n, 4] }), [1, SIDE], [0, SIDE + 1, 1.5], ROTARY],
  ["a side of the rotary positions' reference grid", (n) => turned({ reference: [4, n] }), [1, SIDE], [0, SIDE + 1], ROTARY],
  ['the number of relative distances', (n) => bias(n, 1), [1, 2 ** 19], [0, 2 ** 20 + 1], IMAGE],
  ['the number of relative distances', (n) => bias(1, n), [1, 2 ** 19], [0, 2 ** 20 + 1], IMAGE],
  // (2 r - 1)(2 c - 1): 1023 * 1025 and 1025 * 1025
  ['the number of relative distances', (n) => bias(513, n), [512], [513], IMAGE],
  ["the relative position bias' hidden width", (n) => bias(2, 2, n), [1, 2 ** 20], [0, 2 ** 20 + 1], ['rel_pos_dim']],
  ["the pooling's number of heads", (n) => pooling(n, 0), [1, 1024], [0, 1025], HEADS],
  ["the pooling's hidden width", (n) => pooling(1, n), [0, 2 ** 20], [-1, 2 ** 20 + 1], HIDDEN],
  ['the length of the projection', (length) => plain({ projection: { length, bias: true, activation: null } }), [1, 65536], [0, 65537], ['representation_size', 'projection_dim']],
  ['the number of soft splits', (n) => plain({ tokenizer: { kind: 'soft-split', bias: true, splits: Array.from({ length: n }, () => ({ kernel: 1, stride: 1, padding: 0 })), stages: [] } }), [1, 16], [0, 17], PATCH],
  ['the kernel of soft split 1', (kernel) => soft({ kernel }), [1, SIDE], [0, SIDE + 1], PATCH],
  ['the stride of soft split 1', (stride) => soft({ stride }), [1, SIDE], [0, SIDE + 1], PATCH],
  ['the padding of soft split 1', (padding) => soft({ padding }), [0, SIDE], [-1, SIDE + 1], PATCH],
  // 3 k^2
  ['the number of values of soft split 1', (kernel) => soft({ kernel }), [4729], [4730], [...PATCH, ...IMAGE]],
  ['the hidden width of token transformer 1', (mlpHidden) => soft({}, 8, { mlpHidden }), [1, 2 ** 20], [0, 2 ** 20 + 1], HIDDEN],
  // 1024 * 181^2 values
  ['the size of the projection', (dim) => plain({ dim, image: { channels: 1024, height: 256, width: 256 }, tokenizer: { kind: 'soft-split', bias: true, splits: [{ kernel: 181, stride: 8, padding: 0 }], stages: [] } }), [32775], [32776], DIM],
  ['the number of rows soft split 1 makes of the image', (kernel) => plain({ image: { channels: 1, height: 8, width: 16 }, tokenizer: { kind: 'soft-split', bias: true, splits: [{ ...split, kernel }], stages: [] } }), [10], [11], [...PATCH, ...IMAGE]],
  ['the number of columns soft split 1 makes of the image', (kernel) => plain({ image: { channels: 1, height: 16, width: 8 }, tokenizer: { kind: 'soft-split', bias: true, splits: [{ ...split, kernel }], stages: [] } }), [10], [11], [...PATCH, ...IMAGE]],
  ['the number of tokens soft split 1 makes of the image', (width) => plain({ image: { channels: 1, height: 1024, width }, tokenizer: { kind: 'soft-split', bias: true, splits: [{ kernel: 1, stride: 1, padding: 0 }], stages: [] } }), [1023, 1024], [1025], [...PATCH, ...IMAGE]],
]; // prettier-ignore

const named = (found: OutOfBounds | null, what: string): boolean => found?.what.message === what;

for (const [what, of, good, bad, fields] of cases) {
  test(`${what}: ${[...good, ...bad].join(', ')}`, () => {
    for (const value of good) assert.ok(!named(outOfBounds(of(value)), what), `${value} is allowed`);
    for (const value of bad) {
      const found = outOfBounds(of(value));
      assert.ok(named(found, what), `${value}: ${found?.said.message}`);
      assert.deepEqual(found!.fields, fields);
      assert.ok(found!.said.message.startsWith(`${what} is ${found!.value}, but must be a `), found!.said.message);
    }
  });
}

test('a pass of 10^14 multiplications is the longest', () => {
  // depth N (3 D^2 + D^2 + 2 D H) and N^2 (2 D + 8 h) in each block, and D classes
  const of = (classes: number) =>
    plain({ image: { channels: 1, height: 1024, width: 1024 }, depth: 1, prefix: { class: false, distillation: false, registers: 0 }, classes }); // prettier-ignore
  assert.equal(outOfBounds(of(3)), null);
  const long = (depth: number) =>
    plain({ image: { channels: 3, height: 2048, width: 2048 }, depth, prefix: { class: false, distillation: false, registers: 0 }, tokenizer: { kind: 'patch', patch: [4, 4], bias: true, norm: null }, classes: 0 }); // prettier-ignore
  // 262144 tokens: 262144 (48 * 8) + depth (262144 (512) + 262144^2 * 32)
  const each = 262144 * 512 + 262144 ** 2 * 32;
  const most = Math.floor((1e14 - 262144 * 384) / each);
  assert.equal(outOfBounds(long(most)), null);
  const found = outOfBounds(long(most + 1));
  assert.equal(found?.value, 262144 * 384 + (most + 1) * each);
  assert.deepEqual(found?.fields, [...IMAGE, ...PATCH, ...DIM, ...DEPTH]);
  assert.match(found.said.message, /^the number of multiplications of a pass .* is [\d.e+]+, but must be a number from 1 to 100000000000000$/); // prettier-ignore
});

test('what is said names the value, the least and the most; whole numbers are told from others', () => {
  const said = (architecture: Architecture) => outOfBounds(architecture)?.said.message;
  assert.equal(said(plain({ depth: 1025 })), 'the depth is 1025, but must be a whole number from 0 to 1024');
  assert.equal(said(plain({ dim: 0 })), 'the token length is 0, but must be a whole number from 1 to 65536');
  assert.equal(said(turned({ offset: -2e6 })), "the rotary positions' offset is -2000000, but must be a number from -1000000 to 1000000"); // prettier-ignore
  assert.equal(outOfBounds(plain({ depth: 1025 }))?.least, 0);
  assert.equal(outOfBounds(plain({ dim: 0 }))?.least, 1);
  assert.equal(outOfBounds(plain({ dim: 0 }))?.most, 65536);
});

test('what is allowed is allowed: models of every kind', () => {
  for (const architecture of [
    plain(),
    soft(),
    prefix(4, 5),
    turned({}),
    turned({ reference: [2, 2] }),
    bias(2, 2),
    bias(2, 2, 5),
    position(2, 2),
    pooling(2, 16),
    plain({ block: { ...block, norm }, fcNorm: norm }),
  ])
    // prettier-ignore
    assert.equal(outOfBounds(architecture), null);
});

test('a block or an image alone is bounded by the same numbers', () => {
  assert.equal(blockOutOfBounds(block), null);
  assert.equal(blockOutOfBounds({ ...block, heads: 1025 })?.said.message, 'the number of heads of the block is 1025, but must be a whole number from 1 to 1024'); // prettier-ignore
  const wide = { ...block, dim: 65536, mlpHidden: 2 ** 20 };
  assert.equal(blockOutOfBounds(wide), null, '2^36 values of the first layer are fewer than 2^40');
  assert.equal(imageOutOfBounds({ channels: 1, height: 32768, width: 32768 }), null);
  assert.equal(imageOutOfBounds({ channels: 1, height: 32769, width: 32768 })?.value, 32769 * 32768);
  assert.equal(LARGEST_FLOAT, new Float32Array(Uint32Array.of(0x7f7fffff).buffer)[0]);
});
