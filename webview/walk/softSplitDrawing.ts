/** One frame of the soft split. */
import type { Size } from '../../extension/image/geometry';
import type { Split } from '../../extension/image/geometry';
import { colorTable } from '../../extension/drawing/colorMap';
import { theme } from '../drawing/theme';
import { windowAt, type SoftSplitPlan } from './softSplit';

/** More dotted boxes than this hide the picture: only the latest are drawn. */
const mostPast = 300;

export function drawSoftSplit(
  canvas: HTMLCanvasElement,
  source: HTMLCanvasElement,
  size: Size,
  split: Split,
  plan: SoftSplitPlan,
  current: number,
): void {
  const width = canvas.clientWidth;
  if (width === 0) return;
  const most = Math.max(200, Math.min(480, innerHeight * 0.55));
  const scale = Math.min(width / plan.width, most / plan.height);
  const height = Math.ceil(plan.height * scale);
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const context = canvas.getContext('2d')!;
  context.scale(devicePixelRatio, devicePixelRatio);
  // padding is zeros: the darkest purple, as in the articles' figure
  const [red, green, blue] = colorTable('purples_r');
  context.fillStyle = `rgb(${red}, ${green}, ${blue})`;
  context.fillRect(0, 0, plan.width * scale, plan.height * scale);
  context.imageSmoothingEnabled = scale < 1;
  context.drawImage(source, plan.padding * scale, plan.padding * scale, size.width * scale, size.height * scale);

  const box = (index: number) => {
    const { x, y } = windowAt(split, plan, index);
    context.strokeRect(x * scale + 1, y * scale + 1, plan.kernel * scale - 2, plan.kernel * scale - 2);
  };
  context.strokeStyle = '#ffffff';
  context.globalAlpha = 0.5;
  context.lineWidth = 2;
  context.setLineDash([2, 3]);
  for (let past = Math.max(0, current - mostPast); past < current; past++) box(past);
  context.globalAlpha = 1;
  context.setLineDash([]);
  context.strokeStyle = '#000000';
  context.lineWidth = 5;
  box(current);
  context.strokeStyle = theme().highContrast ? theme().focus : '#ffffff';
  context.lineWidth = 3;
  box(current);
}
