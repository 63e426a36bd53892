/** The figure on screen as a drawing, and drawings as files. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import { colorMapOf } from '../app/attention';
import { captionOf } from '../attention/readout';
import { Recorder } from '../drawing/recorder';
import { layoutOf } from '../drawing/tokenLayout';
import { inputCanvas } from '../patches/modelInput';
import { figureDrawing, onCanvas, type Drawing } from './figure';
import { helveticaWidth } from './helvetica';
import { pdfFile } from './pdf';
import { canvasOf, pixelsOf, textPicture } from './pixels';
import { svgFile } from './svg';

export function figureOf(app: App, source: ImageBitmap): Drawing {
  const { image, model, run, view, display, figure, hidden } = app.state;
  const shown = app.attention.shown(app.state);
  const heat = view.view === 'attention' ? app.attention.canvas(app.state) : null;
  const input = view.view === 'patches' && display.modelInput ? inputCanvas(app) : null;
  const query = view.query - model!.loaded.numPrefix;
  const numbers = view.view === 'patches' ? 'middle' : 'corner';
  return figureDrawing({
    scene: {
      picture: { source, width: image!.width, height: image!.height },
      geometry: run!.geometry,
      layout: layoutOf(model!, run!.geometry),
      overlay: heat
        ? { source: heat, opacity: view.opacity, smooth: view.smooth }
        : input && { source: input, opacity: 1, smooth: false },
      grid: figure.grid,
      numbers: display.numbers && figure.grid ? numbers : 'none',
      hidden,
      query: query >= 0 ? query : null,
      hover: null,
    },
    caption: figure.caption ? `${image!.name} · ${model!.name} · ${captionOf(app.state)}` : null,
    bar:
      figure.bar && heat && shown.status === 'ready' ? { domain: shown.heat.domain, colorMap: colorMapOf(view) } : null,
    outside: figure.outside,
  });
}

export async function pngOf(drawing: Drawing): Promise<Blob> {
  const canvas = onCanvas(drawing);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error(l10n.t('The figure could not be drawn: the picture is too large for this browser.'));
  return blob;
}

export function svgOf(drawing: Drawing): Uint8Array {
  const text = svgFile(drawing, marksOf(drawing), (image) => canvasOf(image).toDataURL('image/png'));
  return new TextEncoder().encode(text);
}

export function pdfOf(drawing: Drawing): Promise<Uint8Array> {
  return pdfFile(drawing, marksOf(drawing), {
    image: (image) => pixelsOf(canvasOf(image)),
    text: (mark) => {
      const { source, ...place } = textPicture(mark);
      return { ...place, pixels: pixelsOf(source) };
    },
  });
}

function marksOf(drawing: Drawing) {
  const recorder = new Recorder(helveticaWidth);
  drawing.draw(recorder);
  return recorder.marks;
}
