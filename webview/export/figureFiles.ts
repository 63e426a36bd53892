/** The figure on screen as a drawing, and drawings as files. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import { colorMapOf } from '../app/attention';
import type { FigureSide } from '../app/figureSide';
import { captionOf } from '../attention/readout';
import { Recorder } from '../drawing/recorder';
import type { LayerMaps } from '../app/layerMaps';
import { gridScene } from '../overview/scene';
import { sceneOf } from '../patches/scene';
import { comparedDrawing, figureDrawing, onCanvas, overviewDrawing, type Drawing, type Figure } from './figure';
import { helveticaWidth } from './helvetica';
import { pdfFile } from './pdf';
import { canvasOf, pixelsOf, textPicture } from './pixels';
import { svgFile } from './svg';

/** @param sides the pictures on the stage; of the grid of all layers and heads none is needed */
export function figureOf(app: App, sides: readonly FigureSide[], all: LayerMaps): Drawing {
  const { view, figure } = app.state;
  if (view.view === 'overview') {
    const maps = all.get();
    const { image, model } = app.state;
    const caption = figure.caption ? [image!.name, model!.name, captionOf(app.state)].join(' · ') : null;
    const bar = figure.bar && maps.domain ? { domain: maps.domain, colorMap: colorMapOf(view) } : null;
    return overviewDrawing(gridScene(app.state, maps), caption, bar);
  }
  const figures = sides.map(figureOfSide);
  return figures.length === 1 ? figureDrawing(figures[0]!) : comparedDrawing(figures);
}

function figureOfSide({ app, source, maps, colorMap, caption }: FigureSide): Figure {
  const { run, view, figure } = app.state;
  const scene = sceneOf(app, source, maps);
  const shown = maps.shown(app.state);
  const heated = view.view === 'attention' && scene.overlay && shown.status === 'ready';
  return {
    scene: {
      ...scene,
      geometry: run!.geometry,
      grid: figure.grid,
      numbers: figure.grid ? scene.numbers : 'none',
      hover: null,
    },
    caption: figure.caption ? caption : null,
    bar: figure.bar && heated ? { domain: shown.heat.domain, colorMap } : null,
    outside: figure.outside,
  };
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
