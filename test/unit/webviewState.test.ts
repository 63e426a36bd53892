import assert from 'node:assert/strict';
import { sentence } from '../../extension/errors/sentence';
import { test } from 'node:test';
import type { RunSummary } from '../../extension/engine/requests';
import type { PanelImage, PanelModel } from '../../extension/protocol/panel';
import { hide, noHistory, redo, undo } from '../../webview/app/hidden';
import { changeOf, hottest, inverted, squareAbout, toggled } from '../../webview/app/hiddenPatches';
import {
  clampView,
  firstState,
  defaultView,
  progressOf,
  readDisplay,
  readHidden,
  readView,
  reduce,
  withStep,
  type AppState,
} from '../../webview/app/state';

const model = (modelId: number, layers = 6, heads = 3, numTokens = 65) =>
  ({ loaded: { modelId, layers, heads, numTokens, numPrefix: 1 } }) as PanelModel;
const image = (uri: string) => ({ uri }) as PanelImage;
const run = (runId: number) => ({ runId }) as RunSummary;

test('the picture comes first, then model, then run', () => {
  let state = firstState();
  assert.equal(progressOf(state), 'loading');
  state = reduce(state, { type: 'image', image: image('file:///a.png') });
  state = reduce(state, { type: 'model', model: model(1) });
  assert.equal(state.view.layer, 5); // the last layer is the first one shown
  assert.equal(progressOf(state), 'loading');
  state = reduce(state, { type: 'run', run: run(1) });
  assert.equal(progressOf(state), 'ready');
});

test("a run goes with its picture and its model's tokens", () => {
  let state: AppState = { ...firstState(), image: image('file:///a.png'), model: model(1), run: run(1) };
  assert.equal(reduce(state, { type: 'model', model: model(1) }).run?.runId, 1);
  assert.equal(reduce(state, { type: 'model', model: model(2) }).run, null);
  assert.equal(reduce(state, { type: 'image', image: image('file:///b.png') }).run, null);
  state = reduce(state, { type: 'image', image: image('file:///b.png') });
  assert.equal(state.model?.loaded.modelId, 1);
});

test('an error leaves what was there, and goes when something new begins', () => {
  let state: AppState = {
    ...firstState(),
    image: image('file:///a.png'),
    model: model(1),
    run: run(1),
    busy: 'Running…',
  };
  state = reduce(state, {
    type: 'error',
    error: { code: 'ERR_ENGINE_DIED', ...sentence('It died.') },
    retry: true,
  });
  assert.equal(progressOf(state), 'error');
  assert.equal(state.busy, null);
  assert.equal(state.run?.runId, 1);
  assert.equal(progressOf(reduce(state, { type: 'busy', what: null })), 'error');
  assert.equal(progressOf(reduce(state, { type: 'busy', what: 'Running…' })), 'ready');
});

test('controls stay inside the model', () => {
  const wild = { ...defaultView, layer: 99, head: 11, query: 400 };
  assert.deepEqual(clampView(wild, model(1)), { ...defaultView, layer: 5, head: 2, query: 0 });
  assert.equal(clampView({ ...defaultView, method: 'rollout', head: 2 }, model(1)).head, 'mean');
  assert.equal(clampView({ ...defaultView, method: 'rollout', head: 'max' }, model(1)).head, 'max');
});

test('a command shows a view without touching the rest', () => {
  const state = { ...firstState(), model: model(1), view: { ...defaultView, layer: 2, query: 7 } };
  const shown = reduce(state, { type: 'show', state: { view: 'patches', layer: 50 } }).view;
  assert.deepEqual(shown, { ...defaultView, view: 'patches', layer: 5, query: 7 });
});

test('keys go through layers, heads and views; layers end, the others come round', () => {
  const at = (view: Partial<typeof defaultView>) => ({
    ...firstState(),
    model: model(1),
    view: { ...defaultView, layer: 5, ...view },
  });
  const move = (view: Partial<typeof defaultView>, what: 'layer' | 'head' | 'view', by: 1 | -1) =>
    reduce(at(view), { type: 'move', what, by }).view;
  assert.equal(move({}, 'layer', 1).layer, 5);
  assert.equal(move({}, 'layer', -1).layer, 4);
  assert.equal(move({ layer: 0 }, 'layer', -1).layer, 0);
  assert.equal(move({ layer: 3, step: 'blocks.3.attn.q' }, 'layer', 1).step, 'blocks.4.attn.q');
  assert.equal(move({}, 'head', 1).head, 0);
  assert.equal(move({ head: 2 }, 'head', 1).head, 'mean');
  assert.equal(move({ head: 'max' }, 'head', -1).head, 2);
  assert.equal(move({ method: 'rollout' }, 'head', 1).head, 'mean', 'a method with one map for all');
  assert.equal(move({ view: 'walkthrough' }, 'view', 1).view, 'attention');
  const early = { ...firstState(), view: { ...defaultView, layer: 2 } };
  assert.equal(reduce(early, { type: 'move', what: 'layer', by: 1 }), early, 'no model yet');
});

test('a token is asked about or hidden; what cannot be hidden is not', () => {
  const state = { ...firstState(), model: model(1) };
  const about = (token: number, use: 'query' | 'hide', before: AppState = state) =>
    reduce(before, { type: 'token', token, use });
  assert.equal(about(12, 'query').view.query, 12);
  assert.equal(about(4000, 'query').view.query, 0);
  assert.deepEqual(about(12, 'hide').hidden, [11]);
  assert.deepEqual(about(12, 'hide', about(12, 'hide')).hidden, []);
  for (const token of [-1, 0, 65]) assert.equal(about(token, 'hide'), state);
  const foreign = { ...state, model: { ...model(1), engine: 'onnx' } as PanelModel };
  assert.equal(about(12, 'hide', foreign), foreign);
});

test('stored state is read field by field', () => {
  const view = { ...defaultView, view: 'patches' as const, layer: 3, head: 2, opacity: 0.25, colorMap: 'viridis' };
  assert.deepEqual(readView(JSON.parse(JSON.stringify(view))), view);
  assert.equal(readView(null), null);
  assert.equal(readView('x'), null);
  assert.deepEqual(
    readView({ view: 'what', layer: -1, head: 'all', opacity: 7, colorMap: 'jet', smooth: 1 }),
    defaultView,
  );
  assert.deepEqual(readDisplay({ scale: 'shared', mass: 0.5, numbers: false }), {
    scale: 'shared',
    overviewScale: 'shared',
    compareScale: 'shared',
    difference: true,
    excludeOutliers: false,
    excludeSinks: false,
    mass: 0.5,
    numbers: false,
    fade: true,
    modelInput: false,
  });
  assert.equal(readDisplay(undefined).mass, 1);
});

test('a class is one of a picture, layer and head are not', () => {
  const first = reduce(reduce(firstState(), { type: 'model', model: model(1) }), { type: 'image', image: image('a') });
  const chosen = { ...first, view: { ...first.view, class: 3, against: 4, layer: 2 } };
  assert.deepEqual(reduce(chosen, { type: 'image', image: image('b') }).view, {
    ...chosen.view,
    class: null,
    against: null,
  });
  assert.equal(reduce(chosen, { type: 'image', image: image('a') }).view, chosen.view);
});

test('hidden patches belong to a picture and a model; predictions before hiding are kept to compare', () => {
  const predictions = [{ index: 3, label: 'cat', probability: 0.5, logit: 1 }];
  let state: AppState = { ...firstState(), image: image('file:///a.png'), model: model(1) };
  state = reduce(state, { type: 'run', run: { runId: 1, predictions } as unknown as RunSummary });
  assert.equal(state.before, predictions);
  state = reduce({ ...state, hidden: [4] }, { type: 'run', run: run(2) });
  assert.equal(state.before, predictions);
  assert.deepEqual(reduce(state, { type: 'model', model: model(1) }).hidden, [4]);
  assert.deepEqual(reduce(state, { type: 'model', model: model(2) }).hidden, []);
  assert.deepEqual(reduce(state, { type: 'image', image: image('file:///a.png') }).hidden, []);
  // after a reload the first picture and model come with what was hidden
  const reloaded = reduce({ ...firstState(), hidden: [4] }, { type: 'image', image: image('file:///a.png') });
  assert.deepEqual(reduce(reloaded, { type: 'model', model: model(1) }).hidden, [4]);
  assert.deepEqual(readHidden([1, 2.5, -1, 'x', 7]), [1, 7]);
  assert.deepEqual(readHidden({ 0: 1 }), []);
});

test('patches are hidden and shown one by one; changes are against the run before', () => {
  assert.deepEqual(toggled([2, 9], 5), [2, 5, 9]);
  assert.deepEqual(toggled([2, 5, 9], 5), [2, 9]);
  const now = { index: 3, label: 'cat', probability: 0.25, logit: 1 };
  assert.equal(changeOf(now, [{ ...now, probability: 0.5 }]), -0.25);
  assert.equal(changeOf(now, [{ ...now, index: 4 }]), null);
  assert.equal(changeOf(now, null), null);
});

test('layer and walk-through page go together', () => {
  const at = { ...defaultView, layer: 3, step: 'blocks.3.attn.q' };
  assert.equal(withStep(at, { ...at, layer: 1 }).step, 'blocks.1.attn.q');
  assert.equal(withStep(at, { ...at, step: 'blocks.5.norm1' }).layer, 5);
  assert.equal(withStep(at, { ...at, step: 'head' }).layer, 3);
  const state = { ...firstState(), model: model(1), view: { ...defaultView, layer: 2 } };
  const shown = reduce(state, { type: 'show', state: { view: 'walkthrough', step: 'blocks.4.mlp.act' } }).view;
  assert.deepEqual([shown.view, shown.layer, shown.step], ['walkthrough', 4, 'blocks.4.mlp.act']);
});

test('who looks at the last layer looks at the last layer of the next model', () => {
  const shown: AppState = { ...firstState(), model: model(1, 6), view: { ...defaultView, layer: 5 } };
  assert.equal(reduce(shown, { type: 'model', model: model(2, 12) }).view.layer, 11);
  const third = { ...shown, view: { ...defaultView, layer: 2 } };
  assert.equal(reduce(third, { type: 'model', model: model(2, 12) }).view.layer, 2);
  const walking = { ...shown, view: { ...defaultView, layer: 5, step: 'blocks.5.attn.q' } };
  assert.equal(reduce(walking, { type: 'model', model: model(2, 12) }).view.step, 'blocks.11.attn.q');
});

test('a change is of the probability, or of the value where there is none', () => {
  const of = (probability: number | null, logit: number) => ({ index: 3, label: 'x', probability, logit });
  assert.equal(changeOf(of(0.75, 2), [of(0.5, 1)]), 0.25);
  assert.equal(changeOf(of(null, 2.5), [of(null, 1)]), 1.5);
  assert.equal(changeOf(of(0.75, 2), [{ ...of(0.5, 1), index: 4 }]), null);
});

test('what was hidden comes back step by step, and a new step forgets what was undone', () => {
  const start = { hidden: [] as readonly number[], history: noHistory };
  let state = hide(hide(start, [3]), [3, 5]);
  assert.equal(hide(state, [3, 5]).history, state.history, 'nothing changed: nothing to take back');
  state = undo(state);
  assert.deepEqual(state.hidden, [3]);
  state = redo(state);
  assert.deepEqual(state.hidden, [3, 5]);
  state = undo(undo(undo(state)));
  assert.deepEqual(state.hidden, []);
  state = hide(state, [8]);
  assert.deepEqual(redo(state).hidden, [8]);
  assert.deepEqual(undo(state).hidden, []);
  // another picture's patches are others
  const other = reduce(
    { ...firstState(), ...state, image: image('file:///a.png') },
    { type: 'image', image: image('b') },
  );
  assert.deepEqual([other.hidden, other.history], [[], noHistory]);
});

test('a brush covers a square about a patch, inside the grid', () => {
  // 3 rows of 4
  assert.deepEqual(squareAbout(5, 1, [3, 4]), [5]);
  assert.deepEqual(squareAbout(5, 3, [3, 4]), [0, 1, 2, 4, 5, 6, 8, 9, 10]);
  assert.deepEqual(squareAbout(0, 3, [3, 4]), [0, 1, 4, 5]);
  assert.deepEqual(squareAbout(11, 2, [3, 4]), [11]);
  assert.deepEqual(squareAbout(6, 2, [3, 4]), [6, 7, 10, 11]);
});

test('what is said of the panel itself is kept beside what it shows', () => {
  const place = { pinned: { id: 'timm/vit' }, restricted: true };
  assert.deepEqual(reduce(firstState(), { type: 'place', ...place }).place, place);
});

test('the hottest patches are the largest that are shown; of equal ones the first', () => {
  const map = [0.1, 0.9, 0.5, 0.9, 0.5];
  assert.deepEqual(hottest(map, 3, []), [1, 2, 3]);
  assert.deepEqual(hottest(map, 2, [1]), [2, 3]);
  assert.deepEqual(hottest(map, 99, [0]), [1, 2, 3, 4]);
  assert.deepEqual(inverted([1, 3], 5), [0, 2, 4]);
});
