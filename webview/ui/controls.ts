/** The one place that knows which component library draws our controls (@vscode/webview-ui-toolkit). */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
} from '@vscode/webview-ui-toolkit';
import { fill, h, type Child, type Properties } from './dom';

/** Makes controls of the elements that are made here, also of those that are there already: a page calls it once, when what comes first is drawn. */
export function provideControls(): void {
  // no progress ring: its template has a style attribute, which the panel's content security policy refuses
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeDropdown(), vsCodeOption());
}

const make = (tag: string, properties: Properties, ...children: Child[]) =>
  fill(document.createElement(tag), properties, ...children);

export function button(appearance: 'primary' | 'secondary' | 'icon', properties: Properties, ...children: Child[]) {
  return make('vscode-button', { appearance, ...properties }, ...children);
}

interface Checkbox {
  element: HTMLElement;
  set(checked: boolean): void;
}

export function checkbox(label: string, properties: Properties, changed: (checked: boolean) => void): Checkbox {
  const element = make('vscode-checkbox', properties, label) as HTMLElement & { checked: boolean };
  let shown = false;
  // the component also fires when it is set from here
  element.addEventListener('change', () => {
    if (element.checked === shown) return;
    shown = element.checked;
    changed(shown);
  });
  return {
    element,
    set(checked) {
      shown = checked;
      if (element.checked !== checked) element.checked = checked;
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
  const element = make('vscode-dropdown', properties) as HTMLElement & { value: string };
  let shown = '';
  let listed = '';
  element.addEventListener('change', () => {
    if (element.value === shown || element.value === '') return;
    shown = element.value;
    chosen(shown);
  });
  return {
    element,
    set(choices, value) {
      const list = JSON.stringify(choices);
      if (list !== listed) {
        listed = list;
        element.replaceChildren(
          ...choices.map((choice) =>
            make('vscode-option', { value: choice.value, selected: choice.value === value }, choice.label),
          ),
        );
      } else if (shown === value) return;
      shown = value;
      // options register with their list a turn later
      queueMicrotask(() => {
        element.value = value;
      });
    },
  };
}

interface Slider {
  element: HTMLElement;
  input: HTMLInputElement;
  set(range: { min: number; max: number; value: number }, text: string): void;
}

/** The library has no slider: a range input dressed in the theme's colours. */
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
