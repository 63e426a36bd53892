/** How the map is drawn: opacity, colours, smoothing, grid, and what the colours stand for. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { colorMapNames } from '../../extension/drawing/colorMap';
import { checkbox, dropdown, slider } from '../ui/controls';
import { h } from '../ui/dom';
import { section } from '../ui/section';

export class DisplayControls implements Component {
  private readonly opacity;
  private readonly mass;
  private readonly colors;
  private readonly smooth;
  private readonly fade;
  private readonly grid;
  private readonly numbers;
  private readonly scale;
  private readonly overviewScale;
  private readonly outliers;
  private readonly sinks;
  private readonly input;
  private readonly colorField: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    const percentOf = (x: number) => Math.round(x) / 100;
    this.opacity = slider(l10n.t('Opacity'), { 'data-testid': 'opacity', step: 1 }, (x) =>
      app.setView({ opacity: percentOf(x) }),
    );
    this.mass = slider(
      l10n.t('Mass'),
      {
        'data-testid': 'mass',
        step: 1,
        title: l10n.t('Show only the patches that together hold this share of the attention'),
      },
      (x) => app.setDisplay({ mass: percentOf(x) }),
    );
    this.colors = dropdown({ 'data-testid': 'color-map', 'aria-label': l10n.t('Colors') }, (colorMap) =>
      app.setView({ colorMap }),
    );
    const view = (name: 'smooth' | 'grid') => (checked: boolean) => app.setView({ [name]: checked });
    this.smooth = checkbox(
      l10n.t('Smooth'),
      { 'data-testid': 'smooth', title: l10n.t('Blend between patches; off: one flat cell a patch') },
      view('smooth'),
    );
    this.fade = checkbox(
      l10n.t('Fade low values'),
      { 'data-testid': 'fade', title: l10n.t('The lower a value, the more of the picture shows through') },
      (fade) => app.setDisplay({ fade }),
    );
    this.grid = checkbox(l10n.t('Grid'), { 'data-testid': 'grid' }, view('grid'));
    this.numbers = checkbox(
      l10n.t('Numbers'),
      { 'data-testid': 'numbers', title: l10n.t('Numbered 1 to N, row by row, where there is room') },
      (numbers) => app.setDisplay({ numbers }),
    );
    this.scale = checkbox(
      l10n.t('Shared scale'),
      {
        'data-testid': 'shared-scale',
        title: l10n.t('The same colors mean the same attention in every head of the layer'),
      },
      (shared) => app.setDisplay({ scale: shared ? 'shared' : 'own' }),
    );
    this.overviewScale = checkbox(
      l10n.t('Shared scale'),
      {
        'data-testid': 'overview-scale',
        title: l10n.t('The same colors mean the same in every layer and head'),
      },
      (shared) => app.setDisplay({ overviewScale: shared ? 'shared' : 'own' }),
    );
    this.outliers = checkbox(
      l10n.t('Exclude outliers'),
      {
        'data-testid': 'outliers',
        title: l10n.t('Leave the highest and lowest 2 % of the patches out of the color scale'),
      },
      (excludeOutliers) => app.setDisplay({ excludeOutliers }),
    );
    this.sinks = checkbox(
      l10n.t('Exclude sinks'),
      {
        'data-testid': 'sinks',
        title: l10n.t('Leave the few patches whose tokens are far longer than all others out of the color scale'),
      },
      (excludeSinks) => app.setDisplay({ excludeSinks }),
    );
    this.input = checkbox(
      l10n.t("Model's input"),
      { 'data-testid': 'model-input', title: l10n.t('Draw the resized and cropped pixels the model was given') },
      (modelInput) => app.setDisplay({ modelInput }),
    );
    this.colorField = h(
      'div',
      { class: 'field' },
      h('span', { class: 'field-name' }, l10n.t('Colors')),
      this.colors.element,
    );
    this.element = section(
      l10n.t('Display'),
      'display',
      true,
      h('div', { class: 'stack' }, this.opacity.element, this.mass.element, this.colorField),
      h(
        'div',
        { class: 'checks' },
        ...[this.smooth, this.fade, this.grid, this.numbers, this.scale, this.overviewScale].map(
          ({ element }) => element,
        ),
        ...[this.outliers, this.sinks, this.input].map(({ element }) => element),
      ),
    );
  }

  update(): void {
    const { view, display } = this.app.state;
    const percentages = { min: 0, max: 100 };
    const opacity = Math.round(view.opacity * 100);
    const mass = Math.round(display.mass * 100);
    this.opacity.set({ ...percentages, value: opacity }, `${opacity} %`);
    this.mass.set({ min: 5, max: 100, value: mass }, mass === 100 ? l10n.t('all') : `${mass} %`);
    this.colors.set(
      colorMapNames.map((name) => ({ value: name, label: name.charAt(0).toUpperCase() + name.slice(1) })),
      view.colorMap,
    );
    this.smooth.set(view.smooth);
    this.fade.set(display.fade);
    this.grid.set(view.grid);
    this.numbers.set(display.numbers);
    this.scale.set(display.scale === 'shared');
    this.overviewScale.set(display.overviewScale === 'shared');
    this.outliers.set(display.excludeOutliers);
    this.sinks.set(display.excludeSinks);
    this.input.set(display.modelInput);
    const onPicture = view.view === 'attention';
    const overview = view.view === 'overview';
    const heat = onPicture || overview;
    this.colorField.hidden = !heat;
    const show = (shown: boolean, ...controls: { element: HTMLElement }[]) => {
      for (const { element } of controls) element.hidden = !shown;
    };
    show(onPicture, this.opacity, this.mass, this.fade, this.scale, this.grid);
    show(heat, this.smooth, this.outliers);
    show(overview, this.overviewScale);
    show(!overview, this.numbers);
    show(heat && this.app.state.model?.loaded.tokens === true, this.sinks);
    show(view.view === 'patches', this.input);
  }
}
