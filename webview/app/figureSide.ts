import type { App } from './app';
import type { MapSource } from './attention';

/** A picture of the stage that is part of a figure. */
export interface FigureSide {
  app: App;
  source: ImageBitmap;
  maps: MapSource;
  colorMap: string;
  caption: string;
}
