/** Figure and values out of the panel: saved through the host's dialog, or to the clipboard. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import { sayError } from '../app/words';
import { drawFigure } from './figure';
import { colorMapOf, type Shown } from '../app/attention';
import type { MenuItem } from '../ui/menu';
import { inputCanvas } from '../patches/modelInput';
import { writeNpy } from '../../extension/files/npyEncoding';
import type { Picture } from '../patches/picture';
import { captionOf } from './readout';
import { layoutOf } from '../drawing/tokenLayout';

type Ready = Extract<Shown, { status: 'ready' }>;

export function exportItems(app: App, picture: Picture): MenuItem[] {
  const ready = (): Ready | null => {
    const shown = app.attention.shown(app.state);
    return shown.status === 'ready' ? shown : null;
  };
  const hasPicture = () => app.state.run !== null && picture.source() !== null && app.state.view.view !== 'walkthrough';
  const hasValues = () => app.state.view.view === 'attention' && ready() !== null;
  const attempt = (work: () => Promise<void>) => () =>
    void work().catch((error: unknown) => app.announce(sayError(error), 'error'));
  const save = async (suffix: string, bytes: Uint8Array) => {
    const { saved } = await app.host.request('save', { suggestedName: `${stem(app)}-${suffix}`, bytes });
    if (saved) app.announce(l10n.t('Saved.'));
  };
  return [
    {
      id: 'save-figure',
      label: l10n.t('Save figure as PNG…'),
      icon: 'save',
      enabled: hasPicture,
      run: attempt(async () =>
        save(`${app.state.view.view}.png`, new Uint8Array(await (await png(app, picture)).arrayBuffer())),
      ),
    },
    {
      id: 'copy-figure',
      label: l10n.t('Copy figure'),
      icon: 'copy',
      enabled: hasPicture,
      run: attempt(async () => {
        // the promise goes into the item: the browser only allows writing while the click is fresh
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': png(app, picture) })]);
        app.announce(l10n.t('Figure copied.'));
      }),
    },
    {
      id: 'save-npy',
      label: l10n.t('Save attention as .npy…'),
      icon: 'symbol-array',
      enabled: hasValues,
      run: attempt(() => {
        const { rows } = ready()!;
        const all = new Float32Array(rows.length * rows[0]!.length);
        rows.forEach((row, i) => all.set(row, i * row.length));
        return save('attention.npy', writeNpy(rows.length === 1 ? [all.length] : [rows.length, rows[0]!.length], all));
      }),
    },
    {
      id: 'save-json',
      label: l10n.t('Save attention as JSON…'),
      icon: 'json',
      enabled: hasValues,
      run: attempt(() => save('attention.json', new TextEncoder().encode(json(app, ready()!)))),
    },
    {
      id: 'copy-values',
      label: l10n.t('Copy attention as JSON'),
      icon: 'clippy',
      enabled: hasValues,
      run: attempt(async () => {
        await app.host.request('copy', { text: json(app, ready()!) });
        app.announce(l10n.t('Values copied.'));
      }),
    },
  ];
}

const stem = ({ state }: App) => (state.image?.name ?? 'picture').replace(/\.[^.]+$/, '').slice(0, 120);

/** What is needed to say what the numbers are, and the numbers: one row of N tokens a head, prefix tokens first. */
function json({ state }: App, { rows, layout }: Ready): string {
  const { image, model, run, view } = state;
  return `${JSON.stringify(
    {
      picture: image!.name,
      model: model!.name,
      engine: model!.engine,
      predictions: run!.predictions,
      hiddenPatches: state.hidden,
      method: view.method,
      // counted from 1, as in the panel
      layer: view.layer + 1,
      head: typeof view.head === 'number' ? view.head + 1 : view.head,
      query: layout.prefixNames[view.query] ?? `patch ${view.query - layout.prefixNames.length + 1}`,
      // index of the query in a row of `attention`, from 0
      token: view.query,
      prefix: layout.prefixNames,
      grid: [layout.rows, layout.columns],
      region: run!.geometry.region,
      attention: rows.map((row) => Array.from(row)),
    },
    null,
    1,
  )}\n`;
}

async function png(app: App, picture: Picture): Promise<Blob> {
  const { image, model, run, view, display } = app.state;
  const shown = app.attention.shown(app.state);
  const heat = view.view === 'attention' ? app.attention.canvas(app.state) : null;
  const input = view.view === 'patches' && display.modelInput ? inputCanvas(app) : null;
  const query = view.query - model!.loaded.numPrefix;
  const canvas = drawFigure({
    scene: {
      picture: { source: picture.source()!, width: image!.width, height: image!.height },
      geometry: run!.geometry,
      layout: layoutOf(model!, run!.geometry),
      overlay: heat
        ? { source: heat, opacity: view.opacity, smooth: view.smooth }
        : input && { source: input, opacity: 1, smooth: false },
      grid: view.grid || view.view === 'patches',
      numbers: !display.numbers ? 'none' : view.view === 'patches' ? 'middle' : 'corner',
      hidden: app.state.hidden,
      query: query >= 0 ? query : null,
      hover: null,
    },
    caption: `${image!.name} · ${model!.name} · ${captionOf(app.state)}`,
    bar: heat && shown.status === 'ready' ? { domain: shown.heat.domain, colorMap: colorMapOf(view) } : null,
  });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error(l10n.t('The figure could not be drawn: the picture is too large for this browser.'));
  return blob;
}
