/** What can be taken along: the rows that are shown, as files, and a program that reads the whole file. */
import * as l10n from '@vscode/l10n';
import { sayError } from '../app/words';
import type { ExportFormat } from '../../extension/results/requests';
import type { MenuItem } from '../ui/menu';
import type { ResultsApp } from './app';
import { pythonReader } from './pythonReader';

export function resultsExportItems(app: ResultsApp): MenuItem[][] {
  const save = (format: ExportFormat) => (): void => {
    app.host.request('export', { query: app.state.query, format }).catch((error: unknown) => {
      app.announce(sayError(error), 'error');
    });
  };
  const enabled = () => (app.windows.total ?? 0) > 0;
  return [
    [
      { label: l10n.t('Save Shown Rows as CSV…'), id: 'export-csv', icon: 'table', enabled, run: save('csv') },
      {
        label: l10n.t('Save Shown Rows as JSON Lines…'),
        id: 'export-jsonl',
        icon: 'json',
        enabled,
        run: save('jsonl'),
      },
      {
        label: l10n.t('Save Shown Rows as Parquet…'),
        id: 'export-parquet',
        icon: 'database',
        enabled,
        run: save('parquet'),
      },
    ],
    [
      {
        label: l10n.t('Copy Python That Loads This File'),
        id: 'copy-python',
        icon: 'copy',
        enabled: () => app.state.results !== null,
        run: () => {
          const text = pythonReader(app.state.results!.name);
          app.host.request('copy', { text }).then(
            () => app.announce(l10n.t('Copied.')),
            (error: unknown) => app.announce(sayError(error), 'error'),
          );
        },
      },
    ],
  ];
}
