import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultsConversation } from '../../../extension/protocol/results';
import type { ToHost } from '../../../extension/protocol/rpc';
import { HostConnection } from '../../../extension/protocol/view';
import { everything } from '../../../extension/results/query';
import { RowWindows } from '../../../webview/results/rowWindows';

type Asked = Extract<ToHost<ResultsConversation>, { kind: 'request' }>;

test('rows that were asked for before a change and arrive after it are asked for again', async () => {
  const asked: Asked[] = [];
  const host = new HostConnection<ResultsConversation>(
    (message) => message.kind === 'request' && asked.push(message),
    () => undefined,
  );
  const windows = new RowWindows(
    host,
    () => undefined,
    (error) => assert.fail(String(error)),
  );
  const answer = async (total: number) => {
    host.receive({ kind: 'answer', id: asked.at(-1)!.id, give: { version: total, total, from: 0, rows: [] } });
    await new Promise((resolve) => setImmediate(resolve));
  };
  windows.ask(everything);
  windows.changed(); // the file is read to its end while the answer is under way
  await answer(60_000);
  assert.equal(asked.length, 2);
  await answer(100_000);
  assert.deepEqual([windows.total, asked.length], [100_000, 2]);
});
