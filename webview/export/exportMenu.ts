/** Figure and values out of the panel: saved through the host's dialog, or to the clipboard. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import type { Shown } from '../app/attention';
import type { Pictures } from '../compare/pictures';
import type { MenuChoice, MenuItem } from '../ui/menu';
import { hasLayers, type LayerMaps } from '../app/layerMaps';
import { sayError } from '../app/words';
import { figureOf, pdfOf, pngOf, svgOf } from './figureFiles';
import { allValues, jsonText, mapValues } from './mapFiles';
import { pythonSnippet, whyNoSnippet } from './python/snippet';
import { stemOf } from './names';
import { csvFile, npyFile, type Values } from './values';
import type { FigureOptions } from '../app/figureOptions';

/** How long the window may take to give the focus back. */
const FOCUS_MS = 2000;

/**
 * Waits until the keyboard is this document's, as a browser demands of whoever writes to the clipboard: after a menu of the
 * workbench the focus is in none of the documents, or still on its way here.
 */
async function takeFocus(): Promise<void> {
  for (const end = Date.now() + FOCUS_MS; !document.hasFocus() && Date.now() < end;) {
    window.focus();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The figure on screen, to the two places a picture goes. */
export function figureVerbs(
  app: App,
  pictures: Pictures,
  maps: LayerMaps,
): Record<'clipboard' | 'file', () => Promise<void>> {
  const png = () => pngOf(figureOf(app, pictures.sides(), maps));
  return {
    clipboard: async () => {
      await takeFocus();
      // the promise goes into the item: the browser only allows writing while the click is fresh
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': png() })]);
      app.announce(l10n.t('Figure copied.'));
    },
    file: async () => {
      const bytes = new Uint8Array(await (await png()).arrayBuffer());
      await app.host.request('save', { suggestedName: `${stemOf(app.state)}-${whatOf(app)}.png`, bytes });
    },
  };
}

const whatOf = ({ state }: App): string => {
  const { view, method } = state.view;
  return view === 'attention' ? method : view === 'overview' ? `${method}-overview` : view;
};

export function exportItems(app: App, pictures: Pictures, maps: LayerMaps): (MenuItem | MenuChoice)[][] {
  const ready = () => {
    const shown: Shown = app.attention.shown(app.state);
    return shown.status === 'ready' ? shown : null;
  };
  const hasPicture = () => {
    const { run, view } = app.state;
    if (run === null || view.view === 'walkthrough') return false;
    return view.view === 'overview' ? maps.complete : pictures.picture.source() !== null;
  };
  const hasValues = () => app.state.view.view === 'attention' && ready() !== null;
  const hasAll = () =>
    (hasValues() && hasLayers(app.state.view.method)) || (hasPicture() && app.state.view.view === 'overview');
  const attempt = (work: () => Promise<void>) => () =>
    void work().catch((error: unknown) => app.announce(sayError(error), 'error'));
  const save = async (suffix: string, bytes: Uint8Array) => {
    await app.host.request('save', { suggestedName: `${stemOf(app.state)}-${suffix}`, bytes });
  };
  const figure = () => figureOf(app, pictures.sides(), maps);
  const image = figureVerbs(app, pictures, maps);
  const item = (
    id: string,
    label: string,
    icon: string,
    enabled: () => boolean,
    work: () => Promise<void>,
  ): MenuItem => ({ id, label, icon, enabled, run: attempt(work) });
  const what = () => whatOf(app);
  const saveValues = (
    id: string,
    label: string,
    name: string,
    enabled: () => boolean,
    values: () => Promise<Values>,
  ) => [
    item(`save-${id}-npy`, l10n.t('{0} as .npy…', label), 'symbol-array', enabled, async () =>
      save(`${what()}${name}.npy`, npyFile(await values())),
    ),
    item(`save-${id}-csv`, l10n.t('{0} as CSV…', label), 'table', enabled, async () =>
      save(`${what()}${name}.csv`, csvFile(await values())),
    ),
  ];
  const choice = (name: keyof FigureOptions, label: string): MenuChoice => ({
    id: `figure-${name}`,
    label,
    chosen: () => app.state.figure[name],
    toggle: () => app.set({ figure: { ...app.state.figure, [name]: !app.state.figure[name] } }),
  });
  return [
    [
      item('save-figure', l10n.t('Figure as PNG…'), 'file-media', hasPicture, image.file),
      item('save-svg', l10n.t('Figure as SVG…'), 'file-code', hasPicture, async () =>
        save(`${what()}.svg`, svgOf(figure())),
      ),
      item('save-pdf', l10n.t('Figure as PDF…'), 'file-pdf', hasPicture, async () =>
        save(`${what()}.pdf`, await pdfOf(figure())),
      ),
      item('copy-figure', l10n.t('Copy figure'), 'copy', hasPicture, image.clipboard),
    ],
    [
      choice('caption', l10n.t('With caption')),
      choice('bar', l10n.t('With color bar')),
      choice('grid', l10n.t('With grid')),
      choice('outside', l10n.t('With what is outside of the crop')),
    ],
    saveValues('map', l10n.t('Map'), '', hasValues, () => Promise.resolve(mapValues(ready()!))),
    saveValues('all', l10n.t('All layers and heads'), '-all', hasAll, () => allValues(app)),
    [
      item('save-json', l10n.t('Values as JSON…'), 'json', hasValues, async () =>
        save(`${what()}.json`, new TextEncoder().encode(await jsonText(app, ready()!))),
      ),
      item('copy-values', l10n.t('Copy values as JSON'), 'clippy', hasValues, async () => {
        await app.host.request('copy', { text: await jsonText(app, ready()!) });
        app.announce(l10n.t('Values copied.'));
      }),
      {
        ...item(
          'copy-python',
          l10n.t('Copy as Python'),
          'code',
          () => hasValues() && whyNoSnippet(app.state) === null,
          async () => {
            await app.host.request('copy', { text: pythonSnippet(app.state, `${stemOf(app.state)}-${what()}.npy`) });
            app.announce(l10n.t('Copied: a program that computes this map again with PyTorch.'));
          },
        ),
        why: () => (hasValues() ? whyNoSnippet(app.state) : null),
      },
    ],
  ];
}
