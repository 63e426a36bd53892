import assert from 'node:assert/strict';
import { sentence } from '../../extension/errors/sentence';
import { test } from 'node:test';
import type { PanelConversation } from '../../extension/protocol/panel';
import type { ToHost } from '../../extension/protocol/rpc';
import { HostConnection } from '../../extension/protocol/view';
import { figureLayout } from '../../webview/export/figure';
import { headOfName } from '../../webview/ui/names';
import * as format from '../../webview/ui/format';
import { denormalize } from '../../webview/patches/modelInput';
import { writeNpy } from '../../extension/files/npyEncoding';
import { Slices } from '../../webview/app/slices';

test('numbers as people read them', () => {
  assert.deepEqual([0, 0.02314, 1.5, 1234.4, 2.1e-6, -0.5, 3.2e7, NaN].map(format.value), [
    '0',
    '0.0231',
    '1.5',
    '1234',
    '2.1e-6',
    '-0.5',
    '3.2e7',
    'NaN',
  ]);
  assert.deepEqual([0.9211, 0.0231, 0.00031, 0.00001, 0, 0.99999, 1].map(format.percent), [
    '92.1 %',
    '2.3 %',
    '0.031 %',
    '< 0.01 %',
    '0 %',
    '> 99.9 %',
    '100.0 %',
  ]);
  assert.deepEqual([95, 21_700_000, 340_123, 1.2e9].map(format.count), ['95', '21.7 M', '340 K', '1.2 B']);
  assert.deepEqual([0.0312, -0.124, -0.0001].map(format.signedPercent), ['+3.1 %', '−12 %', '±0.0 %']);
  assert.deepEqual([0.41234, -12.3].map(format.signedValue), ['+0.412', '−12.3']);
  assert.deepEqual([512, 2048, 88_202_656].map(format.bytes), ['512 B', '2 KB', '84.1 MB']);
  assert.deepEqual([0.123, 5.21, 87.6, 12_340].map(format.milliseconds), ['0.12 ms', '5.2 ms', '88 ms', '12.3 s']);
  assert.equal(format.shape([1, 15, 400]), '(1, 15, 400)');
});

test('how heads are joined is told with their number, where there is more than one', () => {
  assert.deepEqual(
    (['mean', 'max', 'min', 2] as const).map((head) => headOfName(head, 12)),
    ['mean of 12 heads', 'max of 12 heads', 'min of 12 heads', 'head 3'],
  );
  assert.equal(headOfName('mean', 1), 'head 1');
});

test('npy files have the header numpy writes', () => {
  const file = writeNpy([2, 3], new Float32Array([1, 2, 3, 4, 5, 6]));
  const header = new TextDecoder('latin1').decode(file.subarray(0, 128));
  assert.equal(header.slice(1, 6), 'NUMPY');
  assert.equal(header.slice(10), `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }${' '.repeat(58)}\n`);
  assert.equal(file.length, 128 + 24);
  assert.equal(new DataView(file.buffer).getFloat32(128 + 20, true), 6);
  assert.match(new TextDecoder('latin1').decode(writeNpy([4], new Float32Array(4))), /'shape': \(4,\), /);
});

test('slices are asked for once, belong to one run, and say why they failed', async () => {
  const sent: ToHost<PanelConversation>[] = [];
  let arrived = 0;
  const host = new HostConnection<PanelConversation>(
    (message) => sent.push(message),
    () => undefined,
  );
  const slices = new Slices(host, () => arrived++);
  assert.equal(slices.peek({ kind: 'logits' }).status, 'pending');
  assert.equal(sent.length, 0); // no run yet
  slices.forRun(3);
  slices.peek({ kind: 'logits' });
  slices.peek({ kind: 'logits' });
  slices.peek({ kind: 'tokens', layer: 1 });
  assert.deepEqual(
    sent.map((message) => message.kind === 'request' && message.take),
    [
      { runId: 3, what: { kind: 'logits' } },
      { runId: 3, what: { kind: 'tokens', layer: 1 } },
    ],
  );
  const [first, second] = sent as { id: number }[];
  host.receive({ kind: 'answer', id: first!.id, give: { shape: [2], values: new Float32Array([1, 2]) } });
  host.receive({ kind: 'refusal', id: second!.id, error: { code: 'ERR_ARGUMENT', ...sentence('No such layer.') } });
  await new Promise(setImmediate);
  assert.equal(arrived, 2);
  const peek = slices.peek({ kind: 'logits' });
  assert.deepEqual(peek.status === 'ready' && Array.from(peek.slice.values), [1, 2]);
  assert.deepEqual(slices.peek({ kind: 'tokens', layer: 1 }), { status: 'failed', message: 'No such layer.' });
  slices.forRun(4);
  assert.equal(slices.peek({ kind: 'logits' }).status, 'pending');
});

test("the model's input is shown with normalisation undone", () => {
  const preprocessing = {
    channels: 3,
    resize: { kind: 'none' },
    interpolation: 'bicubic',
    crop: null,
    rescale: 1 / 255,
    mean: [0.5, 0.25, 0],
    std: [0.5, 0.25, 1],
  } as const;
  const input = { shape: [3, 1, 2], values: new Float32Array([1, -1, 3, -1, 0.2, 0]) };
  assert.deepEqual(
    Array.from(denormalize(input, { ...preprocessing, mean: [0.5, 0.25, 0], std: [0.5, 0.25, 1] })),
    [255, 255, 51, 255, 0, 0, 0, 255],
  );
  const grey = { shape: [1, 1, 1], values: new Float32Array([0.4]) };
  assert.deepEqual(Array.from(denormalize(grey, { ...preprocessing, mean: [0], std: [1] })), [102, 102, 102, 255]);
});

test('figures have the size of the picture; small ones are enlarged by a whole factor where there are words', () => {
  const both = { caption: true, bar: true };
  assert.deepEqual(figureLayout({ width: 1000, height: 600 }, both), {
    scale: 1,
    width: 1000,
    height: 600,
    footer: 109,
    font: 21,
  });
  const small = figureLayout({ width: 100, height: 60 }, { caption: true, bar: false });
  assert.deepEqual([small.scale, small.width, small.height], [6, 600, 360]);
  const bare = figureLayout({ width: 100, height: 60 }, { caption: false, bar: false });
  assert.deepEqual([bare.scale, bare.width, bare.height, bare.footer], [1, 100, 60, 0]);
  assert.equal(figureLayout({ width: 20_000, height: 10_000 }, both).width, 8192);
});
