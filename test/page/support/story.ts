/**
 * What a page says and shows, step by step, against a text that is kept: after the first step what is gone (-) and what is new (+). Words are
 * compared as they are, numbers to a hundredth or their last digit, colours to a sixteenth. `VIT_WRITE_STORIES=1` writes the texts anew; read what changed.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '../../..');
const folder = path.join(root, 'test/page/stories');

export class Story {
  private readonly said: string[] = [];
  private before: string[] = [];

  constructor(
    private readonly name: string,
    private readonly opened: { page: Page; atRest(): Promise<void> },
  ) {}

  /** Does something, waits until nothing changes any more, and notes what did. */
  async step(title: string, act: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    await act();
    await this.opened.atRest();
    const now = await seen(this.opened.page);
    this.said.push(`## ${title}`, ...(this.before.length === 0 ? now : difference(this.before, now)), '');
    this.before = now;
  }

  /** Does something that another story tells of: only what comes after it is noted. */
  async from(act: () => Promise<unknown>): Promise<void> {
    await act();
    await this.opened.atRest();
    this.before = await seen(this.opened.page);
  }

  /** Notes something that is not on the page: what was saved, copied or sent. */
  note(title: string, lines: readonly string[]): void {
    this.said.push(`## ${title}`, ...lines.map(steady), '');
  }

  /** Compares with the text that is kept. */
  holds(): void {
    const file = path.join(folder, `${this.name}.txt`);
    if (process.env.VIT_WRITE_STORIES) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, this.said.join('\n'));
    }
    assert.ok(existsSync(file), `${file} is missing: write it with VIT_WRITE_STORIES=1`);
    const kept = readFileSync(file, 'utf8').split('\n');
    let title = '';
    for (let i = 0; i < Math.max(kept.length, this.said.length); i++) {
      const [want, is] = [kept[i] ?? '(nothing)', this.said[i] ?? '(nothing)'];
      if (want.startsWith('## ')) title = want.slice(3);
      assert.ok(
        isAlike(want, is),
        `${this.name}, ${title}, line ${i + 1} of the story:\n  kept: ${want}\n  now:  ${is}`,
      );
    }
  }
}

/** What of the style of an element is compared: how it is laid out and drawn, as far as that does not depend on the fonts of a machine. */
const looks = [
  'display',
  'position',
  'flexDirection',
  'flexWrap',
  'flexGrow',
  'alignItems',
  'justifyContent',
  'gap',
  'padding',
  'margin',
  'borderWidth',
  'borderRadius',
  'color',
  'backgroundColor',
  'opacity',
  'fontSize',
  'fontWeight',
  'fontStyle',
  'textAlign',
  'whiteSpace',
  'overflow',
  'cursor',
] as const;

/**
 * The page as a screen reader has it, the root's state, how many elements look alike and how, and each canvas as the mean colours of
 * 4 x 4 parts and as what was done to draw it.
 */
async function seen(page: Page): Promise<string[]> {
  const said = await page.locator('#root').ariaSnapshot();
  const { state, looking, canvases } = await page.evaluate(
    (properties) => ({
      looking: [...document.querySelectorAll('#root *')]
        .filter((element) => element.checkVisibility())
        .map((element) => {
          const style = getComputedStyle(element);
          return `${element.localName}: ${properties.map((property) => style[property]).join(' | ')}`;
        }),
      state: Object.entries(document.getElementById('root')!.dataset),
      canvases: [...document.querySelectorAll('canvas')]
        .filter((canvas) => canvas.checkVisibility())
        .map((canvas) => {
          const small = new OffscreenCanvas(4, 4).getContext('2d')!;
          small.imageSmoothingQuality = 'high';
          if (canvas.width > 0 && canvas.height > 0) small.drawImage(canvas, 0, 0, 4, 4);
          return {
            name: canvas.dataset.testid ?? canvas.className,
            size: `${canvas.clientWidth} x ${canvas.clientHeight}`,
            channels: [...small.getImageData(0, 0, 4, 4).data],
            drawn: [
              ...((
                canvas as HTMLCanvasElement & { drawn?: Map<string, [number, number[], string[]]> }
              ).drawn?.entries() ?? []),
            ],
          };
        }),
    }),
    looks,
  );
  const alike = new Map<string, number>();
  for (const look of looking) alike.set(look, (alike.get(look) ?? 0) + 1);
  const sixteenth = (value: number) => Math.round(value / 17).toString(16);
  return [
    ...said.split('\n'),
    `state ${state
      .filter(([name]) => name !== 'run')
      .sort()
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
    ...[...alike].map(([look, count]) => `look ${count} ${shortened(look)}`).sort(),
    ...canvases.flatMap(({ name, size, channels, drawn }) => [
      `canvas ${name} ${size} ${channels.map((value, i) => (i % 4 === 0 ? ' #' : '') + sixteenth(value)).join('')}`,
      ...drawn.map(([done, [count, sums, words]]) => {
        const said = words.length === 0 ? '' : `"${words.join(' ').slice(0, 120)}" `;
        return `drawn ${name} ${count} x ${done} ${said}[${sums.map(Math.round).join(', ')}]`;
      }),
    ]),
  ].map(steady);
}

/** Without what says nothing, and without the rest of a line that an automatic margin takes, which depends on fonts. */
const shortened = (look: string) =>
  look
    .replaceAll(/\d+(\.\d+)?px/g, (length) => (parseFloat(length) > 40 ? 'much' : length))
    .replaceAll(/(?<=[:|]) (normal|none|auto|static|visible|0px|0|1|row|nowrap|start|rgba\(0, 0, 0, 0\))(?= \||$)/g, '')
    .replaceAll(' |', '|');

/** How long something took, when and where that was and what it keeps in memory is not the page's to say. */
const steady = (line: string) =>
  line
    .trimEnd()
    .replaceAll(root, 'ROOT')
    .replaceAll(/\S*\/vit-\w+-\w{6}(?=\/)/g, 'TEMPORARY')
    .replace(/\d+(\.\d+)? (ms|s|KB|MB|GB)\b/g, 'N $2')
    .replace(/\d+\/\d+\/\d{4}, [\d:]+.[AP]M/g, 'DATE');

/** Lines that are not in the other, in order. */
function difference(before: string[], now: string[]): string[] {
  const left = [...before];
  const added = now.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [...left.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)];
}

const number = /-?\d+(?:\.\d+)?(?:e-?\d+)?/g;

/** What one more in its last digit is. */
function lastDigit(text: string): number {
  const [digits = '', exponent = '0'] = text.split('e');
  return 10 ** (Number(exponent) - (digits.split('.')[1]?.length ?? 0));
}

function isAlike(one: string, two: string): boolean {
  if (one === two) return true;
  if (/^[-+] canvas|^canvas/.test(one)) return isSameDrawing(one, two);
  if (/^[-+] drawn|^drawn/.test(one)) return isDrawnAlike(one, two);
  if (one.replace(number, '#') !== two.replace(number, '#')) return false;
  const [a, b] = [one.match(number) ?? [], two.match(number) ?? []];
  return a.every((text, i) => {
    const [x, y] = [Number(text), Number(b[i])];
    // whole numbers count something
    if (Number.isInteger(x) && Number.isInteger(y)) return x === y;
    return Math.abs(x - y) <= Math.max(0.01 * Math.abs(x), 1.01 * lastDigit(text)) + 1e-6;
  });
}

/** The same was done as often, with numbers that add up to within a tenth, as fonts differ. */
function isDrawnAlike(one: string, two: string): boolean {
  const [a, b] = [one, two].map((line) => {
    const at = line.lastIndexOf('[');
    return { done: line.slice(0, at), sums: line.slice(at).match(number)?.map(Number) ?? [] };
  }) as [{ done: string; sums: number[] }, { done: string; sums: number[] }];
  if (!isAlike(a.done.replace('drawn', ''), b.done.replace('drawn', '')) || a.sums.length !== b.sums.length)
    return false;
  return a.sums.every((sum, i) => Math.abs(sum - b.sums[i]!) <= Math.max(3, 0.1 * Math.abs(sum)));
}

/** The same canvas; its size within a tenth, as fonts differ, each channel of each part within a sixteenth. */
function isSameDrawing(one: string, two: string): boolean {
  const [a, b] = [one.split(' #'), two.split(' #')];
  const size = /(\d+) x (\d+)/;
  const [sizeA, sizeB] = [size.exec(a[0]!)!, size.exec(b[0]!) ?? []];
  if (a[0]!.replace(size, '') !== b[0]!.replace(size, '') || a.length !== b.length) return false;
  if ([1, 2].some((i) => Math.abs(Number(sizeA[i]) - Number(sizeB[i])) > 0.1 * Number(sizeA[i]))) return false;
  const channels = (part: string) => [0, 1, 2, 3].map((i) => parseInt(part.charAt(i), 16));
  return a.slice(1).every((part, i) => {
    const other = channels(b[i + 1]!);
    return channels(part).every((value, j) => Math.abs(value - other[j]!) <= 1);
  });
}
