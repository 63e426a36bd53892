/** The other side of a comparison seen through the panel's own controls: the same place, layer, head, query and class of another model. */
import type { PanelModel, ViewState } from '../../extension/protocol/panel';
import { takes } from '../../extension/engine/methods';
import { clampView, type AppState } from '../app/state';
import { noHistory } from '../app/hidden';

/** The state that the other side is drawn from; null where nothing is compared. */
export function otherState(state: AppState): AppState | null {
  const { other, model } = state;
  if (!other) return null;
  const { image, model: its, run, busy, failure } = other;
  return {
    ...state,
    ...{ image, model: its, run, busy, failure },
    ...{ hidden: [], history: noHistory, before: null, brush: false, other: null },
    view: model && its ? viewOf(state, model, its) : state.view,
    hover: state.hover === null || !model || !its ? null : sameToken(model, its, state.hover),
  };
}

function viewOf({ view, run }: AppState, model: PanelModel, its: PanelModel): ViewState {
  const isLast = view.layer === model.loaded.layers - 1;
  const asked = view.class ?? (takes(view.method, 'class') ? (run?.predictions[0]?.index ?? null) : null);
  return clampView(
    {
      ...view,
      layer: isLast ? its.loaded.layers - 1 : view.layer,
      query: sameToken(model, its, view.query),
      class: asked === null ? null : sameClass(model, its, asked),
      against: view.against === null ? null : sameClass(model, its, view.against),
    },
    its,
  );
}

/** The token at the same place of another model's grid; of prefix tokens the one of that number. */
export function sameToken({ loaded: from }: PanelModel, { loaded: to }: PanelModel, token: number): number {
  if (token < from.numPrefix) return Math.max(0, Math.min(token, to.numPrefix - 1));
  const patch = token - from.numPrefix;
  const [rows, columns] = from.grid;
  const along = (index: number, count: number, others: number) => Math.floor(((index + 0.5) / count) * others);
  const row = along(Math.floor(patch / columns), rows, to.grid[0]);
  return to.numPrefix + row * to.grid[1] + along(patch % columns, columns, to.grid[1]);
}

/** The class of the same name; null where the other model knows none. Without names the numbers count. */
export function sameClass(from: PanelModel, to: PanelModel, index: number): number | null {
  const name = from.labels?.[index];
  if (name === undefined || !to.labels) return from.labels || to.labels ? null : index;
  if (to.labels[index] === name) return index;
  const found = to.labels.indexOf(name);
  return found < 0 ? null : found;
}

/** Why the other side does not show what is asked for: it does not know the class. */
export function unknownClass(state: AppState): number | null {
  const { other, model, view } = state;
  if (!other?.model || !model || !takes(view.method, 'class')) return null;
  const asked = [view.class, view.against].filter((index) => index !== null);
  return asked.find((index) => sameClass(model, other.model!, index) === null) ?? null;
}
