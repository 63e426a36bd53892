/** The panel's controls by key, and by the context menu of its picture. */
import type { Movable } from '../protocol/panel';
import type { Command } from './command';

const move =
  (what: Movable, by: 1 | -1): Command =>
  ({ panels }) =>
    panels.inFront?.tell({ type: 'move', what, by });

export const nextLayer = move('layer', 1);
export const previousLayer = move('layer', -1);
export const nextHead = move('head', 1);
export const previousHead = move('head', -1);
export const nextView = move('view', 1);
export const previousView = move('view', -1);

/** The menu hands over what webview/patches/picture.ts says of the place that was clicked. */
const ofToken =
  (use: 'query' | 'hide'): Command =>
  ({ panels }, place) => {
    const token = (place as { vitToken?: unknown } | undefined)?.vitToken;
    if (Number.isInteger(token)) panels.inFront?.tell({ type: 'token', token: token as number, use });
  };

/** The model of the panel in front stays with it, or follows the settings again. */
export const pinModel: Command = ({ panels }) => panels.inFront?.pin(!panels.isPinned);

export const copyFigure: Command = ({ panels }) => panels.inFront?.tell({ type: 'figure', to: 'clipboard' });
export const saveFigure: Command = ({ panels }) => panels.inFront?.tell({ type: 'figure', to: 'file' });

export const usePatchAsQuery = ofToken('query');
export const hidePatch = ofToken('hide');
