/** The table of methods, as its readers see it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentence, type Sentence } from '../../extension/errors/sentence';
import { methodIds, methods, methodSlice, type MethodParameters } from '../../extension/engine/methods';
import { panelChecks } from '../../extension/protocol/panelChecks';
import { decode } from '../../extension/protocol/rpc';
import type { PanelModel } from '../../extension/protocol/panel';
import { colorMapOf, sliceOf, whyNot } from '../../webview/app/attention';
import { defaultView, readView } from '../../webview/app/state';

const values: MethodParameters = {
  ...{ layer: 3, query: 7, from: 0, to: 3, fusion: 'max', discardRatio: 0.5 },
  ...{ class: 4, against: null, steps: 32, samples: 64, seed: 1 },
};
const asked = (what: unknown) =>
  decode(panelChecks, { kind: 'request', id: 1, name: 'slice', take: { runId: 1, what } });

test('a method is asked for with its own parameters and no others', () => {
  assert.deepEqual(methodSlice('attention', values), { kind: 'attention-rows', layer: 3, query: 7 });
  assert.deepEqual(methodSlice('rollout', values), {
    kind: 'rollout',
    query: 7,
    from: 0,
    to: 3,
    fusion: 'max',
    discardRatio: 0.5,
  });
});

test('the host takes each method with its parameters, and refuses one missing or too many', () => {
  for (const id of methodIds) {
    const what = methodSlice(id, values);
    assert.ok('message' in asked(what), id);
    assert.ok('problem' in asked({ ...what, more: 1 }), id);
    for (const name of methods[id].params)
      assert.ok('problem' in asked({ ...what, [name]: undefined }), `${id} ${name}`);
  }
});

test('the view asks for its layer, or for all layers up to it', () => {
  assert.deepEqual(sliceOf({ ...defaultView, layer: 4, query: 2, head: 1 }), {
    kind: 'attention-rows',
    layer: 4,
    query: 2,
  });
  const rollout = sliceOf({ ...defaultView, method: 'rollout', layer: 4, query: 2, head: 'min' });
  assert.deepEqual(rollout, { kind: 'rollout', query: 2, from: 0, to: 4, fusion: 'min', discardRatio: 0 });
});

test('what older versions stored as raw is attention', () => {
  assert.equal(readView({ ...defaultView, method: 'raw' })?.method, 'attention');
  assert.equal(readView({ ...defaultView, method: 'rollout' })?.method, 'rollout');
});

test('maps that a model cannot give are said to be missing; unsigned values keep the chosen colors', () => {
  const model = (attention: true | Sentence) => ({ loaded: { attention } }) as PanelModel;
  assert.equal(whyNot('rollout', model(true)), null);
  assert.equal(whyNot('rollout', model(sentence('fused operators'))), 'fused operators');
  assert.equal(colorMapOf({ ...defaultView, colorMap: 'magma' }), 'magma');
});
