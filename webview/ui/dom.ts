/** Elements in one line. No style attributes: the page's content security policy forbids them. */
type Attribute = string | number | boolean | null | undefined;
type Listener = (event: never) => void;
export type Child = Node | string | null | undefined | false;

/** Attributes by name; functions named on... become listeners; true and false become present and absent. */
export type Properties = Record<string, Attribute | Listener>;

export function fill<E extends HTMLElement>(element: E, properties: Properties, ...children: Child[]): E {
  for (const [name, given] of Object.entries(properties)) {
    if (typeof given === 'function') element.addEventListener(name.slice(2), given as EventListener);
    else attribute(element, name, given);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), properties, ...children);
}

/** Writes an attribute when it differs; null, undefined and false remove it. */
export function attribute(element: Element, name: string, given: Attribute): void {
  if (given === null || given === undefined || given === false) element.removeAttribute(name);
  else {
    const text = given === true ? '' : String(given);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** A codicon; decoration only, the control beside or around it carries the name. */
export function icon(name: string, classes = ''): HTMLElement {
  return h('span', { class: `codicon codicon-${name} ${classes}`.trim(), 'aria-hidden': 'true' });
}

export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Arrow keys among siblings of which one is in the tab order (tabs, radio groups, thumbnails).
 * `step` is how many items an arrow up or down moves; 0 leaves those keys alone.
 */
export function rove(container: HTMLElement, items: () => HTMLElement[], step: () => number, choose: boolean): void {
  container.addEventListener('keydown', (event) => {
    const all = items().filter((item) => !item.hasAttribute('disabled'));
    const here = all.indexOf(document.activeElement as HTMLElement);
    if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const moves: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -step(),
      ArrowDown: step(),
      Home: -here,
      End: all.length - 1 - here,
    };
    const move = moves[event.key];
    if (move === undefined || (move === 0 && event.key.startsWith('Arrow'))) return;
    event.preventDefault();
    const next = all[Math.min(all.length - 1, Math.max(0, here + move))];
    for (const item of all) item.tabIndex = item === next ? 0 : -1;
    next?.focus();
    if (choose) next?.click();
  });
}
