import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunSummary } from '../../extension/engine/requests';
import { defaultView, firstState, type AppState } from '../../webview/app/state';
import { chooseAgainst, chooseClass } from '../../webview/evidence/chooseClass';

const run = { runId: 1, predictions: [{ index: 3 }, { index: 7 }] } as RunSummary;
const after = (state: AppState, change: Partial<AppState['view']>): AppState => ({
  ...state,
  view: { ...state.view, ...change },
});

test('a class is chosen, set against another, and let go', () => {
  let state: AppState = { ...firstState(), run };
  state = after(state, chooseClass(state.view, 7));
  assert.deepEqual([state.view.method, state.view.class, state.view.against], ['relevance', 7, null]);
  state = after(state, chooseAgainst(state, 3));
  assert.deepEqual([state.view.class, state.view.against], [7, 3]);
  assert.equal(after(state, chooseAgainst(state, 3)).view.against, null, 'clicked again');
  assert.equal(after(state, chooseClass(state.view, 3)).view.against, null, 'nothing speaks against itself');
  state = after(state, chooseClass(state.view, 7));
  assert.deepEqual([state.view.class, state.view.against], [null, null]);
});

test('against another class stands the most probable one while none is chosen; a method that knows classes stays', () => {
  const state: AppState = { ...firstState(), run, view: { ...defaultView, method: 'grad-cam' } };
  const chosen = after(state, chooseAgainst(state, 7)).view;
  assert.deepEqual([chosen.method, chosen.class, chosen.against], ['grad-cam', 3, 7]);
  assert.equal(after(state, chooseAgainst(state, 3)).view.against, null, 'not against itself');
});
