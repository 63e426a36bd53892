/** A token transformer's attention on the picture: the chosen token's row, drawn through the soft splits before it. */
import * as l10n from '@vscode/l10n';
import { pixels } from '../../drawing/fieldCanvas';
import { domainOf } from '../../../extension/drawing/colorScale';
import { h } from '../../ui/dom';
import { splitHeads } from '../../../extension/engine/headFusion';
import { patchCount, spread, type TokenLayout } from '../../drawing/tokenLayout';
import { inputPicture } from '../inputPicture';
import { PatchGrid } from '../patchGrid';
import type { Walk } from '../walk';
import type { PageFigure } from './figure';

export class StageHeat implements PageFigure {
  private readonly grid = new PatchGrid();
  readonly element = h(
    'div',
    {},
    h('p', { class: 'caption' }, l10n.t("The chosen token's row on the picture:")),
    this.grid.element,
  );
  private drawn: { values: Float32Array; key: string; source: HTMLCanvasElement } | null = null;

  constructor(private readonly walk: Walk) {}

  update(): void {
    const { app, page, head } = this.walk;
    const { model, run } = app.state;
    const stage = page.stage!;
    const [rows, columns] = model!.loaded.stages[stage]!.grid;
    const tokenizer = model!.architecture!.tokenizer;
    if (tokenizer.kind !== 'soft-split') return;
    const layout: TokenLayout = {
      rows,
      columns,
      prefixNames: [],
      splits: tokenizer.splits.slice(0, stage + 1),
      inputWidth: run!.geometry.inputWidth,
      inputHeight: run!.geometry.inputHeight,
    };
    const query = Math.min(this.walk.stageToken, patchCount(layout) - 1);
    const input = app.slices.peek({ kind: 'input' });
    const attention = app.slices.peek({ kind: 'stage-attention-rows', stage, query });
    this.element.hidden = input.status !== 'ready' || attention.status === 'failed';
    if (input.status !== 'ready' || attention.status !== 'ready') return;
    const { values, shape } = attention.slice;
    const heads = splitHeads(values, values.length / shape.at(-1)!);
    const shown = Math.min(head, heads.length - 1);
    const { colorMap } = app.state.view;
    const fade = app.state.display.fade ? 'low' : 'none';
    const key = [shown, colorMap, fade].join('/');
    if (this.drawn?.values !== values || this.drawn.key !== key) {
      const field = spread(layout, heads[shown]!);
      this.drawn = { values, key, source: pixels(field, domainOf([field.values]), colorMap, fade) };
    }
    this.grid.show({
      source: inputPicture(input.slice, model!.preprocessing),
      layout,
      chosen: query,
      overlay: { source: this.drawn.source, opacity: app.state.view.opacity, smooth: false },
      choose: (token) => {
        this.walk.stageToken = token;
        app.refresh();
      },
    });
  }
}
