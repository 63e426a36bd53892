/** A titled part of the side bar that can be folded, drawn like VS Code's own view headers. */
import { h, icon, type Child } from './dom';

export function section(title: string, id: string, open: boolean, ...children: Child[]): HTMLDetailsElement {
  return h(
    'details',
    { class: 'section', 'data-section': id, open },
    h('summary', { class: 'section-title' }, icon('chevron-right', 'section-arrow'), h('span', {}, title)),
    h('div', { class: 'section-body' }, ...children),
  );
}

/** Name and value pairs; rows without a value are left out. */
export function facts(rows: readonly (readonly [name: string, value: string | null])[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...rows.flatMap(([name, value]) => (value === null ? [] : [h('dt', {}, name), h('dd', { title: value }, value)])),
  );
}
