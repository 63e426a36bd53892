/** What the walk-through's figures share: the chosen page, layer, head and patch, and how rows are called. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import type { Peek } from '../app/slices';
import { atLayer } from '../app/stepNames';
import { numberedRow, numberedToken, patchName, tokenName, type Name } from '../ui/names';
import type { Page } from './pages';

export interface Walk {
  readonly app: App;
  readonly page: Page;
  /** Head shown where there are several, 0-based. */
  readonly head: number;
  /** Patch followed through the model, 0-based, prefix tokens not counted. */
  readonly patch: number;
  choosePatch(patch: number): void;
  /** The same among all tokens; a token before the patches once somebody has chosen it here. */
  readonly token: number;
  chooseToken(token: number): void;
  /** Window of a soft split, or token of its token transformer. */
  stageToken: number;
}

/** The articles follow patch 12; where there is none, the middle one. */
export const defaultPatch = (patches: number): number => (patches >= 12 ? 11 : Math.floor(patches / 2));

/** Larger steps are not fetched whole. */
const mostValues = 16 * 1024 * 1024;

/** The values of a step of this page at the chosen layer. */
export function stepSlice({ app }: Walk, step: string): Peek {
  const name = atLayer(step, app.state.view.layer);
  const shape = app.state.model!.loaded.steps.find((each) => each.name === name)?.shape ?? [];
  const count = shape.reduce((a, b) => a * b, 1);
  if (count > mostValues) {
    return {
      status: 'failed',
      message: l10n.t(
        'This step has {0} million values, too many to draw whole. The attention view shows it row by row.',
        (count / 2 ** 20).toFixed(0),
      ),
    };
  }
  return app.slices.peek({ kind: 'step', name });
}

/** How row `row` of a matrix of `rows` rows is called, as the model's tokens, its patches, or just rows. */
export function rowNames({ app, page }: Walk, rows: number): (row: number) => Name {
  const model = app.state.model!;
  const { numTokens, numPrefix } = model.loaded;
  if (page.stage !== null) return numberedToken;
  if (rows === numTokens) return (row) => tokenName(model, row);
  return rows === numTokens - numPrefix ? patchName : numberedRow;
}

/** The row that stands out: that of the followed token, or patch. */
export function chosenRow({ app, page, patch, token, stageToken }: Walk, rows: number): number | null {
  const { numTokens, numPrefix } = app.state.model!.loaded;
  if (page.stage !== null) return rows > 1 ? Math.min(stageToken, rows - 1) : null;
  if (rows === numTokens) return token;
  return rows === numTokens - numPrefix && rows > 1 ? patch : null;
}

/** A click on a row follows that token. */
export function chooseRow(walk: Walk, rows: number): (row: number) => void {
  const { numTokens, numPrefix } = walk.app.state.model!.loaded;
  return (row) => {
    if (walk.page.stage !== null) {
      walk.stageToken = row;
      walk.app.refresh();
    } else if (rows === numTokens) walk.chooseToken(row);
    else if (rows === numTokens - numPrefix) walk.choosePatch(row);
  };
}
