/** The bar above an editor of one file: its name, and what can be done with it. */
import { h, type Child } from './dom';

export const fileBar = (name: string, ...actions: Child[]): HTMLElement =>
  h('header', { class: 'toolbar file-bar' }, h('h1', { class: 'file-name', title: name }, name), ...actions);
