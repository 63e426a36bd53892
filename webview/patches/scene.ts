/** What the picture shows, on screen and in figures. */
import type { App } from '../app/app';
import type { MapSource } from '../app/attention';
import type { AppState } from '../app/state';
import type { Scene } from '../drawing/pictureDrawing';
import { layoutOf } from '../drawing/tokenLayout';
import { inputCanvas } from './modelInput';

/** Wherever it lies on the canvas. */
export type PictureScene = Omit<Scene, 'viewport'>;

/** @param maps what lies over it in the view of attention */
export function sceneOf(app: App, source: CanvasImageSource, maps: MapSource = app.attention): PictureScene {
  const { image, model, run, view, display, hidden, hover } = app.state;
  const inPatches = view.view === 'patches';
  return {
    picture: { source, width: image!.width, height: image!.height },
    geometry: run?.geometry ?? null,
    layout: model && run ? layoutOf(model, run.geometry) : null,
    overlay: overlayOf(app, maps),
    grid: view.grid || inPatches,
    numbers: !display.numbers ? 'none' : inPatches ? 'middle' : 'corner',
    hidden,
    query: patchOf(app.state, view.query),
    hover: patchOf(app.state, hover),
  };
}

/** The patch that a token is; null for a prefix token, and for none. */
export function patchOf({ model }: AppState, token: number | null): number | null {
  const prefixes = model?.loaded.numPrefix;
  return token === null || prefixes === undefined || token < prefixes ? null : token - prefixes;
}

/** The share of the picture's area that the model saw. */
export function seenShare({ image, run }: AppState): number {
  if (!image || !run) return 1;
  const { left, top, right, bottom } = run.geometry.region;
  const width = Math.min(right, image.width) - Math.max(left, 0);
  const height = Math.min(bottom, image.height) - Math.max(top, 0);
  return (Math.max(0, width) * Math.max(0, height)) / (image.width * image.height);
}

function overlayOf(app: App, maps: MapSource): Scene['overlay'] {
  const { state } = app;
  if (state.view.view === 'attention') {
    const source = maps.canvas(state);
    return source && { source, opacity: state.view.opacity, smooth: state.view.smooth };
  }
  const source = state.view.view === 'patches' && state.display.modelInput ? inputCanvas(app) : null;
  return source && { source, opacity: 1, smooth: false };
}
