/** A button that opens a short menu. */
import { button } from './controls';
import { attribute, h, icon } from './dom';

export interface MenuItem {
  label: string;
  id: string;
  icon: string;
  enabled(): boolean;
  /** Why it is not, where it is not plain to see. */
  why?(): string | null;
  run(): void;
}

/** A choice: it is kept, and the menu stays open. */
export interface MenuChoice {
  label: string;
  id: string;
  chosen(): boolean;
  toggle(): void;
}

/** Groups of items; a line is between two of them. */
export function menu(
  title: string,
  glyph: string,
  id: string,
  groups: readonly (readonly (MenuItem | MenuChoice)[])[],
): HTMLElement {
  const opener = button(
    'icon',
    { title, 'aria-label': title, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': id },
    icon(glyph),
    h('span', { class: 'menu-word' }, title),
  );
  const list = h('div', { class: 'menu-list', role: 'menu', 'aria-label': title, hidden: true });
  const items = groups.flat();
  const rows = items.map((item) =>
    'run' in item
      ? row('menuitem', item, icon(item.icon), () => {
          close(true);
          item.run();
        })
      : row('menuitemcheckbox', item, icon('check'), () => {
          item.toggle();
          update();
        }),
  );
  let next = 0;
  groups.forEach((group, i) => {
    if (i > 0) list.append(h('div', { class: 'menu-line', role: 'separator' }));
    list.append(...rows.slice(next, (next += group.length)));
  });
  const element = h('div', { class: 'menu' }, opener, list);

  const update = () =>
    items.forEach((item, i) => {
      if ('run' in item) {
        rows[i]!.disabled = !item.enabled();
        attribute(rows[i]!, 'title', item.why?.() ?? null);
      } else attribute(rows[i]!, 'aria-checked', String(item.chosen()));
    });
  const close = (refocus: boolean) => {
    if (list.hidden) return;
    list.hidden = true;
    opener.setAttribute('aria-expanded', 'false');
    if (refocus) opener.focus();
  };
  opener.addEventListener('click', () => {
    if (!list.hidden) return close(true);
    update();
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

const row = (role: string, { id, label }: { id: string; label: string }, glyph: HTMLElement, onclick: () => void) =>
  h('button', { class: 'menu-item', type: 'button', role, tabindex: -1, 'data-testid': id, onclick }, glyph, label);
