/** The process that reads results files: there as long as somebody has one open. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { summaryOf } from '../../extension/agents/summary';
import { Tables } from '../../extension/inspect/tables';
import { headerLine, rowLine } from '../../extension/results/format';
import { root, untilGone } from './support';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-tables-'));
const tables = new Tables({ processFile: path.join(root, 'dist/results.js') });
after(() => {
  tables.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const file = path.join(folder, 'a.vitresults.jsonl');
const row = (id: string) =>
  rowLine(
    {
      kind: 'picture',
      ...{ id, image: id, size: [2, 2], bytes: 1, modified: null, logits: null, energy: 1, unfamiliar: false },
      predictions: [{ index: 0, label: 'cat', probability: 1, logit: 1 }],
      embedding: null,
    },
    { model: 'embedded', engine: 'native', scores: 'softmax' },
  );
const header = headerLine({
  vitresults: 1,
  created: '2026-01-01T00:00:00Z',
  root: folder,
  model: { source: 'embedded', name: 'small', hash: '00' },
  preprocessing: { hash: '00' },
  ...{ engine: 'native', precision: 'fp32', scores: 'softmax', classes: ['cat'], topK: 1 },
  ...{ unfamiliarBelow: null, embeddings: null },
});
writeFileSync(file, header + Array.from({ length: 500 }, (_, i) => row(`${i}.png`)).join(''));

test("an agent's summary goes on when the last tab closes; the process ends with the last who has a file open", async () => {
  const tab = tables.open(file);
  await tab.overview();
  const { pid } = tables;
  const summary = summaryOf(tables, file) as Promise<{ pictures: number; leastCertain: unknown[] }>;
  tab.dispose();
  tab.dispose();
  const { pictures, leastCertain } = await summary;
  assert.deepEqual([pictures, leastCertain.length], [500, 20]);
  await untilGone(pid!);
  await assert.rejects(tab.overview(), { code: 'ERR_CANCELLED' });
  assert.equal(tables.pid, undefined);
});

test('the next file starts another process, which ends with its tab', async () => {
  const tab = tables.open(file);
  await tab.read(() => undefined);
  const { pid } = tables;
  tab.dispose();
  await untilGone(pid!);
});
