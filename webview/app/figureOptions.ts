/** What a saved figure shows besides the picture and its map. */
export interface FigureOptions {
  /** A line under it: picture, model, and what the map is. */
  caption: boolean;
  /** The colour scale with its numbers. */
  bar: boolean;
  grid: boolean;
  /** The picture as a whole; false: only what the model was given of it. */
  outside: boolean;
}

export const defaultFigure: FigureOptions = { caption: true, bar: true, grid: true, outside: true };

export const figureOptions = Object.keys(defaultFigure) as (keyof FigureOptions)[];

/** From what was stored, by this or an older version. */
export function readFigure(stored: unknown): FigureOptions {
  const given = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<Record<string, unknown>>;
  const flags = figureOptions.map((name) => [
    name,
    typeof given[name] === 'boolean' ? given[name] : defaultFigure[name],
  ]);
  return Object.fromEntries(flags) as FigureOptions;
}
