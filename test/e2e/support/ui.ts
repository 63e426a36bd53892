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

/**
 * Chooses what is called `label` from the context menu that `open` opens; gives the click's time. VS Code closes a menu when something
 * else takes the focus, adds contributed items late, and ignores a mouse-up in a menu's first 100 ms: so again until it was clicked.
 * `holds` says whether what the command will act on is still the right thing.
 */
export async function chooseFromMenu(
  page: Page,
  label: string,
  open: () => Promise<unknown>,
  holds: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<number> {
  const item = menu(page).getByRole('menuitem', { name: label, exact: true });
  for (const end = Date.now() + PATIENCE; ; await page.waitForTimeout(200)) {
    try {
      await open();
      await item.waitFor({ timeout: 2000 });
      await page.waitForTimeout(120);
      if (!(await holds())) throw new Error('the command would act on something else');
      await item.click({ timeout: 2000 });
    } catch (error) {
      if (Date.now() > end)
        throw new Error(`"${label}" cannot be chosen; ${await windowState(page)}`, { cause: error });
      await toWorkbench(page);
      continue;
    }
    return untilGone(page, item);
  }
}

/** After the click on an item: clicks again while its menu is still there. Gives the last click's time. */
async function untilGone(page: Page, item: Locator): Promise<number> {
  let clicked = Date.now();
  for (let i = 0; i < 10; i++) {
    try {
      await menu(page).first().waitFor({ state: 'detached', timeout: 1000 });
      return clicked;
    } catch {
      await item.click({ timeout: 1000 }).then(
        () => (clicked = Date.now()),
        () => undefined, // gone in the meantime: the click before was the one
      );
    }
  }
  throw new Error('the menu does not go away');
}

/** Closes what is open over the workbench and takes the focus out of a panel, as a person clicks beside it. */
async function toWorkbench(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  const blur = () => {
    if (document.activeElement instanceof HTMLIFrameElement) document.activeElement.blur();
    window.focus();
  };
  await page.evaluate(blur).catch(() => undefined); // the window is just being loaded again
}

/** What stands in the way of somebody who cannot go on: for the message of a failed test. */
export async function windowState(page: Page): Promise<string> {
  // no function with a name in it: what runs the tests would wrap that in a helper of its own
  const state = (parts: [name: string, selector: string][]) => {
    const { activeElement } = document;
    const focus = `focus ${document.hasFocus() ? 'in' : 'out of'} the window, on ${activeElement?.tagName}.${activeElement?.className}`;
    return parts
      .flatMap(([name, selector]) =>
        [...document.querySelectorAll<HTMLElement>(selector)]
          .filter((one) => one.checkVisibility())
          .map((one) => `${name}: ${one.innerText.replaceAll(/\s+/g, ' ').slice(0, 300)}`),
      )
      .concat(focus)
      .join('; ');
  };
  const parts: [string, string][] = [
    ['dialog', '.monaco-dialog-box'],
    ['notification', '.notification-toast'],
    ['quick input', '.quick-input-widget'],
    ['menu', '.monaco-menu'],
  ];
  return page.evaluate(state, parts).catch(String);
}

/** Chooses from the context menu of a file in the explorer; gives the click's time. */
export async function chooseInExplorer(page: Page, file: string, label: string): Promise<number> {
  const row = explorerRow(page, file);
  // a command acts on the row that has the explorer's focus, which a file that appears on disk takes while the menu is open
  const ofFile = row.and(page.locator('.focused'));
  return chooseFromMenu(
    page,
    label,
    () => row.click({ button: 'right', timeout: 5000 }),
    () => ofFile.isVisible(),
  );
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
        throw new Error(`cannot run "${title}"; the palette shows: ${shown}; ${await windowState(page)}`, {
          cause: error,
        });
      }
      await toWorkbench(page);
    }
  }
}

/**
 * Chooses the row with that text from the list that VS Code shows after `ask`. Such a list closes when something else takes the focus, and
 * a panel gets the focus back some time after the palette or the menu that `ask` uses is gone: so it is asked again until it was chosen.
 */
export async function chooseFromList(page: Page, ask: () => Promise<unknown>, text: string | RegExp): Promise<void> {
  const row = palette(page).locator('.monaco-list-row').filter({ hasText: text }).first();
  for (const end = Date.now() + PATIENCE; ; await page.waitForTimeout(200)) {
    try {
      await ask();
      return await row.click({ timeout: 5000 });
    } catch (error) {
      if (Date.now() > end) throw new Error(`${text} cannot be chosen; ${await windowState(page)}`, { cause: error });
      await toWorkbench(page);
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
  // a list that has become empty has closed by itself, and its command is not offered then
  if (await centre.isVisible()) await page.keyboard.press('Escape');
  await centre.waitFor({ state: 'hidden' });
  return all;
}

export async function clearNotifications(page: Page): Promise<void> {
  await runCommand(page, 'Notifications: Clear All Notifications');
  await page.locator('.notifications-toasts .notification-toast').first().waitFor({ state: 'detached' });
}

/** Waits until the log that is shown has that text; a long line is broken anywhere. */
export async function untilLogged(page: Page, text: string): Promise<void> {
  const dense = (lines: string) => lines.replaceAll(/\s/g, '');
  const log = page.locator('.output-view .view-lines');
  for (const end = Date.now() + PATIENCE; ; await page.waitForTimeout(100)) {
    const shown = (await log.isVisible()) ? await log.innerText() : '';
    if (dense(shown).includes(dense(text))) return;
    if (Date.now() > end) throw new Error(`the log does not say "${text}" but: ${shown}`);
  }
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
  await chooseFromMenu(page, label, async () => {
    await selectInExplorer(page, files);
    await explorerRow(page, files.at(-1)!).click({ button: 'right', timeout: 5000 });
  });
}

const pathBox = (page: Page) => palette(page).locator('.quick-input-box input');

/**
 * In the dialog that asks where to save: what it suggests is that file's name, which is typed with its folder. Enter while the dialog still
 * reads another folder than the one it began with only goes there: so again until it is closed.
 */
export async function saveFile(page: Page, file: string): Promise<void> {
  const suggested = file.slice(file.lastIndexOf('/'));
  await page.waitForFunction(
    (wanted) =>
      document.querySelector<HTMLInputElement>('.quick-input-widget .quick-input-box input')?.value.endsWith(wanted),
    suggested,
    { timeout: PATIENCE },
  );
  for (const end = Date.now() + PATIENCE; ;) {
    try {
      await pathBox(page).fill(file, { timeout: 1000 });
      await pathBox(page).press('Enter', { timeout: 1000 });
    } catch (error) {
      // it was closed by the Enter before, a little late
      if (Date.now() > end && (await palette(page).isVisible())) throw error;
    }
    try {
      return await palette(page).waitFor({ state: 'hidden', timeout: 5000 });
    } catch (error) {
      if (Date.now() > end) throw new Error(`${file} cannot be saved; ${await windowState(page)}`, { cause: error });
    }
  }
}

/**
 * In the dialog that asks for a file: its path is typed. The list of names is drawn several times while the dialog opens, and a click may
 * meet another row than the one it aims at.
 */
export async function chooseFile(page: Page, file: string): Promise<void> {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const row = palette(page).locator('.monaco-list-row.focused').filter({ hasText: name });
  await palette(page).locator('.monaco-list-row').first().waitFor({ timeout: PATIENCE });
  await pathBox(page).fill(file);
  await row.waitFor({ timeout: PATIENCE });
  await page.keyboard.press('Enter');
  await palette(page).waitFor({ state: 'hidden', timeout: PATIENCE });
}

/** Opens a file of the folder by its name, with "Go to File"; gives the click's time. */
export async function openFile(page: Page, name: string): Promise<number> {
  const row = palette(page).locator('.monaco-list-row').filter({ hasText: name }).first();
  for (const end = Date.now() + PATIENCE; ; await page.waitForTimeout(200)) {
    try {
      await page.keyboard.press('ControlOrMeta+P');
      await pathBox(page).fill(name, { timeout: 5000 });
      await row.click({ timeout: 5000 });
      const clicked = Date.now();
      await page.getByRole('tab', { name }).and(page.locator('[aria-selected="true"]')).waitFor({ timeout: 5000 });
      return clicked;
    } catch (error) {
      if (Date.now() > end) throw error;
      await page.keyboard.press('Escape');
    }
  }
}
