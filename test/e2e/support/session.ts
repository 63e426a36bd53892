/** A real VS Code with the extension in it, shown in a real browser, for one test file. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { SuiteContext, TestContext } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findBrowser } from '../../../scripts/lib/system.mjs';
import {
  folderAddress,
  installVsix,
  linkExtension,
  prepareRun,
  startWorkbench,
} from '../../../scripts/lib/workbench.mjs';
import type { Workbench } from '../../../scripts/lib/workbench.mjs';
import { packageExtension } from '../../../scripts/package.mjs';
import { addLanguagePack } from './languagePack';
import { Panel } from './panel';
import { PATIENCE, runCommand, windowState } from './ui';

export const root = path.resolve(import.meta.dirname, '../../..');

const output = path.join(root, 'test-output');

export interface Options {
  /** vsix: packaged and installed as users do; link: the working tree itself, as developers do. */
  install: 'vsix' | 'link';
  settings?: Record<string, unknown>;
  /** VS Code's language; its own texts stay English. */
  language?: string;
  /** The folder is opened in Restricted Mode. */
  restricted?: boolean;
  /** Adds to the run's folder, other extensions among it, before VS Code starts. */
  alongside?: (run: string) => void;
  /** Adds to the folder that is opened; the samples are in it already. */
  prepare?: (folder: string) => Promise<void> | void;
}

export class Session {
  private failures = 0;
  private readonly settings: Record<string, unknown> = {};

  private constructor(
    readonly name: string,
    readonly folder: string,
    readonly server: Workbench,
    private readonly browser: Browser,
    readonly page: Page,
    readonly panel: Panel,
    /** What the browser's console reported as errors. */
    readonly consoleErrors: readonly string[],
  ) {}

  static async open(
    name: string,
    { install, settings, language, restricted = false, prepare, alongside }: Options,
  ): Promise<Session> {
    mkdirSync(output, { recursive: true });
    const folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'vit-e2e-')), 'pictures');
    cpSync(path.join(root, 'samples'), folder, { recursive: true });
    await prepare?.(folder);
    const run = prepareRun(name, {
      ...settings,
      ...(restricted
        ? { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }
        : {}),
    });
    if (install === 'vsix') {
      const vsix = path.join(run, 'vit-inspector.vsix');
      await packageExtension(vsix);
      await installVsix(run, vsix);
    } else linkExtension(run);
    alongside?.(run);
    if (language !== undefined) addLanguagePack(run, language);
    const server = await startWorkbench(run, { trust: restricted, language });
    const executablePath = findBrowser() ?? undefined;
    const quiet = ['quic', 'gpu', 'background-networking', 'component-update', 'sync'].map(
      (what) => `--disable-${what}`,
    );
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...quiet] });
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const consoleErrors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') consoleErrors.push(message.text());
    });
    const session = new Session(name, folder, server, browser, page, new Panel(page), consoleErrors);
    await session.openFolder();
    return session;
  }

  async openFolder(): Promise<void> {
    await this.page.goto(folderAddress(this.server.url, this.folder), {
      waitUntil: 'domcontentloaded',
      timeout: PATIENCE,
    });
    await this.explorerShown();
  }

  async explorerShown(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor({ timeout: PATIENCE });
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: PATIENCE });
  }

  /** Saves what the window looks like as test-output/NAME.png. */
  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(output, `${name}.png`) });
  }

  /** Changes the workspace's settings as a user does: in settings.json, in the editor, saved and closed. */
  async changeSettings(changes: Record<string, unknown>): Promise<void> {
    Object.assign(this.settings, changes);
    const wanted = JSON.stringify(this.settings);
    const { page } = this;
    await runCommand(page, 'Preferences: Open Workspace Settings (JSON)');
    const tab = page.getByRole('tab', { name: 'settings.json' });
    await tab.and(page.locator('[aria-selected="true"]')).waitFor();
    await page.locator('.monaco-editor.focused .view-lines').waitFor();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText(wanted);
    await page.keyboard.press('ControlOrMeta+Shift+End'); // brackets and quotes that the editor closed by itself
    await page.keyboard.press('Delete');
    await page.keyboard.press('ControlOrMeta+S');
    const file = path.join(this.folder, '.vscode/settings.json');
    const saved = () => (existsSync(file) ? readFileSync(file, 'utf8') : null);
    for (const end = Date.now() + PATIENCE; saved() !== wanted; await page.waitForTimeout(50)) {
      if (Date.now() > end) assert.equal(saved(), wanted);
    }
    await tab.click({ button: 'middle' });
    await tab.waitFor({ state: 'detached' });
  }

  /** After a failed test: what the window looked like. A story that went wrong three times is not waited for any longer. */
  async keepIfFailed(test: TestContext | SuiteContext): Promise<void> {
    if (!('passed' in test) || test.passed || !this.browser.isConnected()) return;
    console.log(`# ${test.name}: ${await windowState(this.page)}`);
    await this.screenshot(`failed-${this.name}-${test.name.replaceAll(/\W+/g, '-')}`);
    if (++this.failures === 3) await this.browser.close();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    rmSync(path.dirname(this.folder), { recursive: true, force: true });
  }
}
