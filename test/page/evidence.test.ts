/** Every method of evidence, for the most probable class and another. */
import { test } from 'node:test';
import { PanelPage } from './support/panelPage';
import { Story } from './support/story';

test('evidence: methods, a class, a class against another', async (context) => {
  const opened = await PanelPage.open({ picture: 'ship.png' });
  context.after(() => opened.close());
  const { panel, page } = opened;
  const story = new Story('evidence', opened);
  await story.step('a ship, as it opens');
  const names = await panel.part('method').locator('vscode-option').allInnerTexts();
  for (const name of names.slice(1)) await story.step(name.trim(), () => panel.choose('method', name.trim()));
  await story.step('airplane', () => page.getByRole('button', { name: 'Evidence against airplane' }).click());
  story.holds();
});
