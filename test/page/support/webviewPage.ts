/**
 * A page of the extension in a real browser. VS Code only passes messages between page and host, which this does in its place: a test of the page
 * takes seconds, not the minutes that a whole VS Code takes.
 */
import path from 'node:path';
import { chromium, type Browser, type Frame, type Page } from 'playwright-core';
import { findBrowser } from '../../../scripts/lib/system.mjs';
import type { Running } from '../../../extension/protocol/host';
import { Panel } from '../../e2e/support/panel';

export const root = path.resolve(import.meta.dirname, '../../..');

/** Where VS Code would have the page; nothing is loaded from there but what is built in dist/webview, and pictures. */
const ADDRESS = 'https://panel.invalid/';

/** What the page is given of VS Code: a way to post, and what it saved. */
const vsCodeApi = `globalThis.acquireVsCodeApi = () => ({
  postMessage: (message) => void whileDone(postToHost(message)),
  getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
  setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
})`;

/**
 * Knows what the page still has to do: its timers, frames, messages on their way to the host, and pictures that are loading or made. A busy machine
 * may leave a page alone for longer than any time that one would wait. What is only there for a while (a notice, for six seconds) stays:
 * in which step it would go depends on the machine.
 */
const noteWork = `{
  const STAYS_MS = 5000;
  const QUIET_MS = 100;
  const { setTimeout, clearTimeout, requestAnimationFrame, requestIdleCallback } = globalThis;
  const open = new Set();
  globalThis.whileDone = (promise) => {
    open.add(promise);
    return promise.finally(() => open.delete(promise));
  };
  globalThis.setTimeout = (act, delay = 0, ...given) => {
    if (delay >= STAYS_MS) return 0;
    const timer = setTimeout(() => {
      open.delete(timer);
      act(...given);
    }, delay);
    open.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    open.delete(timer);
    clearTimeout(timer);
  };
  for (const [ask, cancel] of [['requestAnimationFrame', 'cancelAnimationFrame'], ['requestIdleCallback', 'cancelIdleCallback']]) {
    const [asked, cancelled] = [globalThis[ask], globalThis[cancel]];
    const mark = (id) => ask + id;
    globalThis[ask] = (act, ...given) => {
      const id = asked((...told) => {
        open.delete(mark(id));
        act(...told);
      }, ...given);
      open.add(mark(id));
      return id;
    };
    globalThis[cancel] = (id) => {
      open.delete(mark(id));
      cancelled(id);
    };
  }
  const { createImageBitmap } = globalThis;
  globalThis.createImageBitmap = (...given) => whileDone(createImageBitmap(...given));
  const { toBlob } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.toBlob = function (act, ...given) {
    void whileDone(new Promise((done) => toBlob.call(this, (blob) => done(act(blob)), ...given)));
  };
  const isBusy = () => open.size > 0 || [...document.images].some((image) => !image.complete && image.loading !== 'lazy' && image.checkVisibility());
  globalThis.whenAtRest = () => new Promise((done) => {
    let quiet;
    let changes = 0;
    const wait = () => {
      changes++;
      clearTimeout(quiet);
      quiet = setTimeout(look, QUIET_MS);
    };
    const look = () => {
      if (isBusy()) return wait();
      const before = changes;
      // what is under the pointer is found when a frame is drawn, and looks otherwise in the next
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (changes !== before) return;
        if (isBusy()) return wait();
        seen.disconnect();
        done();
      }));
    };
    const seen = new MutationObserver(wait);
    seen.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    wait();
  });
}`;

/**
 * Notes what is drawn on each canvas since it was last cleared, as element.drawn: what was done how often, and the sums of its numbers. A stroke or
 * a number in a drawing is too small for its colours to tell.
 */
const noteDrawing = `{
  const styles = { fill: 'fillStyle', fillRect: 'fillStyle', fillText: 'fillStyle', stroke: 'strokeStyle', strokeRect: 'strokeStyle', strokeText: 'strokeStyle' };
  const { prototype } = CanvasRenderingContext2D;
  const forget = (canvas) => (canvas.drawn = new Map());
  const note = ({ canvas }, key, numbers, words) => {
    const drawn = canvas.drawn ?? forget(canvas);
    const [count, sums, said] = drawn.get(key) ?? [0, numbers.map(() => 0), []];
    drawn.set(key, [count + 1, sums.map((sum, i) => sum + numbers[i]), [...said, ...words]]);
  };
  for (const name of ['arc', 'clip', 'closePath', 'drawImage', 'ellipse', 'fill', 'fillRect', 'fillText', 'lineTo', 'moveTo', 'putImageData',
    'quadraticCurveTo', 'rect', 'roundRect', 'setLineDash', 'stroke', 'strokeRect', 'strokeText', 'clearRect']) {
    const method = prototype[name];
    prototype[name] = function (...given) {
      const { width, height } = this.canvas;
      const scale = this.getTransform().a;
      if (name === 'clearRect' && given[2] * scale >= width - 2 && given[3] * scale >= height - 2) forget(this.canvas);
      const style = styles[name] ? ' ' + this[styles[name]] + (name.startsWith('stroke') ? ' ' + this.lineWidth.toFixed(1) : '') : '';
      const alpha = this.globalAlpha === 1 ? '' : ' at ' + this.globalAlpha.toFixed(2);
      const rough = name === 'drawImage' && !this.imageSmoothingEnabled ? ' not smooth' : '';
      const of = (type) => given.filter((value) => typeof value === type);
      note(this, name + style + alpha + rough, of('number'), of('string'));
      return method.apply(this, given);
    };
  }
  for (const side of ['width', 'height']) {
    const { get, set } = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, side);
    Object.defineProperty(HTMLCanvasElement.prototype, side, {
      get,
      set(value) {
        forget(this);
        set.call(this, value);
      },
    });
  }
}`;

class PagePanel extends Panel {
  override get view() {
    return this.page;
  }

  override frame(): Promise<Frame> {
    return Promise.resolve(this.page.mainFrame());
  }
}

/** A page and its host, which stands where VS Code's extension host does. */
export abstract class HostedPage {
  /** Questions of the page that are not answered yet. */
  protected readonly running: Running = new Map();

  protected constructor(protected readonly webview: WebviewPage) {
    webview.host = this;
  }

  abstract receive(message: unknown): void;

  /** Resolves when the host has nothing to do but to answer. */
  settled(): Promise<void> {
    return Promise.resolve();
  }

  get isAsked(): boolean {
    return this.running.size > 0;
  }

  get page() {
    return this.webview.page;
  }

  get panel() {
    return this.webview.panel;
  }

  get problems() {
    return this.webview.problems;
  }

  atRest(): Promise<void> {
    return this.webview.atRest();
  }
}

export interface Opening {
  script: 'main' | 'results' | 'checkpoint' | 'array';
  viewport?: { width: number; height: number };
  /** What was posted while the page was loading: VS Code hands it on when it has loaded. */
  posted?: readonly unknown[];
}

export class WebviewPage {
  readonly problems: string[] = [];
  readonly panel: Panel;
  host: HostedPage | null = null;
  /** What VS Code writes into the page: the file that it is about. */
  #about = { uri: '', name: '' };
  /** Messages to the page. */
  #said = 0;

  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
  ) {
    this.panel = new PagePanel(page);
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
  }

  static async open({ script, viewport = { width: 1100, height: 800 }, posted = [] }: Opening): Promise<WebviewPage> {
    const executablePath = findBrowser() ?? undefined;
    const args = ['--no-sandbox', '--no-first-run', '--disable-gpu'];
    const browser = await chromium.launch({ executablePath, args });
    const opened = new WebviewPage(browser, await browser.newPage({ viewport }));
    const { page } = opened;
    await page.exposeBinding('postToHost', (_, message: unknown) => opened.host?.receive(message));
    await page.addInitScript({ content: noteWork });
    await page.addInitScript({ content: vsCodeApi });
    await page.addInitScript({ content: noteDrawing });
    const events = JSON.stringify(posted.map((event) => ({ kind: 'event', event })));
    const handOn = `setTimeout(() => ${events}.forEach((message) => postMessage(message, '*')), 30)`;
    await page.addInitScript({ content: `addEventListener('load', () => ${handOn})` });
    await page.route('**/*', (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: html(script, opened.#about) });
      const picture = /^\/picture\/(.*)$/.exec(pathname)?.[1];
      const file = picture ? decodeURIComponent(picture) : path.join(root, 'dist/webview', pathname);
      return route.fulfill({ path: file });
    });
    return opened;
  }

  /** The page anew, about that file, with nothing saved. */
  async load(uri: string, name = ''): Promise<void> {
    this.#about = { uri, name };
    if (this.page.url() === ADDRESS) await this.page.evaluate(() => sessionStorage.clear());
    await this.page.goto(ADDRESS);
  }

  post(message: unknown): void {
    this.#said++;
    void this.page
      .evaluate((sent) => postMessage(sent, '*'), message)
      // the page has gone
      .catch(() => undefined);
  }

  /** Waits until nothing on the page has changed for a while, it has no question open, and its host has nothing to do. */
  async atRest(): Promise<void> {
    for (let said = -1; said !== this.#said || this.host!.isAsked;) {
      await this.host!.settled();
      said = this.#said;
      await this.page.evaluate(() => (globalThis as unknown as { whenAtRest(): Promise<void> }).whenAtRest());
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

const html = (script: string, { uri, name }: { uri: string; name: string }) => `<!DOCTYPE html>
<html lang="en" style="${colors}">
<head><meta charset="UTF-8"><title>ViT Inspector</title>
<link rel="stylesheet" href="/codicon.css"><link rel="stylesheet" href="/${script}.css">
<style>* { transition: none !important; animation: none !important; }</style></head>
<body class="vscode-dark" data-uri="${uri}" data-name="${name}"><script src="/${script}.js"></script></body>
</html>`;

/** Of VS Code's dark theme, what canvases are drawn with. */
const colors = Object.entries({
  'editor-background': '#1f1f1f',
  foreground: '#cccccc',
  descriptionForeground: '#9d9d9d',
  focusBorder: '#0078d4',
  'font-family': 'sans-serif',
  'editor-font-family': 'monospace',
})
  .map(([name, value]) => `--vscode-${name}: ${value}`)
  .join('; ');
