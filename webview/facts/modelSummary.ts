/** The model in a few lines, and what a person should know about it. */
import type { Finding } from '../../extension/architecture/description';
import type { PanelModel } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { button } from '../ui/controls';
import { h, icon } from '../ui/dom';
import { bytes, count, milliseconds } from '../ui/format';
import { facts, section } from '../ui/section';

const severities = { error: 'error', warning: 'warning', info: 'info' } as const;

export class ModelSummary implements Component {
  private readonly body = h('div', { class: 'stack' });
  readonly element = section('Model', 'model', true, this.body);
  private shown: PanelModel | null | undefined;

  constructor(private readonly app: App) {}

  update(): void {
    const { model } = this.app.state;
    if (model === this.shown) return;
    this.shown = model;
    const choose = button(
      'secondary',
      { 'data-testid': 'select-model', onclick: () => this.app.host.send({ type: 'select-model' }) },
      model ? 'Change model…' : 'Select model…',
    );
    this.body.replaceChildren(...(model ? [this.facts(model), ...this.findings(model.findings), choose] : [choose]));
  }

  private facts({ name, family, engine, loaded, architecture }: PanelModel): HTMLElement {
    const { numTokens, numPrefix, grid, layers, heads, parameters, memory, loadMs } = loaded;
    const prefix =
      numPrefix === 0 ? 'no prefix tokens' : numPrefix === 1 ? '1 prefix token' : `${numPrefix} prefix tokens`;
    return facts([
      ['Name', name],
      ['Family', family],
      ['Engine', engine === 'native' ? 'native' : 'ONNX Runtime'],
      ['Parameters', count(parameters)],
      ['Tokens', `${numTokens}: ${grid[0]} × ${grid[1]} patches, ${prefix}`],
      ['Layers', `${layers}, ${heads} ${heads === 1 ? 'head' : 'heads'} each`],
      ['Token length', architecture ? String(architecture.dim) : null],
      ['Memory', memory.weights > 0 ? bytes(memory.weights) : null],
      ['Loaded in', milliseconds(loadMs)],
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
          ` ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`,
        ),
        h(
          'ul',
          {},
          ...findings.map(({ severity, message, subject }) =>
            h(
              'li',
              { 'data-testid': 'finding', title: subject ?? '' },
              icon(severities[severity], severity),
              h('span', {}, h('span', { class: 'visually-hidden' }, `${severity}: `), message),
            ),
          ),
        ),
      ),
    ];
  }
}
