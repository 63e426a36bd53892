/** What the panel says of a method of explanation (extension/engine/methods.ts), and how PyTorch computes the same. */
import * as l10n from '@vscode/l10n';
import type { Architecture } from '../../../extension/architecture/description';
import type { ViewState } from '../../../extension/protocol/panel';
import type { AppState } from '../../app/state';
import { className } from '../../ui/names';

/** Lines of Python that define `values`, as the panel computes them (docs/evidence.md). */
export interface MethodCode {
  lines: readonly string[];
  /** `values` are one a token, prefix tokens first; else one a patch. */
  overTokens: boolean;
  /** Uses a part of the model that not every library has in one place. */
  uses?: 'lastNorm' | 'embedding';
}

/** In the dropdown, under the picture, where it is explained (docs/evidence.md says the same at length), and as code. */
export interface MethodPage {
  label: string;
  /** @param token the query, as it is called inside a text */
  caption(token: string, view: AppState['view'], heads: number, labels: readonly string[] | null): string;
  /** What it computes, in a sentence or two. */
  what: string;
  /** A: attention after softmax, v: values, W: the projection after the heads, y: the class's logit, G = dy/dA, x: the input. */
  formula: string;
  /** Paper, and the equation where there is one. */
  source: string;
  /** What it does not tell. */
  limits: string;
  /** Null for methods without a few lines of their own. */
  python(view: ViewState, architecture: Architecture): MethodCode | null;
}

/** Of a class, or of one against another. */
export const y = 'y = sum(weight * logits[0, index] for index, weight in TARGET.items())';

/** Label and caption of a method that explains a class. */
export function ofClass(label: string, caption: (what: string) => string): Pick<MethodPage, 'label' | 'caption'> {
  return { label, caption: (_token, view, _heads, labels) => caption(explained(view, labels)) };
}

/** 'cat', 'cat against dog', or 'the most probable class'. */
function explained({ class: index, against }: AppState['view'], labels: readonly string[] | null): string {
  const name = index === null ? l10n.t('the most probable class') : className(labels, index);
  return against === null ? name : l10n.t('{0} against {1}', name, className(labels, against));
}
