import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Architecture, Block } from '../../extension/architecture/description';
import { plainArchitecture, plainBlock } from '../../extension/architecture/plain';
import type { Step } from '../../extension/engine/requests';
import { colorTable } from '../../extension/drawing/colorMap';
import { unitDomain } from '../../webview/walk/inputPicture';
import * as matrix from '../../webview/walk/matrix';
import { atLayer, layerOf } from '../../webview/app/stepNames';
import { formulasOf, type Formula } from '../../webview/walk/formulas';
import { findPage, meaningOf, pagesOf } from '../../webview/walk/pages';
import { attended, exampleOrder, examplePositions, exampleTokens, plus, reordered } from '../../webview/walk/order';
import { planOf, reconstruct, windowAt } from '../../webview/walk/softSplit';
import { defaultPatch } from '../../webview/walk/walk';

const step = (name: string): Step => ({ name, shape: [1, 16, 32], source: { file: 'native/src/x.cc', line: 1 } });
const block = (layer: number) =>
  ['norm1', 'attn.q', 'attn.k', 'attn.v', 'attn.weights', 'attn.residual', 'mlp.act', 'mlp.residual'].map((name) =>
    step(`blocks.${layer}.${name}`),
  );
const steps = [
  ...['patches', 'patch_embed', 'prefix', 'pos_embed', 'tokens'].map(step),
  ...block(0),
  ...block(1),
  ...['norm', 'pool', 'head'].map(step),
];

test("pages follow the articles' order, the blocks' steps once", () => {
  const pages = pagesOf(steps, null, 2);
  assert.deepEqual(
    pages.map(({ id }) => id),
    [
      'input',
      'patches',
      'token',
      'patch_embed',
      'prefix',
      'pos_embed',
      'tokens',
      'blocks.*.norm1',
      'blocks.*.attn.q',
      'blocks.*.attn.weights',
      'blocks.*.attn.residual',
      'blocks.*.mlp.act',
      'blocks.*.mlp.residual',
      'depth',
      'norm',
      'pool',
      'head',
      'prediction',
    ],
  );
  const qkv = pages[8]!;
  assert.deepEqual(qkv.steps, ['blocks.*.attn.q', 'blocks.*.attn.k', 'blocks.*.attn.v']);
  assert.equal(qkv.title, 'Queries, keys and values');
  assert.equal(pages[4]!.title, 'Prediction token');
  assert.equal(pages[4]!.term, 'class token');
  assert.equal(pages[10]!.title, 'Split connection around attention');
});

test('positions inside attention have pages with words: Q and K turned together, and a bias like scores', () => {
  const names = ['attn.q', 'attn.k', 'attn.v', 'attn.q_rotated', 'attn.k_rotated', 'attn.bias', 'attn.scores'];
  const pages = pagesOf([...['patches', 'patch_embed', 'patch_embed.norm'].map(step), ...names.map((name) => step(`blocks.0.${name}`)), step('projection')], null, 1); // prettier-ignore
  const page = (id: string) => pages.find((each) => each.id === id);
  const turned = page('blocks.*.attn.q_rotated');
  assert.deepEqual(turned?.steps, ['blocks.*.attn.q_rotated', 'blocks.*.attn.k_rotated']);
  assert.equal(turned.figure, 'heads');
  assert.equal(turned.term, 'rotary position embedding, RoPE');
  assert.equal(page('blocks.*.attn.bias')?.figure, 'heads');
  assert.equal(page('blocks.*.attn.bias')?.title, 'Bias by distance');
  assert.equal(page('patch_embed.norm')?.chapter, page('patch_embed')?.chapter);
  assert.equal(page('projection')?.title, 'Projection of what was pooled');
  assert.equal(meaningOf('blocks.0.attn.bias', [1, 2, 16, 16]), meaningOf('blocks.0.attn.scores', [1, 2, 16, 16]));
});

test('a soft split has its own chapters, and a step without words still has a page', () => {
  const t2t = [
    'tokenizer.splits.0.windows',
    'tokenizer.stages.0.norm1',
    'tokenizer.splits.1.windows',
    'patch_embed',
    'new_thing',
  ];
  const pages = pagesOf(t2t.map(step), null, 0);
  assert.deepEqual(
    pages.map(({ chapter }) => chapter),
    [
      'Image to tokens',
      'Soft split 1',
      'Token transformer 1',
      'Soft split 2',
      'Image to tokens',
      'Prediction processing',
      'Prediction processing',
    ],
  );
  assert.deepEqual(pages.map(({ stage }) => stage).slice(0, 5), [null, 0, 0, 1, null]);
  assert.equal(pages[5]!.title, 'new_thing');
});

test('an engine without steps shows the picture, its patches and the prediction', () => {
  assert.deepEqual(
    pagesOf([], null, 12).map(({ id }) => id),
    ['input', 'patches', 'prediction'],
  );
});

test("links lead to pages by any of their steps' names", () => {
  const pages = pagesOf(steps, null, 2);
  assert.equal(pages[findPage(pages, 'blocks.1.attn.v')]!.id, 'blocks.*.attn.q');
  assert.equal(pages[findPage(pages, 'pos_embed')]!.id, 'pos_embed');
  assert.equal(findPage(pages, undefined), 0);
  assert.equal(findPage(pages, 'no.such.step'), 0);
  assert.equal(layerOf('blocks.11.attn.v'), 11);
  assert.equal(layerOf('norm'), null);
  assert.equal(atLayer('blocks.*.attn.q', 3), 'blocks.3.attn.q');
});

test('one head of (1, h, N, N) is a matrix; a vector is one row', () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i);
  assert.equal(matrix.matrixCount([1, 3, 2, 2]), 3);
  assert.deepEqual(Array.from(matrix.matrixOf([1, 3, 2, 2], values, 1).values), [4, 5, 6, 7]);
  assert.deepEqual({ ...matrix.matrixOf([12], values), values: null }, { rows: 1, columns: 12, values: null });
});

test('matrices fit the width; few rows are made tall enough', () => {
  assert.deepEqual(matrix.fitMatrix({ rows: 15, columns: 400 }, 800, 400), {
    row: 0,
    column: 0,
    cellWidth: 2,
    cellHeight: 200 / 15,
  });
  assert.equal(matrix.fitMatrix({ rows: 1, columns: 10 }, 800, 400).cellWidth, 28);
  const tall = matrix.fitMatrix({ rows: 4000, columns: 10 }, 800, 400);
  assert.equal(matrix.heightOf({ rows: 4000 }, tall), 400);
});

test('zooming a matrix keeps the cell under the pointer', () => {
  const size = { rows: 15, columns: 400 };
  const fitted = matrix.fitMatrix(size, 800, 400);
  const [x, y] = [403, 100];
  const before = matrix.cellAt(fitted, size, x, y);
  const zoomed = matrix.zoomMatrix(fitted, 8, x, y, fitted);
  assert.equal(zoomed.cellWidth, 16);
  assert.deepEqual(matrix.cellAt(zoomed, size, x, y), before);
  assert.deepEqual(before, { row: 7, column: 201 });
  assert.equal(matrix.cellAt(fitted, size, 801, 0), null);
  const moved = matrix.keepInside({ ...zoomed, column: 399, row: -3 }, size, 800, 200);
  assert.deepEqual([moved.column, moved.row], [350, 0]);
});

test('each device pixel takes the colour of its cell', () => {
  const table = colorTable('greys');
  const shown = { rows: 1, columns: 2, values: new Float32Array([0, 1]) };
  const window = { row: 0, column: 0, cellWidth: 1, cellHeight: 1 };
  const pixels = matrix.paintMatrix(shown, window, [0, 1], table, 6, 2, 2);
  const reds = Array.from({ length: 6 }, (_, i) => [pixels[i * 4], pixels[i * 4 + 3]]);
  assert.deepEqual(reds, [
    [255, 255],
    [255, 255],
    [0, 255],
    [0, 255],
    [0, 0],
    [0, 0],
  ]);
  assert.equal(pixels[6 * 4 + 3], 255); // the second row of pixels is still the first of the matrix
});

test('cosine similarity of positions', () => {
  const table = { rows: 4, columns: 2, values: new Float32Array([1, 0, 0, 2, -3, 0, 0, 0]) };
  assert.deepEqual(Array.from(matrix.similarity(table, 0)), [1, 0, -1, 0]);
});

test('statistics leave out what is not finite', () => {
  assert.deepEqual(matrix.statistics(new Float32Array([1, 3, NaN, Infinity])), {
    mean: 2,
    deviation: 1,
    low: 1,
    high: 3,
  });
});

test("the T2T article's soft split: k 20, s 10, p 5 on 60 x 100", () => {
  const split = { kernel: 20, stride: 10, padding: 5 };
  const plan = planOf(split, { width: 100, height: 60 });
  assert.deepEqual(plan, { width: 110, height: 70, padding: 5, kernel: 20, rows: 6, columns: 10 });
  assert.deepEqual(windowAt(split, plan, 0), { x: 0, y: 0 });
  assert.deepEqual(windowAt(split, plan, 59), { x: 90, y: 50 });
  assert.deepEqual(Array.from(reconstruct(new Float32Array([1, 3, 5, 7]), 2, 2)), [2, 6]);
});

test('black and white of the picture after normalizing', () => {
  const preprocessing = { mean: [0.5, 0.25], std: [0.5, 0.25] } as Parameters<typeof unitDomain>[0];
  assert.deepEqual(unitDomain(preprocessing), [-1, 3]);
});

test('the articles follow patch 12', () => {
  assert.equal(defaultPatch(15) + 1, 12);
  assert.equal(defaultPatch(4), 2);
});

test('attention does not see order: the same rows come out in the other order, and others once positions are added', () => {
  const { scores, out } = attended(exampleTokens);
  // by hand: a = (1, 2), b = (3, 0), c = (0, 1)
  assert.deepEqual(scores, [
    [5, 3, 2],
    [3, 9, 0],
    [2, 0, 1],
  ]);
  assert.deepEqual(out, [
    [14, 12],
    [30, 6],
    [2, 5],
  ]);
  const others = reordered(exampleTokens, exampleOrder);
  assert.deepEqual(attended(others).out, reordered(out, exampleOrder));
  const placed = attended(plus(exampleTokens, examplePositions)).out;
  assert.notDeepEqual(attended(plus(others, examplePositions)).out, reordered(placed, exampleOrder));
});

test('axes by name', () => {
  assert.equal(meaningOf('blocks.0.attn.weights', [1, 4, 9, 9]), 'batch, heads, tokens, tokens');
  assert.equal(meaningOf('patches', [1, 15, 400]), 'batch, tokens, token length');
  assert.equal(meaningOf('head', [1, 10]), 'batch, classes');
});

test('formulas are those of the model: its scale, its activation, its norm; none where the usual one would not hold', () => {
  const flat = (formula: Formula | string): string =>
    typeof formula === 'string' ? formula : formula.slice(1).map((part) => flat(part)).join(''); // prettier-ignore
  const vit = plainArchitecture({
    image: { channels: 3, height: 32, width: 32 },
    tokenizer: { kind: 'patch', patch: [8, 8], bias: true, norm: null },
    dim: 64,
    depth: 2,
    block: plainBlock(64, 4, 128, 1e-6),
    position: { kind: 'none' },
    classes: 10,
  });
  const of = (id: string, architecture: Architecture | null = vit) => {
    return formulasOf(id, architecture, 'softmax').map(flat).join('; ') || null;
  };
  assert.equal(of('blocks.*.attn.scores'), 'S=0.25·QKT');
  assert.equal(of('blocks.*.attn.q'), 'Q=xWQT+bQ; K=xWKT+bK; V=xWVT+bV');
  assert.equal(of('blocks.*.attn.weights'), 'Aij=softmax\u2061(Si)=eSij∑keSik');
  assert.equal(of('blocks.*.attn.residual'), 'x+f\u2061(x)=y');
  assert.equal(of('blocks.*.mlp.act'), 'y=hΦ\u2061(h)');
  assert.equal(of('prediction'), 'pc=eyc∑keyk');
  const { block } = vit;
  const other = (change: Partial<Block>) => ({ ...vit, block: { ...block, ...change } });
  assert.equal(of('blocks.*.attn.residual', other({ layerScale: true })), 'x+γ⊙f\u2061(x)=y');
  assert.equal(of('blocks.*.attn.residual', other({ order: 'post' })), null);
  assert.equal(of('blocks.*.mlp.act', other({ mlp: 'swiglu' })), null);
  assert.equal(of('blocks.*.norm1', other({ norm: { kind: 'identity', eps: 0 } })), null);
  assert.equal(of('blocks.*.attn.q', null), null);
});
