/**
 * The first drawing of a panel waits for its map: with a model that is loaded already the numbers are here before an empty panel would
 * be on screen, and drawing that first makes the map late.
 */
import type { Attention } from './attention';
import { progressOf, type AppState } from './state';

/** After so long the panel is shown with what there is: progress, mostly. */
const LONGEST_MS = 300;

export class FirstDrawing {
  private waiting = true;

  /** @param over called where it has waited long enough */
  constructor(
    private readonly attention: Attention,
    over: () => void,
  ) {
    setTimeout(() => {
      if (!this.waiting) return; // it was drawn
      this.waiting = false;
      over();
    }, LONGEST_MS);
  }

  /** Whether there is nothing worth drawing yet. */
  waits(state: AppState): boolean {
    if (!this.waiting) return false;
    const progress = progressOf(state);
    this.waiting = progress === 'loading' || (progress === 'ready' && !this.ask(state));
    return this.waiting;
  }

  /** Asks for the map, where the view has one, as soon as there is a run; whether it has come. */
  ask(state: AppState): boolean {
    return state.view.view !== 'attention' || this.attention.own(state).status !== 'pending';
  }
}
