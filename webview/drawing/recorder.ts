/**
 * A pen that writes down what is drawn instead of drawing it: one description, from which vector files are made. Every mark
 * carries the style it was drawn with; sizes in pixels, y down.
 */
import type { Pen } from './pen';

/** Red, green and blue, 0..255. */
export type Rgb = readonly [number, number, number];

export type PathStep =
  | { kind: 'move' | 'line'; x: number; y: number }
  | { kind: 'close' }
  | { kind: 'circle'; x: number; y: number; radius: number };

interface Inked {
  color: Rgb;
  /** 0..1 */
  opacity: number;
}

export interface TextMark extends Inked {
  kind: 'text';
  text: string;
  x: number;
  /** Of the line the letters stand on. */
  y: number;
  size: number;
  weight: number;
  align: 'left' | 'center' | 'right';
  /** Width that it is pressed into; null: as wide as it is. */
  width: number | null;
  /** Thickness of the outline; null: filled. */
  outline: number | null;
}

export type Mark =
  | ({ kind: 'fill'; path: readonly PathStep[]; rule: CanvasFillRule } & Inked)
  | ({ kind: 'stroke'; path: readonly PathStep[]; width: number } & Inked)
  | TextMark
  | {
      kind: 'image';
      source: CanvasImageSource;
      x: number;
      y: number;
      width: number;
      height: number;
      opacity: number;
      smooth: boolean;
    };

/** Width of a text in pixels. */
export type Measure = (text: string, size: number, weight: number) => number;

/** From the top, or the middle, of a line of text to where its letters stand, as shares of the size; sans-serif fonts hardly differ. */
const ASCENT = 0.76;
const HALF_HEIGHT = 0.36;

const STYLE = {
  globalAlpha: 1,
  fillStyle: '#000000' as Pen['fillStyle'],
  strokeStyle: '#000000' as Pen['strokeStyle'],
  lineWidth: 1,
  lineJoin: 'miter' as CanvasLineJoin,
  font: '10px sans-serif',
  textAlign: 'left' as CanvasTextAlign,
  textBaseline: 'alphabetic' as CanvasTextBaseline,
  imageSmoothingEnabled: true,
  imageSmoothingQuality: 'low' as ImageSmoothingQuality,
  /** Where the origin has been moved to. */
  left: 0,
  top: 0,
};

export class Recorder implements Pen {
  readonly marks: Mark[] = [];
  globalAlpha = STYLE.globalAlpha;
  fillStyle = STYLE.fillStyle;
  strokeStyle = STYLE.strokeStyle;
  lineWidth = STYLE.lineWidth;
  lineJoin = STYLE.lineJoin;
  font = STYLE.font;
  textAlign = STYLE.textAlign;
  textBaseline = STYLE.textBaseline;
  imageSmoothingEnabled = STYLE.imageSmoothingEnabled;
  imageSmoothingQuality = STYLE.imageSmoothingQuality;
  left = STYLE.left;
  top = STYLE.top;
  private readonly saved: (typeof STYLE)[] = [];
  private path: PathStep[] = [];

  constructor(private readonly measure: Measure) {}

  save(): void {
    const names = Object.keys(STYLE) as (keyof typeof STYLE)[];
    this.saved.push(Object.fromEntries(names.map((name) => [name, this[name]])) as typeof STYLE);
  }

  restore(): void {
    Object.assign(this, this.saved.pop());
  }

  translate(x: number, y: number): void {
    this.left += x;
    this.top += y;
  }

  beginPath(): void {
    this.path = [];
  }

  moveTo(x: number, y: number): void {
    this.path.push({ kind: 'move', ...this.at(x, y) });
  }

  lineTo(x: number, y: number): void {
    this.path.push({ kind: 'line', ...this.at(x, y) });
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.push(...this.rectangle(x, y, width, height));
  }

  /** Whole circles only. */
  arc(x: number, y: number, radius: number): void {
    this.path.push({ kind: 'circle', ...this.at(x, y), radius });
  }

  fill(rule: CanvasFillRule = 'nonzero'): void {
    this.marks.push({ kind: 'fill', path: this.path.slice(), rule, ...this.ink(this.fillStyle) });
  }

  stroke(): void {
    const { lineWidth: width } = this;
    this.marks.push({ kind: 'stroke', path: this.path.slice(), width, ...this.ink(this.strokeStyle) });
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const path = this.rectangle(x, y, width, height);
    this.marks.push({ kind: 'fill', path, rule: 'nonzero', ...this.ink(this.fillStyle) });
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    const path = this.rectangle(x, y, width, height);
    this.marks.push({ kind: 'stroke', path, width: this.lineWidth, ...this.ink(this.strokeStyle) });
  }

  fillText(text: string, x: number, y: number, most = Infinity): void {
    this.text(text, x, y, { outline: null, ...this.ink(this.fillStyle) }, most);
  }

  strokeText(text: string, x: number, y: number): void {
    this.text(text, x, y, { outline: this.lineWidth, ...this.ink(this.strokeStyle) }, Infinity);
  }

  measureText(text: string): { width: number } {
    const { size, weight } = readFont(this.font);
    return { width: this.measure(text, size, weight) };
  }

  drawImage(source: CanvasImageSource, x: number, y: number, width: number, height: number): void {
    const { globalAlpha: opacity, imageSmoothingEnabled: smooth } = this;
    this.marks.push({ kind: 'image', source, ...this.at(x, y), width, height, opacity, smooth });
  }

  private text(text: string, x: number, y: number, ink: Inked & { outline: number | null }, most: number): void {
    const { size, weight } = readFont(this.font);
    const { textAlign, textBaseline } = this;
    const align = textAlign === 'center' || textAlign === 'right' ? textAlign : 'left';
    const down = textBaseline === 'top' ? ASCENT * size : textBaseline === 'middle' ? HALF_HEIGHT * size : 0;
    const width = this.measure(text, size, weight) > most ? most : null;
    this.marks.push({ kind: 'text', text, ...this.at(x, y + down), size, weight, align, width, ...ink });
  }

  private at(x: number, y: number): { x: number; y: number } {
    return { x: x + this.left, y: y + this.top };
  }

  private rectangle(x: number, y: number, width: number, height: number): PathStep[] {
    const [near, far] = [this.at(x, y), this.at(x + width, y + height)];
    return [
      { kind: 'move', ...near },
      { kind: 'line', x: far.x, y: near.y },
      { kind: 'line', ...far },
      { kind: 'line', x: near.x, y: far.y },
      { kind: 'close' },
    ];
  }

  private ink(style: Pen['fillStyle']): Inked {
    const { color, opacity } = readColor(style);
    return { color, opacity: opacity * this.globalAlpha };
  }
}

/** '700 12px sans-serif', '12px sans-serif' */
function readFont(font: string): { size: number; weight: number } {
  const [, weight = '400', size] = /^(?:(\d+) )?([\d.]+)px /.exec(font) ?? [];
  if (size === undefined) throw new Error(`"${font}" is not a font of these drawings`);
  return { size: Number(size), weight: Number(weight) };
}

/** '#rrggbb' or '#rrggbbaa': figures are drawn in colours of their own, not the theme's. */
function readColor(style: Pen['fillStyle']): Inked {
  const hex = typeof style === 'string' ? /^#([0-9a-f]{6})([0-9a-f]{2})?$/i.exec(style) : null;
  if (!hex)
    throw new Error(`${typeof style === 'string' ? `"${style}"` : 'a gradient'} is not a colour of these drawings`);
  const [, rgb = '', alpha = 'ff'] = hex;
  const part = (at: number) => parseInt(rgb.slice(at, at + 2), 16);
  return { color: [part(0), part(2), part(4)], opacity: parseInt(alpha, 16) / 255 };
}
