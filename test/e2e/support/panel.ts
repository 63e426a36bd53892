/** The extension's panel as a person and as a test see it: by roles, test ids and pixels. */
import type { Frame, FrameLocator, Locator, Page } from 'playwright-core';
import { PATIENCE } from './ui';

export interface ShownPrediction {
  label: string;
  probability: number;
}

/** A document that is looked into, in a frame or of a page. */
export type View = Omit<FrameLocator, 'first' | 'frameLocator' | 'last' | 'nth' | 'owner'>;

export class Panel {
  constructor(readonly page: Page) {}

  /** The document inside the visible webview: workbench > iframe.webview > iframe#active-frame. */
  get view(): View {
    return this.page.frameLocator('iframe.webview.ready:visible').frameLocator('iframe#active-frame');
  }

  get root(): Locator {
    return this.view.locator('#root');
  }

  /** The part with that test id in the view that is shown. */
  part(testId: string): Locator {
    return this.view.getByTestId(testId).filter({ visible: true });
  }

  /** The same document as a frame, to evaluate in. */
  async frame(): Promise<Frame> {
    const outer = await (await this.page.locator('iframe.webview.ready:visible').elementHandle())?.contentFrame();
    const inner = await (await outer?.waitForSelector('iframe#active-frame'))?.contentFrame();
    if (!inner) throw new Error('no webview is visible');
    return inner;
  }

  /** Waits for the root's data attributes to be as given, e.g. { state: 'ready', layer: '3' }. */
  async waitFor(attributes: Record<string, string>): Promise<void> {
    const selector = Object.entries(attributes).map(([name, value]) => `[data-${name}="${value}"]`);
    await this.view.locator(`#root${selector.join('')}`).waitFor({ timeout: PATIENCE });
  }

  /**
   * Waits until the picture (of that name, or any) has its predictions and its map is drawn. Where the panel shows an
   * error instead, that is the reason at once.
   */
  async ready(name = ''): Promise<void> {
    const drawn = this.view.locator(
      `#root[data-state="ready"] canvas[data-testid="picture"][data-drawn]${name && `[aria-label^="${name}"]`}`,
    );
    const failed = this.view.locator('#root[data-state="error"]').getByTestId('error').filter({ hasText: name });
    await drawn.or(failed).waitFor({ timeout: PATIENCE });
    if (await failed.isVisible()) throw new Error(`the panel says: ${await failed.innerText()}`);
  }

  async attribute(name: string): Promise<string | null> {
    return this.root.getAttribute(`data-${name}`);
  }

  async predictions(): Promise<ShownPrediction[]> {
    return this.part('prediction').evaluateAll((items) =>
      items.map((item) => ({
        label: item.querySelector<HTMLElement>('.prediction-label')?.innerText ?? '',
        probability: Number(item.getAttribute('data-probability')),
      })),
    );
  }

  /** What identifies the map now on the canvas. */
  async drawn(): Promise<string | null> {
    return this.part('picture').getAttribute('data-drawn');
  }

  /** Runs `change` and waits until another map than before is drawn. */
  async redrawn(change: () => Promise<unknown>): Promise<void> {
    const before = await this.drawn();
    await change();
    await this.view
      .locator(`canvas[data-testid="picture"][data-drawn]:not([data-drawn="${before ?? ''}"])`)
      .waitFor({ timeout: PATIENCE });
  }

  /** The canvas's pixels: a hash of all, and how many colours there are. */
  async pixels(): Promise<{ hash: number; colors: number; width: number; height: number }> {
    const frame = await this.frame();
    return frame.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[data-testid="picture"]');
      const context = canvas?.getContext('2d');
      if (!canvas || !context) throw new Error('no picture');
      const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
      const words = new Uint32Array(data.buffer);
      let hash = 2166136261;
      const colors = new Set<number>();
      for (const word of words) {
        hash = Math.imul(hash ^ word, 16777619) >>> 0;
        if (colors.size < 4096) colors.add(word);
      }
      return { hash, colors: colors.size, width, height };
    });
  }

  /** Waits until the pixels are others than those with that hash; gives the new hash. */
  async changed(hash: number): Promise<number> {
    for (const end = Date.now() + PATIENCE; ; await this.page.waitForTimeout(50)) {
      const now = (await this.pixels()).hash;
      if (now !== hash) return now;
      if (Date.now() > end) throw new Error('the picture does not change');
    }
  }

  /** Waits until there are that many of a part. */
  async count(testId: string, count: number): Promise<void> {
    await this.part(testId)
      .nth(count - 1)
      .waitFor({ timeout: PATIENCE });
    await this.part(testId).nth(count).waitFor({ state: 'detached', timeout: PATIENCE });
  }

  /** Patches down and across; the embedded model's input is square. */
  async grid(): Promise<{ rows: number; columns: number }> {
    const side = Math.sqrt(Number(await this.part('patch-number').getAttribute('max')));
    if (!Number.isInteger(side)) throw new Error(`the grid is not square: ${side * side} patches`);
    return { rows: side, columns: side };
  }

  /**
   * Clicks the middle of a patch (0-based) of a picture of that size, of which the model saw the largest square in the
   * middle. The picture is fitted, with the canvas's margin around it.
   */
  async clickPatch(row: number, column: number, picture: { width: number; height: number }): Promise<void> {
    const canvas = this.part('picture');
    const box = await canvas.boundingBox();
    if (!box) throw new Error('no picture');
    const margin = 12;
    const scale = Math.min((box.width - 2 * margin) / picture.width, (box.height - 2 * margin) / picture.height);
    const side = Math.min(picture.width, picture.height) * scale;
    const { rows, columns } = await this.grid();
    const x = box.width / 2 - side / 2 + ((column + 0.5) / columns) * side;
    const y = box.height / 2 - side / 2 + ((row + 0.5) / rows) * side;
    await canvas.click({ position: { x, y } });
  }

  /** Chooses from one of the toolkit's dropdowns, by pointer. */
  async choose(testId: string, label: string): Promise<void> {
    const dropdown = this.part(testId);
    await dropdown.click();
    await dropdown.locator('vscode-option').filter({ hasText: label }).first().click();
  }

  /** Opens a page of the walk-through by its title or its number: in the list of steps, or in the menu of a narrow panel. */
  async openStep(step: string | number, place: 'first' | 'last' = 'first'): Promise<void> {
    const menu = this.view.getByTestId('step-menu');
    const options = menu.locator('option');
    const option = typeof step === 'number' ? options.nth(step) : options.filter({ hasText: step })[place]();
    await option.waitFor({ state: 'attached', timeout: PATIENCE });
    const value = (await option.getAttribute('value')) ?? '';
    if (await menu.isVisible()) await menu.selectOption(value);
    else await this.view.getByTestId('step').nth(Number(value)).click({ timeout: PATIENCE });
  }

  /** Opens every part of the view that is folded. */
  async unfold(): Promise<void> {
    const folded = this.view.locator('details:not([open]) > summary').filter({ visible: true });
    while ((await folded.count()) > 0) await folded.first().click();
  }

  /** Moves a slider to a value. */
  async slide(testId: string, value: number): Promise<void> {
    await this.part(testId).fill(String(value));
  }
}
