/** Controls: the browser's own, dressed in the theme's colours (styles/controls.css). A library's cost more than all else until the first map. */
import { h, type Child, type Properties } from './dom';

export function button(appearance: 'primary' | 'secondary' | 'icon', properties: Properties, ...children: Child[]) {
  return h('button', { type: 'button', class: `button ${appearance}`, ...properties }, ...children);
}

interface Checkbox {
  element: HTMLElement;
  set(checked: boolean): void;
}

export function checkbox(
  label: string,
  { title, ...properties }: Properties,
  changed: (checked: boolean) => void,
): Checkbox {
  const input = h('input', { type: 'checkbox', ...properties, onchange: () => changed(input.checked) });
  return {
    element: h('label', { class: 'check', title }, input, label),
    set(checked) {
      input.checked = checked;
    },
  };
}

export interface Choice {
  value: string;
  label: string;
}

interface Dropdown {
  element: HTMLElement;
  set(choices: readonly Choice[], chosen: string): void;
}

export function dropdown(properties: Properties, chosen: (value: string) => void): Dropdown {
  const element = h('select', { class: 'dropdown', ...properties, onchange: () => chosen(element.value) });
  let listed = '';
  return {
    element,
    set(choices, value) {
      const list = JSON.stringify(choices);
      if (list !== listed) {
        listed = list;
        element.replaceChildren(...choices.map(({ value, label }) => h('option', { value }, label)));
      }
      if (element.value !== value) element.value = value;
    },
  };
}

interface Slider {
  element: HTMLElement;
  input: HTMLInputElement;
  set(range: { min: number; max: number; value: number }, text: string): void;
}

export function slider(label: string, properties: Properties, changed: (value: number) => void): Slider {
  const input = h('input', { type: 'range', class: 'slider', 'aria-label': label, ...properties });
  const output = h('output', { class: 'slider-value' });
  const paintTrack = () => {
    const span = Number(input.max) - Number(input.min);
    input.style.setProperty(
      '--filled',
      `${span > 0 ? ((Number(input.value) - Number(input.min)) / span) * 100 : 100}%`,
    );
  };
  input.addEventListener('input', () => {
    paintTrack();
    changed(Number(input.value));
  });
  return {
    element: h('label', { class: 'field' }, h('span', { class: 'field-name' }, label), input, output),
    input,
    set({ min, max, value }, text) {
      input.min = String(min);
      input.max = String(max);
      if (Number(input.value) !== value) input.value = String(value);
      input.disabled = max <= min;
      input.setAttribute('aria-valuetext', text);
      output.textContent = text;
      paintTrack();
    },
  };
}
