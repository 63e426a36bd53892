/** A comparison: the same place, layer and class of another model, one lens for two pictures, and their arrangement. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PanelModel } from '../../extension/protocol/panel';
import { defaultView, firstState, reduce, type AppState } from '../../webview/app/state';
import { bestColumns } from '../../webview/compare/arrangement';
import { endsApart } from '../../webview/compare/names';
import { otherState, sameClass, sameToken, unknownClass } from '../../webview/compare/sameView';
import { fit, lensOf, throughLens, toPicture, zoomAt } from '../../webview/drawing/viewport';

const model = (
  id: string,
  { grid, numPrefix, layers, heads }: { grid: [number, number]; numPrefix: number; layers: number; heads: number },
  labels: string[] | null,
) =>
  ({
    id,
    labels,
    loaded: { modelId: 1, grid, numPrefix, layers, heads, numTokens: numPrefix + grid[0] * grid[1] },
  }) as unknown as PanelModel;

const deit = model('deit', { grid: [14, 14], numPrefix: 2, layers: 12, heads: 3 }, ['cat', 'dog', 'ship']);
const small = model('small', { grid: [8, 8], numPrefix: 1, layers: 6, heads: 6 }, ['ship', 'cat']);

test('a patch is the one at the same place of the other grid; a prefix token the one of that number', () => {
  assert.equal(sameToken(deit, small, 2), 1, 'the first');
  assert.equal(sameToken(deit, small, 2 + 195), 64, 'the last');
  assert.equal(sameToken(deit, small, 2 + 14 * 7 + 7), 1 + 8 * 4 + 4, 'the middle');
  assert.equal(sameToken(deit, small, 1), 0, 'a distillation token is the class token where there is none');
  for (let token = 0; token < 198; token++) assert.equal(sameToken(deit, deit, token), token);
});

test('a class is the one of the same name, none where there is none, and the same number without names', () => {
  assert.equal(sameClass(deit, small, 0), 1);
  assert.equal(sameClass(deit, small, 1), null);
  const nameless = model('nameless', { grid: [8, 8], numPrefix: 1, layers: 6, heads: 6 }, null);
  assert.equal(sameClass(deit, nameless, 1), null);
  assert.equal(sameClass(nameless, nameless, 1), 1);
});

test('the other side shows the same layer, head, query and class, inside its own model', () => {
  const started = reduce({ ...firstState(), model: deit }, { type: 'compare', with: { model: 'small' } });
  const state = reduce(started, { type: 'other', event: { type: 'model', model: small } });
  const look = (view: Partial<AppState['view']>) => ({ ...state, view: { ...defaultView, ...view } });
  const other = otherState(look({ layer: 11, head: 2, query: 2 + 195, method: 'relevance', class: 2 }))!;
  const { layer, head, query, class: chosen } = other.view;
  assert.deepEqual([layer, head, query, chosen], [5, 'mean', 64, 0], 'last is last; relevance has no single head');
  assert.equal(otherState(look({ layer: 2, head: 2 }))!.view.layer, 2);
  assert.equal(otherState(look({ layer: 8 }))!.view.layer, 5);
  assert.equal(unknownClass(look({ method: 'relevance', class: 1 })), 1);
  assert.equal(unknownClass(look({ method: 'attention', class: 1 })), null);
  assert.deepEqual(other.hidden, []);
  assert.equal(otherState(reduce(state, { type: 'compare', with: null })), null);
});

test('what happens on the other side is its own: its error leaves the first side as it was', () => {
  let state = reduce({ ...firstState(), model: deit }, { type: 'compare', with: { uri: 'file:///b.png' } });
  const said = { code: 'ERR_IMAGE', message: 'b', template: 'b', args: [] } as const;
  state = reduce(state, { type: 'other', event: { type: 'error', error: said, retry: true } });
  assert.equal(state.failure, null);
  assert.equal(state.other?.failure?.error.code, 'ERR_IMAGE');
});

test('through one lens pictures of any size show the same share of themselves', () => {
  const [wide, tall] = [
    { width: 1000, height: 500 },
    { width: 30, height: 60 },
  ];
  const canvas = { width: 400, height: 300 };
  const view = zoomAt(fit(wide, canvas), 4, { x: 100, y: 80 }, fit(wide, canvas));
  const lens = lensOf(view, wide, canvas);
  const again = throughLens(lens, wide, canvas);
  for (const part of ['scale', 'x', 'y'] as const) assert.ok(Math.abs(again[part] - view[part]) < 1e-9);
  const middle = { x: canvas.width / 2, y: canvas.height / 2 };
  const of = toPicture(view, middle);
  const other = toPicture(throughLens(lens, tall, canvas), middle);
  assert.ok(Math.abs(of.x / wide.width - other.x / tall.width) < 1e-9);
  assert.ok(Math.abs(of.y / wide.height - other.y / tall.height) < 1e-9);
});

test('pictures are beside or under each other, whichever shows more', () => {
  assert.equal(bestColumns({ width: 900, height: 300 }, 3, 1), 3);
  assert.equal(bestColumns({ width: 300, height: 900 }, 3, 1), 1);
  assert.equal(bestColumns({ width: 760, height: 640 }, 3, 1.5), 2);
  assert.equal(bestColumns({ width: 800, height: 400 }, 2, 0.7), 2);
});

test('heads of columns leave out the words that both names begin with', () => {
  const told: [string, string, string, string][] = [
    ['ship.png', 'frog.png', 'ship.png', 'frog.png'],
    ['aeroplane.png', 'aeroplane.png · last commit', 'aeroplane.png', '…last commit'],
    ['vit-base-patch16', 'vit-base-patch32', '…patch16', '…patch32'],
    ['vit base', 'vit base', 'vit base', 'vit base'],
    ['cat.png', 'car.png', 'cat.png', 'car.png'],
    ['', 'car.png', '', 'car.png'],
  ];
  for (const [one, two, ...heads] of told) assert.deepEqual(endsApart([one, two]), heads, `${one}, ${two}`);
});
