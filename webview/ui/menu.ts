/** A button that opens a short menu. */
import { button } from './controls';
import { h, icon } from './dom';

export interface MenuItem {
  label: string;
  id: string;
  icon: string;
  enabled(): boolean;
  run(): void;
}

export function menu(title: string, glyph: string, id: string, items: readonly MenuItem[]): HTMLElement {
  const opener = button(
    'icon',
    { title, 'aria-label': title, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': id },
    icon(glyph),
  );
  const list = h('div', { class: 'menu-list', role: 'menu', 'aria-label': title, hidden: true });
  const rows = items.map((item) =>
    h(
      'button',
      {
        class: 'menu-item',
        type: 'button',
        role: 'menuitem',
        tabindex: -1,
        'data-testid': item.id,
        onclick: () => {
          close(true);
          item.run();
        },
      },
      icon(item.icon),
      item.label,
    ),
  );
  list.append(...rows);
  const element = h('div', { class: 'menu' }, opener, list);

  const close = (refocus: boolean) => {
    if (list.hidden) return;
    list.hidden = true;
    opener.setAttribute('aria-expanded', 'false');
    if (refocus) opener.focus();
  };
  opener.addEventListener('click', () => {
    if (!list.hidden) return close(true);
    items.forEach((item, i) => (rows[i]!.disabled = !item.enabled()));
    list.hidden = false;
    opener.setAttribute('aria-expanded', 'true');
    rows.find((row) => !row.disabled)?.focus();
  });
  element.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    const usable = rows.filter((row) => !row.disabled);
    const here = usable.indexOf(document.activeElement as HTMLButtonElement);
    const last = usable.length - 1;
    const to: Record<string, number> = {
      ArrowDown: here >= last ? 0 : here + 1,
      ArrowUp: here <= 0 ? last : here - 1,
      Home: 0,
      End: last,
    };
    if (event.key === 'Escape' || event.key === 'Tab') close(event.key === 'Escape');
    else if (to[event.key] !== undefined) usable[to[event.key]!]?.focus();
    else return;
    if (event.key !== 'Tab') event.preventDefault();
  });
  document.addEventListener('pointerdown', (event) => {
    if (!element.contains(event.target as Node)) close(false);
  });
  return element;
}
