/** Verbs of a person in front of VS Code: explorer, menus, command palette, notifications. */
import type { Locator, Page } from 'playwright-core';

/** How long something may take on a busy machine before it counts as broken. */
export const PATIENCE = 60_000;

const menu = (page: Page) => page.locator('.monaco-menu');

export const explorerRow = (page: Page, file: string) =>
  page.locator('.explorer-folders-view').getByRole('treeitem', { name: file, exact: true });

/** Opens the context menu of a file in the explorer; resolves to its item. Retries: contributed items come late. */
export async function explorerMenu(page: Page, file: string, label: string, patience = PATIENCE): Promise<Locator> {
  const item = menu(page).getByRole('menuitem', { name: label, exact: true });
  for (const end = Date.now() + patience; ; await page.waitForTimeout(200)) {
    await explorerRow(page, file).click({ button: 'right' });
    await menu(page).waitFor();
    if (await item.isVisible()) return item;
    const labels = await menu(page).getByRole('menuitem').allInnerTexts();
    await page.keyboard.press('Escape');
    await menu(page).waitFor({ state: 'detached' });
    if (Date.now() > end) throw new Error(`no "${label}" in the menu of ${file}: ${labels.join(' | ')}`);
  }
}

/** Clicks a menu item until the menu is gone. Gives the click's time. */
export async function pick(page: Page, item: Locator): Promise<number> {
  let clicked: number | undefined;
  for (let i = 0; i < 10; i++) {
    try {
      await item.click({ timeout: clicked === undefined ? 10_000 : 1000 });
      clicked = Date.now();
    } catch (error) {
      if (clicked === undefined) throw error; // otherwise gone in the meantime: the click before was the one
    }
    try {
      await menu(page).first().waitFor({ state: 'detached', timeout: 1000 });
      return clicked;
    } catch {
      continue;
    }
  }
  throw new Error('the menu does not go away');
}

/**
 * Chooses from the context menu of a file in the explorer; gives the click's time. A command acts on the row that has the
 * explorer's focus, which VS Code may move while the menu is open (a file that appears on disk takes it): then again.
 */
export async function chooseInExplorer(page: Page, file: string, label: string): Promise<number> {
  const ofFile = explorerRow(page, file).and(page.locator('.focused'));
  for (const end = Date.now() + PATIENCE; ; await page.waitForTimeout(200)) {
    const item = await explorerMenu(page, file, label);
    await page.waitForTimeout(120); // VS Code ignores a mouse-up in a menu's first 100 ms
    if (await ofFile.isVisible()) return pick(page, item);
    await page.keyboard.press('Escape');
    await menu(page).waitFor({ state: 'detached' });
    if (Date.now() > end) throw new Error(`${file} has a menu, but not the focus of the explorer`);
  }
}

const palette = (page: Page) => page.locator('.quick-input-widget');

/** Runs a command by its title ("Category: Title") through the command palette, as a person would. */
export async function runCommand(page: Page, title: string, patience = PATIENCE): Promise<void> {
  const input = palette(page).locator('.quick-input-box input');
  const rows = palette(page).locator('.monaco-list-row');
  const row = rows.filter({ has: page.getByText(title, { exact: true }) }).first();
  for (const end = Date.now() + patience; ; await page.waitForTimeout(200)) {
    try {
      await page.keyboard.press('F1'); // from inside a webview too: VS Code forwards the key
      await input.waitFor({ timeout: 5000 });
      await input.fill(`>${title}`, { timeout: 5000 });
      await row.waitFor({ timeout: 3000 }); // absent until the extension's contributions are known
      if (/\bfocused\b/.test((await row.getAttribute('class')) ?? '')) await page.keyboard.press('Enter');
      else await row.click({ timeout: 5000 });
      // a command may ask a question in the same widget: then the text in the box is another
      await page.waitForFunction(
        (typed) => {
          const widget = document.querySelector<HTMLElement>('.quick-input-widget');
          return (
            !widget?.checkVisibility() ||
            widget.querySelector<HTMLInputElement>('.quick-input-box input')?.value !== typed
          );
        },
        `>${title}`,
        { timeout: 5000 },
      );
      return;
    } catch (error) {
      // it took the window with it: a reload
      if (/navigation|context was destroyed/i.test(String(error))) return;
      if (Date.now() > end) {
        const shown = (await rows.allInnerTexts()).join(' | ');
        throw new Error(`cannot run "${title}"; the palette shows: ${shown}`, { cause: error });
      }
      await page.keyboard.press('Escape');
    }
  }
}

/** The titles the command palette offers for what is typed. */
export async function offeredCommands(page: Page, typed: string): Promise<string[]> {
  await page.keyboard.press('F1');
  await palette(page).locator('.quick-input-box input').fill(`>${typed}`);
  await palette(page).locator('.monaco-list-row').first().waitFor();
  const titles = await palette(page).locator('.monaco-list-row .monaco-highlighted-label').allInnerTexts();
  await page.keyboard.press('Escape');
  await palette(page).waitFor({ state: 'hidden' });
  return titles.map((title) => title.trim());
}

export const toast = (page: Page, text: string | RegExp) =>
  page.locator('.notifications-toasts .notification-toast').filter({ hasText: text });

export interface Notification {
  severity: string | undefined;
  text: string;
}

/** Every notification that was not dismissed, from the notification centre. */
export async function notifications(page: Page): Promise<Notification[]> {
  await runCommand(page, 'Notifications: Show Notifications');
  const centre = page.locator('.notifications-center.visible');
  await centre.waitFor();
  const all = await centre.locator('.notification-list-item').evaluateAll((items) =>
    items.map((item) => ({
      severity: ['error', 'warning', 'info'].find((kind) => item.querySelector(`.codicon-${kind}`)),
      text: item.querySelector<HTMLElement>('.notification-list-item-message')?.innerText ?? '',
    })),
  );
  await runCommand(page, 'Notifications: Hide Notifications');
  return all;
}

export async function clearNotifications(page: Page): Promise<void> {
  await runCommand(page, 'Notifications: Clear All Notifications');
  await page.locator('.notifications-toasts .notification-toast').first().waitFor({ state: 'detached' });
}

/** What the editor says of a text when the mouse rests on it: waits until it says what is expected. */
export async function hoverSays(page: Page, text: string, expected: string): Promise<void> {
  const word = page.locator('.view-line span span').filter({ hasText: text }).last();
  const said = page.locator('.monaco-hover').filter({ hasText: expected });
  for (const end = Date.now() + PATIENCE; ;) {
    await page.mouse.move(0, 0);
    await word.hover(); // what answers may start only now: then again
    try {
      return await said.first().waitFor({ timeout: 3000 });
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** Selects files in the explorer: the first by click, the others with Ctrl (Command on macOS). */
export async function selectInExplorer(page: Page, files: string[]): Promise<void> {
  for (const [i, file] of files.entries()) {
    await explorerRow(page, file).click(i === 0 ? {} : { modifiers: ['ControlOrMeta'] });
  }
}

/**
 * Selects files and chooses from their context menu what is there for as many. The click on the first also opens it, and the explorer
 * then selects that alone: so again until the menu has it.
 */
export async function chooseForSelected(page: Page, files: string[], label: string): Promise<void> {
  const item = menu(page).getByRole('menuitem', { name: label, exact: true });
  for (const end = Date.now() + PATIENCE; ; await page.waitForTimeout(500)) {
    await selectInExplorer(page, files);
    await explorerRow(page, files.at(-1)!).click({ button: 'right' });
    await menu(page).waitFor();
    if (await item.isVisible()) {
      await page.waitForTimeout(120); // as above
      await pick(page, item);
      return;
    }
    await page.keyboard.press('Escape');
    await menu(page).waitFor({ state: 'detached' });
    if (Date.now() > end) throw new Error(`no "${label}" in the menu of ${files.join(', ')}`);
  }
}
