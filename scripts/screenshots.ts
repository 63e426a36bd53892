/**
 * Takes the README's and the getting-started pages' pictures of the present build: `npm run screenshots`.
 * A real VS Code shows the samples in a real browser, as in the end-to-end tests.
 */
import path from 'node:path';
import sharp from 'sharp';
import { Session, root } from '../test/e2e/support/session';
import { chooseInExplorer, explorerRow, runCommand } from '../test/e2e/support/ui';

const PICTURE = 'harbour.jpg';
/** What is drawn last (thumbnails, the readout) is drawn by then. */
const SETTLED_MS = 1000;

async function take({ page, panel, folder }: Session): Promise<void> {
  /** The whole window, for the README. */
  const readme = (name: string) => page.screenshot({ path: path.join(root, `media/screenshots/${name}.png`) });

  /** What is beside the explorer, for a page that has half a window's width. */
  const gettingStarted = async (name: string) => {
    const clip = (await page.locator('.part.editor').boundingBox())!;
    const small = sharp(await page.screenshot({ clip })).resize({ width: 900 });
    await small.webp({ quality: 82 }).toFile(path.join(root, `media/walkthrough/${name}.webp`));
  };

  /** The middle of a patch (0-based) of the 8 by 8 that the embedded model sees in the middle of the picture, on the canvas. */
  const middleOf = async (patch: number) => {
    const canvas = (await panel.part('picture').boundingBox())!;
    const { width, height } = await sharp(path.join(folder, PICTURE)).metadata();
    const side = Math.min(width, height) * Math.min(canvas.width / width, canvas.height / height);
    const along = (index: number, length: number) => length / 2 - side / 2 + ((index + 0.5) * side) / 8;
    return { x: along(patch % 8, canvas.width), y: along(Math.floor(patch / 8), canvas.height) };
  };

  await chooseInExplorer(page, PICTURE, 'ViT: Classify Image');
  await panel.ready(PICTURE);
  await page.waitForTimeout(SETTLED_MS);
  await readme('attention');
  await gettingStarted('classify');

  await panel.view.locator('#tab-patches').click();
  await panel.waitFor({ view: 'patches' });
  await page.waitForTimeout(SETTLED_MS);
  await readme('patches');
  await gettingStarted('patches');

  await panel.view.locator('#tab-attention').click();
  await panel.part('picture').click({ position: await middleOf(35) });
  await panel.waitFor({ query: '36' });
  await page.waitForTimeout(SETTLED_MS);
  await readme('patch-query');
  await gettingStarted('attention');

  await panel.view.locator('#tab-walkthrough').click();
  await panel.view.getByTestId('step').filter({ hasText: 'Image to patches' }).click();
  await page.waitForTimeout(SETTLED_MS);
  await gettingStarted('steps');

  await runCommand(page, 'View: Close All Editors');
  await explorerRow(page, 'mountain-dusk.vit.json').dblclick();
  await page.locator('.codelens-decoration').first().waitFor();
  await gettingStarted('modelFile');
}

async function main(): Promise<void> {
  const settings = { 'workbench.colorTheme': 'Dark Modern' };
  const session = await Session.open('screenshots', { install: 'link', settings });
  try {
    await take(session);
  } finally {
    await session.close();
  }
}

void main();
