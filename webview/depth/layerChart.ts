/** Numbers over the depth of a model: layers across, a mark for each value, and the chosen layer; a click chooses another. */
import { attribute, h } from '../ui/dom';
import { value } from '../ui/format';
import { theme } from '../drawing/theme';

export interface Series {
  /** One value for each layer from `first` on, joined by a line. */
  values: ArrayLike<number>;
  color: string;
}

export interface LayerPlot {
  /** Number that the first place across stands for. */
  first: number;
  /** Places across. */
  count: number;
  lines: readonly Series[];
  /** Values that are not joined, by place. */
  dots: readonly { values: readonly ArrayLike<number>[]; color: string }[];
  /** Least and greatest value shown; null: those that there are, from 0. */
  domain: readonly [number, number] | null;
  /** The chosen place; null: none. */
  chosen: number | null;
  description: string;
}

const HEIGHT = 84;
const MARGIN = { left: 34, right: 6, top: 6, bottom: 16 };

export class LayerChart {
  readonly canvas = h('canvas', { class: 'layer-chart', role: 'img' });
  private plot: LayerPlot | null = null;

  /** @param choose is given a place, 0.. */
  constructor(testId: string, choose: (place: number) => void) {
    attribute(this.canvas, 'data-testid', testId);
    this.canvas.addEventListener('click', ({ offsetX }) => {
      const { plot } = this;
      if (!plot) return;
      const inside = this.canvas.clientWidth - MARGIN.left - MARGIN.right;
      const place = Math.round(((offsetX - MARGIN.left) / inside) * (plot.count - 1));
      choose(Math.max(0, Math.min(plot.count - 1, place)));
    });
  }

  show(plot: LayerPlot): void {
    this.plot = plot;
    const width = this.canvas.clientWidth;
    attribute(this.canvas, 'aria-label', plot.description);
    if (width === 0) return;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(HEIGHT * devicePixelRatio);
    const context = this.canvas.getContext('2d')!;
    context.scale(devicePixelRatio, devicePixelRatio);
    const [low, high] = plot.domain ?? rangeOf(plot);
    const x = (place: number) =>
      MARGIN.left + (place / Math.max(1, plot.count - 1)) * (width - MARGIN.left - MARGIN.right);
    const y = (at: number) => {
      const inside = HEIGHT - MARGIN.top - MARGIN.bottom;
      return HEIGHT - MARGIN.bottom - ((at - low) / (high - low || 1)) * inside;
    };
    const { muted, focus, font } = theme();
    context.font = `10px ${font}`;
    context.fillStyle = context.strokeStyle = muted;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const at of [low, high]) context.fillText(value(at), MARGIN.left - 6, y(at));
    context.textBaseline = 'bottom';
    context.textAlign = 'left';
    context.fillText(String(plot.first), x(0), HEIGHT);
    context.textAlign = 'right';
    context.fillText(String(plot.first + plot.count - 1), width - MARGIN.right, HEIGHT);
    context.globalAlpha = 0.35;
    context.strokeRect(
      MARGIN.left - 2.5,
      MARGIN.top - 2.5,
      width - MARGIN.left - MARGIN.right + 5,
      y(low) - MARGIN.top + 5,
    );
    context.globalAlpha = 1;
    if (plot.chosen !== null) {
      context.strokeStyle = focus;
      context.beginPath();
      context.moveTo(x(plot.chosen), MARGIN.top - 2);
      context.lineTo(x(plot.chosen), HEIGHT - MARGIN.bottom + 2);
      context.stroke();
    }
    for (const { values, color } of plot.lines) {
      context.strokeStyle = color;
      context.lineWidth = 1.5;
      context.beginPath();
      for (let place = 0; place < plot.count; place++) {
        if (place === 0) context.moveTo(x(0), y(values[0]!));
        else context.lineTo(x(place), y(values[place]!));
      }
      context.stroke();
    }
    for (const { values, color } of plot.dots) {
      context.fillStyle = color;
      context.globalAlpha = 0.75;
      values.forEach((column, place) => {
        for (let i = 0; i < column.length; i++) {
          context.beginPath();
          context.arc(x(place), y(column[i]!), 2, 0, 2 * Math.PI);
          context.fill();
        }
      });
    }
  }
}

function rangeOf({ lines, dots }: LayerPlot): [number, number] {
  let most = 0;
  for (const { values } of [...lines, ...dots.flatMap((each) => each.values.map((values) => ({ values })))])
    for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]!);
  return [0, most];
}
