/** Draws the picture, what the model saw of it, the heat and the patches. Sizes in CSS pixels. */
import type { Geometry, Region } from '../../extension/image/preprocessing';
import type { Pen } from './pen';
import type { Theme } from './theme';
import { inputBox, pictureBox, type TokenLayout } from './tokenLayout';
import type { Viewport } from './viewport';

export interface Scene {
  picture: { source: CanvasImageSource; width: number; height: number };
  viewport: Viewport;
  geometry: Geometry | null;
  layout: TokenLayout | null;
  /** Stretched over the region the model saw. */
  overlay: { source: CanvasImageSource; opacity: number; smooth: boolean } | null;
  grid: boolean;
  /** corner: small, out of the way of the heat; middle: the articles' figure. */
  numbers: 'none' | 'corner' | 'middle';
  /** Patch indices, 0-based: hidden from the model, the query, and under the pointer. */
  hidden: readonly number[];
  query: number | null;
  hover: number | null;
}

/** Numbers are drawn in cells of at least this height, and wide enough for the digits. */
const leastCell = 20;

export function drawScene(context: Pen, scene: Scene, theme: Theme) {
  const { picture, viewport, geometry, layout } = scene;
  const whole = onScreen(viewport, { left: 0, top: 0, right: picture.width, bottom: picture.height });
  // pixels stay square when enlarged, as VS Code's image preview shows them
  context.imageSmoothingEnabled = viewport.scale < 3;
  context.imageSmoothingQuality = 'high';
  drawInto(context, picture.source, whole);
  if (!geometry) return;

  const seen = onScreen(viewport, geometry.region);
  dimOutside(context, whole, seen, theme);
  if (scene.overlay) {
    context.save();
    context.globalAlpha = scene.overlay.opacity;
    context.imageSmoothingEnabled = scene.overlay.smooth;
    drawInto(context, scene.overlay.source, seen);
    context.restore();
  }
  if (layout) {
    if (scene.grid) drawGrid(context, layout, seen, theme);
    if (scene.numbers !== 'none') drawNumbers(context, layout, seen, scene.numbers, scene.query, theme);
    // a soft split's windows reach into the padding, where there is no picture
    const box = (patch: number) => within(onScreen(viewport, pictureBox(layout, geometry, patch)), seen);
    for (const patch of scene.hidden) blotOut(context, box(patch), theme);
    if (scene.hover !== null && scene.hover !== scene.query) strokeBox(context, box(scene.hover), '#ffffff', 1);
    if (scene.query !== null) strokeBox(context, box(scene.query), theme.focus, 2);
  }
  strokeBox(context, seen, theme.highContrast ? theme.foreground : '#ffffff', 1);
}

const within = (box: Region, bounds: Region): Region => ({
  left: Math.max(box.left, bounds.left),
  top: Math.max(box.top, bounds.top),
  right: Math.min(box.right, bounds.right),
  bottom: Math.min(box.bottom, bounds.bottom),
});

function onScreen({ scale, x, y }: Viewport, box: Region): Region {
  return {
    left: box.left * scale + x,
    right: box.right * scale + x,
    top: box.top * scale + y,
    bottom: box.bottom * scale + y,
  };
}

function drawInto(context: Pen, source: CanvasImageSource, box: Region): void {
  context.drawImage(source, box.left, box.top, box.right - box.left, box.bottom - box.top);
}

/** What the model never saw is there, but faint. */
function dimOutside(context: Pen, whole: Region, seen: Region, theme: Theme): void {
  const hole = within(seen, whole);
  context.save();
  context.beginPath();
  context.rect(whole.left, whole.top, whole.right - whole.left, whole.bottom - whole.top);
  context.rect(hole.left, hole.top, hole.right - hole.left, hole.bottom - hole.top);
  context.globalAlpha = 0.65;
  context.fillStyle = theme.background;
  context.fill('evenodd');
  context.restore();
}

/** Lines between patches; a soft split has overlapping ones, so it gets a dot at each token's middle. */
function drawGrid(context: Pen, layout: TokenLayout, seen: Region, theme: Theme): void {
  const cell = cellSize(layout, seen);
  if (Math.min(cell.width, cell.height) < 4) return;
  context.save();
  const strength = Math.min(1, Math.min(cell.width, cell.height) / 16);
  context.globalAlpha = theme.highContrast ? 0.9 : 0.15 + 0.3 * strength;
  if (layout.splits) {
    context.fillStyle = '#ffffff';
    context.strokeStyle = '#00000080';
    eachCentre(layout, seen, (x, y) => {
      context.beginPath();
      context.arc(x, y, 1.5 + strength, 0, Math.PI * 2);
      context.fill();
      context.stroke();
    });
    context.restore();
    return;
  }
  context.beginPath();
  for (let column = 1; column < layout.columns; column++) {
    const x = Math.round(seen.left + column * cell.width) + 0.5;
    context.moveTo(x, seen.top);
    context.lineTo(x, seen.bottom);
  }
  for (let row = 1; row < layout.rows; row++) {
    const y = Math.round(seen.top + row * cell.height) + 0.5;
    context.moveTo(seen.left, y);
    context.lineTo(seen.right, y);
  }
  // white between two dark hairlines: seen on any picture
  context.strokeStyle = '#00000066';
  context.lineWidth = 2;
  context.stroke();
  context.strokeStyle = '#ffffff';
  context.lineWidth = 1;
  context.stroke();
  context.restore();
}

/** The articles' numbering: 1..N, row by row; the chosen patch's number stands out. Left out where cells are small. */
function drawNumbers(
  context: Pen,
  layout: TokenLayout,
  seen: Region,
  place: 'corner' | 'middle',
  query: number | null,
  theme: Theme,
): void {
  const cell = cellSize(layout, seen);
  const digits = String(layout.rows * layout.columns).length;
  if (cell.height < leastCell || cell.width < Math.max(leastCell, digits * 9)) return;
  const large = place === 'middle';
  // a soft split's tokens have no corner of their own
  const middle = large || layout.splits !== null;
  const size = large
    ? Math.max(9, Math.min(22, cell.height * 0.36, (cell.width * 0.7) / (digits * 0.62)))
    : Math.max(9, Math.min(12, cell.height * 0.22));
  const [right, down] = middle ? [0, 0] : [3 - cell.width / 2, 3 - cell.height / 2];
  context.save();
  context.textAlign = middle ? 'center' : 'left';
  context.textBaseline = middle ? 'middle' : 'top';
  context.lineJoin = 'round';
  context.lineWidth = 2.5;
  let patch = 0;
  eachCentre(layout, seen, (x, y) => {
    const chosen = patch === query;
    context.font = `${chosen ? 700 : 500} ${size}px ${theme.font}`;
    context.strokeStyle = chosen ? '#000000' : '#000000a0';
    context.fillStyle = '#ffffff';
    patch++;
    context.globalAlpha = large || chosen ? 1 : 0.8;
    const text = String(patch);
    // the outer windows of a soft split have their middle at the edge, or beyond it
    const room = middle ? [context.measureText(text).width / 2 + 2, size / 2 + 2] : [0, 0];
    const at = [
      Math.min(seen.right - room[0]!, Math.max(seen.left + room[0]!, x + right)),
      Math.min(seen.bottom - room[1]!, Math.max(seen.top + room[1]!, y + down)),
    ] as const;
    context.strokeText(text, ...at);
    context.fillText(text, ...at);
  });
  context.restore();
}

function eachCentre(layout: TokenLayout, seen: Region, visit: (x: number, y: number) => void): void {
  const x = (seen.right - seen.left) / layout.inputWidth;
  const y = (seen.bottom - seen.top) / layout.inputHeight;
  for (let patch = 0; patch < layout.rows * layout.columns; patch++) {
    const box = inputBox(layout, patch);
    visit(seen.left + ((box.left + box.right) / 2) * x, seen.top + ((box.top + box.bottom) / 2) * y);
  }
}

const cellSize = (layout: TokenLayout, seen: Region) => ({
  width: (seen.right - seen.left) / layout.columns,
  height: (seen.bottom - seen.top) / layout.rows,
});

/** A hidden patch: covered and crossed out. */
function blotOut(context: Pen, box: Region, theme: Theme): void {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  context.save();
  context.globalAlpha = 0.9;
  context.fillStyle = theme.background;
  context.fillRect(box.left, box.top, width, height);
  context.strokeStyle = theme.muted;
  context.beginPath();
  context.moveTo(box.left, box.top);
  context.lineTo(box.right, box.bottom);
  context.moveTo(box.right, box.top);
  context.lineTo(box.left, box.bottom);
  context.stroke();
  context.restore();
}

/** A frame with a dark edge on both sides, so that it shows on light and dark. */
function strokeBox(context: Pen, box: Region, color: string, width: number): void {
  context.save();
  context.lineJoin = 'miter';
  for (const [style, line] of [
    ['#000000b0', width + 2],
    [color, width],
  ] as const) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  }
  context.restore();
}
