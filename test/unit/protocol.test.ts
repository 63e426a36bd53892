import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer, literal, record, text } from '../../extension/protocol/checks';
import { receive } from '../../extension/protocol/host';
import type { HostHandlers, Running } from '../../extension/protocol/host';
import { PROTOCOL_VERSION } from '../../extension/protocol/panel';
import type { HostEvent, PanelConversation, ViewEvent, ViewState } from '../../extension/protocol/panel';
import { panelChecks } from '../../extension/protocol/panelChecks';
import { decode, type Checks, type ToHost, type ToView } from '../../extension/protocol/rpc';
import { HostConnection, Refusal } from '../../extension/protocol/view';

const state: ViewState = {
  view: 'attention',
  layer: 11,
  head: 'mean',
  query: 0,
  opacity: 0.6,
  colorMap: 'viridis',
  smooth: true,
  grid: false,
  method: 'attention',
  class: null,
  against: null,
};

const event = (body: unknown) => ({ kind: 'event', event: body });
const slice = (what: unknown, runId: unknown = 1) => ({ kind: 'request', id: 7, name: 'slice', take: { runId, what } });

const good: unknown[] = [
  event({ type: 'ready', version: PROTOCOL_VERSION }),
  event({ type: 'ready', version: 99, state }),
  event({ type: 'retry' }),
  event({ type: 'cancel' }),
  event({ type: 'select-model' }),
  event({ type: 'inspect-model' }),
  event({ type: 'open-settings', setting: 'vit.topK' }),
  event({ type: 'pin-model', pinned: true }),
  event({ type: 'manage-trust' }),
  event({ type: 'open-pictures', uris: ['file:///a/cat.png', 'vscode-vfs://github/o/r/dog.jpg'] }),
  event({ type: 'open-source', file: 'native/src/attention.cc', line: 12 }),
  event({ type: 'open-source', file: 'native/binding.d.ts', line: 1 }),
  event({ type: 'mask', patches: new Uint32Array([0, 5]) }),
  event({ type: 'mask', patches: new Uint32Array(0) }),
  slice({ kind: 'logits' }),
  slice({ kind: 'attention-rows', layer: 0, query: 5 }),
  slice({ kind: 'attention', layer: 2 }),
  slice({ kind: 'stage-attention-rows', stage: 0, query: 3 }),
  slice({ kind: 'rollout', query: 0, from: 0, to: 11, fusion: 'max', discardRatio: 0.9 }),
  slice({ kind: 'tokens', layer: 12 }),
  slice({ kind: 'prediction-by-depth' }),
  slice({ kind: 'step', name: 'blocks.0.attn.scores' }),
  slice({ kind: 'tensor', name: 'pos_embed' }),
  slice({ kind: 'input' }),
  { kind: 'request', id: 0, name: 'save', take: { suggestedName: 'cat attention.png', bytes: new Uint8Array(3) } },
  { kind: 'request', id: 1, name: 'copy', take: { text: '' } },
  { kind: 'request', id: 2, name: 'take-picture', take: { name: 'pasted.png', bytes: new Uint8Array(3) } },
];

test('every message of the webview passes unchanged', () => {
  for (const message of good) assert.deepEqual(decode(panelChecks, message), { message });
});

const bad: [unknown, RegExp, id: number | null][] = [
  [null, /must be an object/, null],
  [undefined, /must be an object/, null],
  ['ready', /must be an object/, null],
  [42, /must be an object/, null],
  [[], /an event, a request or a cancel/, null],
  [{}, /an event, a request or a cancel/, null],
  [{ kind: 'answer', id: 1 }, /an event, a request or a cancel/, null],
  [event(null), /event must be an object/, null],
  [event({ type: 'explode' }), /type must be one of ready/, null],
  [event({ type: 'toString' }), /type must be one of/, null],
  [event({ type: '__proto__' }), /type must be one of/, null],
  [{ ...event({ type: 'retry' }), more: 1 }, /unknown field "more"/, null],
  [event({ type: 'retry', more: 1 }), /unknown field "more"/, null],
  [event({ type: 'ready', version: '1' }), /version must be an integer/, null],
  [event({ type: 'open-pictures', uris: 'file:///a/cat.png' }), /uris must be a list/, null],
  [event({ type: 'open-pictures', uris: Array(21).fill('file:///a.png') }), /uris must be a list of at most 20/, null],
  [event({ type: 'open-pictures', uris: [7] }), /uris has an item that must be a text/, null],
  [
    { kind: 'request', id: 3, name: 'take-picture', take: { name: '../cat.png', bytes: new Uint8Array(3) } },
    /name must match/,
    3,
  ],
  [event({ type: 'open-source', file: '/etc/passwd', line: 1 }), /file must match/, null],
  [event({ type: 'open-source', file: 'native/../package.json', line: 1 }), /file must match/, null],
  [event({ type: 'open-source', file: 'native/src/../../x.cc', line: 1 }), /file must match/, null],
  [event({ type: 'open-source', file: 'native\\src\\x.cc', line: 1 }), /file must match/, null],
  [event({ type: 'open-source', file: 'native/src/x.cc', line: 0 }), /line must be an integer/, null],
  [event({ type: 'open-settings', setting: 'security.workspace.trust' }), /setting must match/, null],
  [event({ type: 'mask', patches: [1, 2] }), /patches must be/, null],
  [event({ type: 'mask', patches: new Float32Array(2) }), /patches must be/, null],
  [{ kind: 'request', name: 'copy', take: { text: '' } }, /id must be an integer/, null],
  [{ kind: 'request', id: -1, name: 'copy', take: { text: '' } }, /id must be an integer/, null],
  [
    { kind: 'request', id: 3, name: 'format-disk', take: null },
    /name must be one of slice, faithfulness, weight-files, source, save, copy/,
    3,
  ],
  [{ kind: 'request', id: 3, name: 'constructor', take: null }, /name must be one of/, 3],
  [{ kind: 'request', id: 3, name: 'copy', take: { text: 5 } }, /text must be a text/, 3],
  [{ kind: 'request', id: 3, name: 'source', take: { file: 'native/../x.cc', line: 1 } }, /file must match/, 3],
  [{ kind: 'request', id: 3, name: 'copy' }, /take must be an object/, 3],
  [{ kind: 'request', id: 3, name: 'save', take: { suggestedName: '../x', bytes: new Uint8Array() } }, /match/, 3],
  [{ kind: 'request', id: 3, name: 'save', take: { suggestedName: 'x', bytes: 'x' } }, /bytes must be at most/, 3],
  [slice(null), /what must be an object/, 7],
  [slice({ kind: 'weights' }), /kind must be one of/, 7],
  [slice({ kind: 'attention' }), /layer must be an integer/, 7],
  [slice({ kind: 'attention', layer: 2 ** 40 }), /layer must be an integer/, 7],
  [slice({ kind: 'attention-rows', layer: 0, query: '0' }), /query must be an integer/, 7],
  [slice({ kind: 'logits' }, 1.5), /runId must be an integer/, 7],
  [slice({ kind: 'rollout', query: 0, from: 2, to: 1, fusion: 'mean', discardRatio: 0 }), /from must not be/, 7],
  [slice({ kind: 'rollout', query: 0, from: 0, to: 1, fusion: 'sum', discardRatio: 0 }), /fusion must be one of/, 7],
  [slice({ kind: 'rollout', query: 0, from: 0, to: 1, fusion: 'mean', discardRatio: -1 }), /discardRatio/, 7],
  [slice({ kind: 'step', name: 'x'.repeat(201) }), /at most 200 characters/, 7],
];

test('what no webview sends is named, with the id of the request that waits', () => {
  for (const [message, problem, id] of bad) {
    const decoded = decode(panelChecks, message);
    assert.ok('problem' in decoded, `accepted: ${JSON.stringify(message)}`);
    assert.match(decoded.problem, problem);
    assert.equal(decoded.id, id);
  }
});

test('random nonsense never makes the decoder throw', () => {
  let seed = 1;
  const next = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  const atoms = [null, undefined, -1, 0, 2 ** 53, NaN, '', 'event', 'request', 'slice', [], {}, new Uint8Array(2), 1n];
  const grow = (depth: number): unknown => {
    if (depth === 0 || next(4) === 0) return atoms[next(atoms.length)];
    const keys = ['kind', 'id', 'name', 'take', 'event', 'type', 'what', 'runId', 'state', 'patches'];
    return Object.fromEntries(Array.from({ length: 1 + next(4) }, () => [keys[next(keys.length)], grow(depth - 1)]));
  };
  let problems = 0;
  for (let i = 0; i < 5000; i++) if ('problem' in decode(panelChecks, grow(4))) problems++;
  assert.equal(problems, 5000);
});

/** Both ends joined directly, as structured clones like through postMessage. */
function conversation(requests: Partial<HostHandlers<PanelConversation>['requests']>, running?: Running) {
  const seen: { events: ViewEvent[]; problems: string[]; shown: HostEvent[]; answers: ToView<PanelConversation>[] } = {
    events: [],
    problems: [],
    shown: [],
    answers: [],
  };
  const unexpected = () => Promise.reject(new Error('not part of this test'));
  const handlers: HostHandlers<PanelConversation> = {
    event: (happened) => {
      if (happened.type === 'retry') throw new Error('retry is broken');
      seen.events.push(happened);
    },
    requests: {
      ...{ slice: unexpected, faithfulness: unexpected, 'weight-files': unexpected, source: unexpected },
      ...{ save: unexpected, copy: unexpected, 'take-picture': unexpected },
      ...requests,
    },
    problem: (sentence) => seen.problems.push(sentence),
  };
  const toHost = (message: ToHost<PanelConversation>) =>
    receive(
      panelChecks,
      structuredClone(message),
      handlers,
      (answer) => {
        seen.answers.push(answer);
        view.receive(structuredClone(answer));
      },
      running,
    );
  const view = new HostConnection<PanelConversation>(
    (message) => void toHost(message),
    (shown) => seen.shown.push(shown),
  );
  return { view, seen };
}

test('an answer goes to the request that asked, in whatever order answers come', async () => {
  const release: (() => void)[] = [];
  const { view, seen } = conversation({
    slice: async ({ what }) => {
      const layer = what.kind === 'tokens' ? what.layer : -1;
      await new Promise<void>((resolve) => release.push(resolve));
      return { shape: [1], values: new Float32Array([layer]) };
    },
  });
  const first = view.request('slice', { runId: 1, what: { kind: 'tokens', layer: 1 } });
  const second = view.request('slice', { runId: 1, what: { kind: 'tokens', layer: 2 } });
  while (release.length < 2) await new Promise((resolve) => setImmediate(resolve));
  release[1]!();
  assert.deepEqual([...(await second).values], [2]);
  release[0]!();
  assert.deepEqual([...(await first).values], [1]);
  assert.deepEqual(
    seen.answers.map((answer) => answer.kind),
    ['answer', 'answer'],
  );
});

test('a handler that throws refuses, with the code and the sentence of its error', async () => {
  const { view } = conversation({
    copy: () => Promise.reject(Object.assign(new Error('The clipboard is busy.'), { code: 'ERR_UNSUPPORTED' })),
    save: () => {
      throw new TypeError('no dialog');
    },
  });
  await assert.rejects(view.request('copy', { text: 'x' }), (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.deepEqual([error.code, error.message], ['ERR_UNSUPPORTED', 'The clipboard is busy.']);
    return true;
  });
  await assert.rejects(view.request('save', { suggestedName: 'a.png', bytes: new Uint8Array(1) }), {
    code: 'ERR_INTERNAL',
    message: 'no dialog',
  });
});

test('what a request reports arrives before its answer; one that is given up tells the host and hears no more', async () => {
  const running = new Map<number, AbortController>();
  const stopped: boolean[] = [];
  let goOn: () => void = () => undefined;
  const { view, seen } = conversation(
    {
      slice: async (_take, { signal, report }) => {
        report({ done: 1, total: 3 });
        await new Promise<void>((resolve) => (goOn = resolve));
        stopped.push(signal.aborted);
        report({ done: 2, total: 3 });
        return { shape: [1], values: new Float32Array(1) };
      },
    },
    running,
  );
  const what = { kind: 'leave-one-out', class: null, against: null } as const;
  const ask = (signal?: AbortSignal) => {
    const reports: number[] = [];
    return { reports, answer: view.request('slice', { runId: 1, what }, { signal, onProgress: ({ done }) => reports.push(done) }) }; // prettier-ignore
  };
  const whole = ask();
  assert.equal(running.size, 1);
  goOn();
  await whole.answer;
  assert.deepEqual([whole.reports, stopped, running.size], [[1, 2], [false], 0]);

  const stop = new AbortController();
  const given = ask(stop.signal);
  stop.abort();
  await assert.rejects(given.answer, { code: 'ERR_CANCELLED' });
  goOn();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([given.reports, stopped, running.size], [[1], [false, true], 0]);
  assert.deepEqual(
    seen.answers.map(({ kind }) => kind),
    ['progress', 'progress', 'answer', 'progress', 'answer'],
  );
  await assert.rejects(ask(AbortSignal.abort()).answer, { code: 'ERR_CANCELLED' });
});

test('a map to be judged is as many numbers as a model may have tokens, and a class is an index or none', () => {
  const asked = (changes: object) =>
    decode(panelChecks, {
      ...{ kind: 'request', id: 1, name: 'faithfulness' },
      take: { runId: 1, class: null, map: new Float32Array(4), random: true, seed: 0, ...changes },
    });
  assert.ok('message' in asked({}));
  assert.ok('message' in asked({ class: 999 }));
  for (const wrong of [
    { class: -1 },
    { class: 'cat' },
    { map: [1, 2] },
    { random: 1 },
    { seed: 2 ** 32 },
    { image: 0 },
  ])
    assert.ok('problem' in asked(wrong), JSON.stringify(wrong));
});

test('a request that fails the check is refused, not left waiting', async () => {
  const { view, seen } = conversation({});
  await assert.rejects(view.request('slice', { runId: 0, what: { kind: 'tokens', layer: -4 } }), {
    code: 'ERR_ARGUMENT',
    message: /layer must be an integer from 0 to 4096/,
  });
  assert.equal(seen.problems.length, 1);
});

test('a request that cannot be posted rejects', async () => {
  const view = new HostConnection<PanelConversation>(
    () => {
      throw new Error('could not be cloned');
    },
    () => undefined,
  );
  await assert.rejects(view.request('copy', { text: 'x' }), { code: 'ERR_INTERNAL', message: /could not be cloned/ });
});

test('events arrive; one whose handler throws is reported and the next still arrives', async () => {
  const { view, seen } = conversation({});
  view.send({ type: 'retry' });
  view.send({ type: 'mask', patches: new Uint32Array([3, 4]) });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen.problems, ['retry is broken']);
  assert.deepEqual(seen.events, [{ type: 'mask', patches: new Uint32Array([3, 4]) }]);
});

test('answers to nothing are ignored and host events reach the webview', () => {
  const { view, seen } = conversation({});
  view.receive({ kind: 'answer', id: 99, give: null });
  view.receive({ kind: 'event', event: { type: 'busy', what: 'Reading' } });
  assert.deepEqual(seen.shown, [{ type: 'busy', what: 'Reading' }]);
});

test('another kind of view is another pair of vocabularies over the same channel', async () => {
  interface Results {
    hostEvent: { type: 'rows'; count: number };
    viewEvent: { type: 'sort'; by: 'name' | 'class' };
    requests: { row: { take: { index: number }; give: { name: string } } };
  }
  const checks: Checks<Results> = {
    event: record<Results['viewEvent']>({ type: literal('sort'), by: literal('name', 'class') }),
    requests: { row: record<{ index: number }>({ index: integer(0, 9) }) },
  };
  const handlers: HostHandlers<Results> = {
    event: () => view.receive({ kind: 'event', event: { type: 'rows', count: 10 } }),
    requests: { row: async ({ index }) => ({ name: `cat ${index}` }) },
    problem: () => undefined,
  };
  const shown: number[] = [];
  const view = new HostConnection<Results>(
    (message) => void receive(checks, structuredClone(message), handlers, (answer) => view.receive(answer)),
    ({ count }) => shown.push(count),
  );
  assert.deepEqual(await view.request('row', { index: 3 }), { name: 'cat 3' });
  await assert.rejects(view.request('row', { index: 10 }), { code: 'ERR_ARGUMENT', message: /index must be/ });
  view.send({ type: 'sort', by: 'name' });
  assert.deepEqual(shown, [10]);
});

test('checks say what is wrong with a value', () => {
  assert.equal(text(3)('abcd'), 'must have at most 3 characters');
  assert.equal(text(3)('abc'), null);
});
