/** The model in a few lines, and what a person should know about it. */
import * as l10n from '@vscode/l10n';
import type { Finding } from '../../extension/architecture/description';
import type { PanelModel } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { button } from '../ui/controls';
import { h, icon } from '../ui/dom';
import { bytes, count, milliseconds } from '../ui/format';
import { facts, section } from '../ui/section';
import { say } from '../app/words';

const severities = { error: 'error', warning: 'warning', info: 'info' } as const;

/** Before a finding, for whoever does not see its icon. */
const severityNames = { error: l10n.t('error: '), warning: l10n.t('warning: '), info: l10n.t('info: ') } as const;

export class ModelSummary implements Component {
  private readonly body = h('div', { class: 'stack' });
  readonly element = section(l10n.t('Model'), 'model', true, this.body);
  private shown: PanelModel | null | undefined;

  constructor(private readonly app: App) {}

  update(): void {
    const { model } = this.app.state;
    if (model === this.shown) return;
    this.shown = model;
    const choose = button(
      'secondary',
      { 'data-testid': 'select-model', onclick: () => this.app.host.send({ type: 'select-model' }) },
      model ? l10n.t('Change model…') : l10n.t('Select model…'),
    );
    this.body.replaceChildren(...(model ? [this.facts(model), ...this.findings(model.findings), choose] : [choose]));
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
          icon(severities[worst], worst),
          ` ${findings.length === 1 ? l10n.t('1 finding') : l10n.t('{0} findings', findings.length)}`,
        ),
        h(
          'ul',
          {},
          ...findings.map((finding) =>
            h(
              'li',
              { 'data-testid': 'finding', title: finding.subject ?? '' },
              icon(severities[finding.severity], finding.severity),
              h('span', {}, h('span', { class: 'visually-hidden' }, severityNames[finding.severity]), say(finding)),
            ),
          ),
        ),
      ),
    ];
  }
}
