/** The figure on screen as a drawing, and drawings as files. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import { colorMapOf } from '../app/attention';
import { captionOf } from '../attention/readout';
import { Recorder } from '../drawing/recorder';
import type { Domain } from '../../extension/drawing/colorScale';
import type { LayerMaps } from '../app/layerMaps';
import { gridScene } from '../overview/scene';
import { sceneOf } from '../patches/scene';
import { figureDrawing, onCanvas, overviewDrawing, type Drawing } from './figure';
import { helveticaWidth } from './helvetica';
import { pdfFile } from './pdf';
import { canvasOf, pixelsOf, textPicture } from './pixels';
import { svgFile } from './svg';

/** @param source the picture; null is enough for the grid of all layers and heads */
export function figureOf(app: App, source: ImageBitmap | null, all: LayerMaps): Drawing {
  const { image, model, run, view, figure } = app.state;
  const titled = (caption: string) => (figure.caption ? `${image!.name} · ${model!.name} · ${caption}` : null);
  const barOf = (domain: Domain | null) => (figure.bar && domain ? { domain, colorMap: colorMapOf(view) } : null);
  if (view.view === 'overview') {
    const maps = all.get();
    return overviewDrawing(gridScene(app.state, maps), titled(captionOf(app.state)), barOf(maps.domain));
  }
  const scene = sceneOf(app, source!);
  const shown = app.attention.shown(app.state);
  const heated = view.view === 'attention' && scene.overlay && shown.status === 'ready';
  return figureDrawing({
    scene: {
      ...scene,
      geometry: run!.geometry,
      grid: figure.grid,
      numbers: figure.grid ? scene.numbers : 'none',
      hover: null,
    },
    caption: titled(captionOf(app.state)),
    bar: barOf(heated ? shown.heat.domain : null),
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
