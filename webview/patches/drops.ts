/** Pictures that are dropped onto the panel, or pasted: VS Code's own by name, those of other programs by their bytes. */
import * as l10n from '@vscode/l10n';
import { MOST_TAKEN_BYTES } from '../../extension/protocol/panel';
import type { App } from '../app/app';
import { sayError } from '../app/words';
import { bytes } from '../ui/format';

export function listenToDrops(app: App): void {
  // without this the browser opens what is dropped in place of the panel
  window.addEventListener('dragover', (event) => event.preventDefault());
  window.addEventListener('drop', (event) => {
    event.preventDefault();
    const uris = urisOf(event.dataTransfer);
    if (uris.length > 0) app.host.send({ type: 'open-pictures', uris });
    else void take(app, event.dataTransfer?.files[0]);
  });
  window.addEventListener('paste', (event) => {
    // a field takes text itself
    if (event.target instanceof HTMLInputElement) return;
    void take(app, event.clipboardData?.files[0]);
  });
}

/** One a line; a line that begins with # is a comment (RFC 2483). */
function urisOf(dropped: DataTransfer | null): string[] {
  const text = dropped?.getData('application/vnd.code.uri-list') || dropped?.getData('text/uri-list') || '';
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).slice(0, 20);
}

async function take(app: App, file: File | undefined): Promise<void> {
  if (!file) return;
  if (file.size > MOST_TAKEN_BYTES)
    return app.announce(l10n.t('{0} is larger than {1}.', file.name, bytes(MOST_TAKEN_BYTES)), 'error');
  try {
    const name = file.name.replaceAll(/[/\\\0]/g, '-').slice(-200) || 'picture.png';
    await app.host.request('take-picture', { name, bytes: new Uint8Array(await file.arrayBuffer()) });
  } catch (error) {
    app.announce(sayError(error), 'error');
  }
}
