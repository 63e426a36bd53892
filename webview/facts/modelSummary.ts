/** The model in a few lines, and what a person should know about it. */
import * as l10n from '@vscode/l10n';
import type { Finding } from '../../extension/architecture/description';
import type { PanelModel, Place } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { button, checkbox } from '../ui/controls';
import { h, icon } from '../ui/dom';
import { bytes, count, milliseconds } from '../ui/format';
import { facts, section } from '../ui/section';
import { findingItem, severityIcons } from './findings';

export class ModelSummary implements Component {
  private readonly body = h('div', { class: 'stack' });
  readonly element = section(l10n.t('Model'), 'model', true, this.body);
  private shown: PanelModel | null | undefined;
  private place: Place | undefined;

  constructor(private readonly app: App) {}

  update(): void {
    const { model, place } = this.app.state;
    if (model === this.shown && place === this.place) return;
    this.shown = model;
    this.place = place;
    const pin = checkbox(
      l10n.t('Keep this model in this panel'),
      { 'data-testid': 'pin-model', title: l10n.t('Select Model then changes the other panels only') },
      (pinned) => this.app.host.send({ type: 'pin-model', pinned }),
    );
    pin.set(place.pinned !== null);
    // a panel about a model file keeps that anyway
    pin.element.hidden = document.body.dataset.model !== undefined;
    const choose = button(
      'secondary',
      { 'data-testid': 'select-model', onclick: () => this.app.host.send({ type: 'select-model' }) },
      model ? l10n.t('Change model…') : l10n.t('Select model…'),
    );
    this.body.replaceChildren(
      ...(model
        ? [this.facts(model), ...this.findings(model.findings), ...this.restricted(), pin.element, choose]
        : [...this.restricted(), choose]),
    );
  }

  /** In an untrusted workspace: what of its settings does not count. */
  private restricted(): HTMLElement[] {
    if (!this.app.state.place.restricted) return [];
    return [
      h(
        'p',
        { class: 'note info', 'data-testid': 'restricted' },
        icon('shield', 'info'),
        h(
          'span',
          {},
          l10n.t(
            'Restricted Mode: what the settings of this workspace say of models and engines (vit.model) is ignored.',
          ),
          ' ',
          h(
            'button',
            { class: 'link', type: 'button', onclick: () => this.app.host.send({ type: 'manage-trust' }) },
            l10n.t('Manage Workspace Trust'),
          ),
        ),
      ),
    ];
  }

  private facts({ name, family, engine, loaded, architecture }: PanelModel): HTMLElement {
    const { numTokens, numPrefix, grid, layers, heads, parameters, memory, loadMs } = loaded;
    const prefix =
      numPrefix === 0
        ? l10n.t('no prefix tokens')
        : numPrefix === 1
          ? l10n.t('1 prefix token')
          : l10n.t('{0} prefix tokens', numPrefix);
    return facts([
      [l10n.t('Name'), name],
      [l10n.t('Family'), family],
      [l10n.t('Engine'), engine === 'native' ? l10n.t('native') : 'ONNX Runtime'],
      [l10n.t('Parameters'), count(parameters)],
      [l10n.t('Tokens'), l10n.t('{0}: {1} × {2} patches, {3}', numTokens, grid[0], grid[1], prefix)],
      [
        l10n.t('Layers'),
        heads === 1 ? l10n.t('{0}, 1 head each', layers) : l10n.t('{0}, {1} heads each', layers, heads),
      ],
      [l10n.t('Token length'), architecture ? String(architecture.dim) : null],
      [l10n.t('Memory'), memory.weights > 0 ? bytes(memory.weights) : null],
      [l10n.t('Loaded in'), milliseconds(loadMs)],
    ]);
  }

  private findings(findings: readonly Finding[]): HTMLElement[] {
    if (findings.length === 0) return [];
    const worst = (['error', 'warning', 'info'] as const).find((severity) =>
      findings.some((finding) => finding.severity === severity),
    )!;
    return [
      h(
        'details',
        { class: 'findings', 'data-testid': 'findings' },
        h(
          'summary',
          {},
          icon('chevron-right', 'section-arrow'),
          icon(severityIcons[worst], worst),
          ` ${findings.length === 1 ? l10n.t('1 finding') : l10n.t('{0} findings', findings.length)}`,
        ),
        h('ul', {}, ...findings.map(findingItem)),
      ),
    ];
  }
}
