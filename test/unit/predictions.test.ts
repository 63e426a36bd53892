import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { best, logSumExp, scoresFor, scoresOf, softmax } from '../../extension/architecture/scores';
import { className } from '../../extension/architecture/className';
import { topPredictions } from '../../extension/engine/predictions';
import { Store } from '../../extension/engine/process/store';

describe('predictions', () => {
  test('softmax of known logits', () => {
    const [a = 0, b = 0] = softmax([Math.log(3), 0]);
    assert.ok(Math.abs(a - 0.75) < 1e-15 && Math.abs(b - 0.25) < 1e-15);
  });

  test('logits far from zero neither overflow nor vanish', () => {
    assert.equal(logSumExp([1000, 1000]), 1000 + Math.log(2));
    assert.equal(logSumExp([-1000, -1000]), -1000 + Math.log(2));
    assert.deepEqual([...softmax([1e4, -1e4])], [1, 0]);
  });

  test('best first, ties in index order, no more than there are', () => {
    const top = topPredictions([1, 5, 5, -2], ['a', 'b', 'c', 'd'], 3, 'softmax');
    assert.deepEqual(
      top.map(({ index, label, logit }) => [index, label, logit]),
      [
        [1, 'b', 5],
        [2, 'c', 5],
        [0, 'a', 1],
      ],
    );
    assert.equal(topPredictions([1, 2], null, 10, 'softmax').length, 2);
    const names = (labels: string[] | null) =>
      topPredictions([1, 2], labels, 2, 'softmax').map(({ label, index }) => className(label, index).message);
    assert.deepEqual([names(null), names(['cat', ''])], [['class 1', 'class 0'], ['class 1', 'cat']]); // prettier-ignore
  });

  test('probabilities of all classes sum to one', () => {
    const logits = Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 20);
    const sum = topPredictions(logits, null, 1000, 'softmax').reduce(
      (total, { probability }) => total + (probability ?? NaN),
      0,
    );
    assert.ok(Math.abs(sum - 1) < 1e-12);
  });
});

describe('what an output means', () => {
  test('follows problem_type and the number of classes', () => {
    assert.equal(scoresFor('', 0), null);
    assert.equal(scoresFor('', 3), 'softmax');
    assert.equal(scoresFor('single_label_classification', 3), 'softmax');
    assert.equal(scoresFor('multi_label_classification', 3), 'sigmoid');
    assert.equal(scoresFor('', 1), 'sigmoid');
    assert.equal(scoresFor('regression', 1), 'value');
    assert.equal(scoresFor('regression', 4), 'value');
  });

  test('sigmoids stand by themselves, also far from zero', () => {
    assert.deepEqual([...scoresOf([0, 1e4, -1e4], 'sigmoid')], [0.5, 1, 0]);
    const { index, score } = best([0, Math.log(3)], 'sigmoid');
    assert.equal(index, 1);
    assert.ok(Math.abs(score - 0.75) < 1e-15);
  });

  test('the best class, however large the logits', () => {
    assert.deepEqual(best(new Float32Array([0, 0]), 'softmax'), { index: 0, score: 0.5 });
    assert.deepEqual(best(new Float32Array([0, 1000]), 'softmax'), { index: 1, score: 1 });
  });

  test('a value is no probability', () => {
    const [first, second] = topPredictions([2.5, -7], null, 2, 'value');
    assert.deepEqual(first, { index: 0, label: null, probability: null, logit: 2.5 });
    assert.equal(second?.logit, -7);
    assert.deepEqual(best([2.5, -7], 'value'), { index: 0, score: 2.5 });
  });
});

describe('what the engine keeps', () => {
  const make = (count: number, bytes: number) => {
    const released: string[] = [];
    return { store: new Store<string>('run', { count, bytes }, 100, (value) => void released.push(value)), released };
  };

  test('the least recently used goes first', () => {
    const { store, released } = make(2, Infinity);
    const [a, b] = [store.add('a', 1), store.add('b', 1)];
    store.get(a);
    const c = store.add('c', 1);
    assert.deepEqual([a, b, c], [100, 101, 102]);
    assert.deepEqual(released, ['b']);
    assert.throws(() => store.get(b), { code: 'ERR_GONE', message: /no longer keeps run 101/ });
    assert.equal(store.get(a), 'a');
  });

  test('too many bytes push out the old, never the newest', () => {
    const { store, released } = make(10, 100);
    store.add('a', 60);
    store.add('b', 30);
    const c = store.add('c', 500);
    assert.deepEqual(released, ['a', 'b']);
    assert.equal(store.get(c), 'c');
    store.remove(c);
    store.remove(c);
    assert.deepEqual(released, ['a', 'b', 'c']);
  });
});
