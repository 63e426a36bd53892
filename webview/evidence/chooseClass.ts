/** What a click on a class makes of the view: evidence for it, or for another one against it. */
import { takes } from '../../extension/engine/methods';
import type { ViewState } from '../../extension/protocol/panel';
import type { AppState } from '../app/state';

/** The method shown when the one before knows no class: the cheapest that is faithful on most pictures (docs/evidence.md). */
const FIRST_METHOD = 'relevance';

const withClasses = ({ method }: ViewState): Pick<ViewState, 'view' | 'method'> => ({
  view: 'attention',
  method: takes(method, 'class') ? method : FIRST_METHOD,
});

/** Evidence for that class; clicked again, for the most probable one. */
export function chooseClass(view: ViewState, index: number): Partial<ViewState> {
  const isAgain = view.class === index && takes(view.method, 'class');
  return {
    ...withClasses(view),
    class: isAgain ? null : index,
    against: isAgain || view.against === index ? null : view.against,
  };
}

/** Evidence for the chosen class (else the most probable one) against that one; clicked again, for the class alone. */
export function chooseAgainst({ view, run }: AppState, index: number): Partial<ViewState> {
  const chosen = view.class ?? run?.predictions[0]?.index ?? index;
  if (view.against === index || chosen === index) return { ...withClasses(view), against: null };
  return { ...withClasses(view), class: chosen, against: index };
}
