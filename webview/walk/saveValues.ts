/** Values of a figure as a file. */
import type { App } from '../app/app';
import { sayError } from '../app/words';
import { stemOf } from '../export/names';
import { npyFile } from '../export/values';

/** Asks where, and writes them as .npy, under the picture's name and `what` they are. */
export function saveValues(
  app: App,
  what: string,
  { shape, values }: { shape: readonly number[]; values: Float32Array },
): void {
  const suggestedName = `${stemOf(app.state)}-${what}.npy`;
  app.host
    .request('save', { suggestedName, bytes: npyFile({ shape, values, axes: [] }) })
    .catch((error: unknown) => app.announce(sayError(error), 'error'));
}

/** The matrix as it is drawn, of which the values may be a part of a longer array. */
export const saveMatrix = (app: App, what: string, rows: number, columns: number, values: Float32Array): void =>
  saveValues(app, what, { shape: [rows, columns], values: values.slice() });
