/** Confidence against accuracy, in bins: on the diagonal they are the same. */
import * as l10n from '@vscode/l10n';
import type { CalibrationBin } from '../../extension/results/evaluation';
import { theme } from '../drawing/theme';
import { fitCanvas } from './canvas';

export function drawCalibration(canvas: HTMLCanvasElement, bins: readonly CalibrationBin[]): void {
  const { pen, width, height } = fitCanvas(canvas);
  const { foreground, muted, font, focus } = theme();
  const margin = { left: 40, top: 8, right: 8, bottom: 32 };
  const [w, h] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
  const x = (share: number) => margin.left + share * w;
  const y = (share: number) => margin.top + (1 - share) * h;
  pen.clearRect(0, 0, width, height);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  bins.forEach(({ count, accuracy }, m) => {
    if (count === 0) return;
    pen.globalAlpha = 0.25 + 0.75 * Math.sqrt(count / most);
    pen.fillStyle = focus;
    pen.fillRect(x(m / bins.length) + 1, y(accuracy), w / bins.length - 2, y(0) - y(accuracy));
  });
  pen.globalAlpha = 1;
  pen.strokeStyle = muted;
  pen.lineWidth = 1;
  pen.strokeRect(margin.left + 0.5, margin.top + 0.5, w, h);
  pen.beginPath();
  pen.moveTo(x(0), y(0));
  pen.lineTo(x(1), y(1));
  pen.strokeStyle = foreground;
  pen.stroke();
  pen.fillStyle = muted;
  pen.font = `11px ${font}`;
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const share of [0, 0.5, 1]) pen.fillText(`${100 * share} %`, margin.left - 4, y(share));
  pen.textBaseline = 'alphabetic';
  pen.textAlign = 'left';
  pen.fillText('0 %', x(0), height - 18);
  pen.textAlign = 'right';
  pen.fillText('100 %', x(1), height - 18);
  pen.textAlign = 'center';
  pen.fillText(l10n.t('confidence (height: accuracy)'), x(0.5), height - 6);
}
