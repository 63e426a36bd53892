/** How the page and its host find each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PanelPage } from './support/panelPage';

test('what was posted while the page was loading is heard, and not asked for again', async (context) => {
  const place = { type: 'place', pinned: null, restricted: true } as const;
  const opened = await PanelPage.open({ picture: 'car.png', posted: [place] });
  context.after(() => opened.close());
  await opened.atRest();
  assert.deepEqual(
    opened.events.filter(({ type }) => type === 'ready'),
    [{ type: 'ready', version: 4, heard: true }],
  );
  await opened.page
    .getByText(/vit\.model/)
    .first()
    .waitFor();
});

test('what was lost while the page was loading is asked for, once', async (context) => {
  const opened = await PanelPage.open({ picture: 'car.png' });
  context.after(() => opened.close());
  await opened.atRest();
  assert.deepEqual(
    opened.events.filter(({ type }) => type === 'ready'),
    [{ type: 'ready', version: 4, heard: false }],
  );
  // it is again when its tab comes back, with the controls as they were
  await opened.panel.slide('layer', 4);
  await opened.atRest();
  await opened.reload();
  assert.equal(await opened.panel.attribute('layer'), '4');
  assert.equal(opened.events.filter(({ type }) => type === 'ready').length, 2);
});
