/** A figure of a page: built when the page is opened, updated with the state. */
import { h } from '../../ui/dom';

export interface PageFigure {
  readonly element: HTMLElement;
  update(): void;
}

/** Stands where a figure will be, or says why there is none. */
export class Placeholder {
  readonly element = h('p', { class: 'note', role: 'status', hidden: true });

  show(message: string | null): void {
    this.element.hidden = message === null;
    this.element.textContent = message;
  }
}
