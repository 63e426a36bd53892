import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';

/** The webview's folder: all it may load. */
export function webviewRoot(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
}

/** The language of the texts: VS Code's where there is a translation, else English. */
const language = () => (vscode.l10n.bundle ? vscode.env.language : 'en');

/** The translations as a block of data, which no policy runs; `<` would end its element. */
const words = () =>
  vscode.l10n.bundle
    ? `<script type="application/json" id="words">${JSON.stringify(vscode.l10n.bundle).replaceAll('<', '\\u003c')}</script>`
    : '';

export interface Page {
  /** Of dist/webview: its script, and the styles beside it. */
  script: 'main' | 'results' | 'checkpoint' | 'array';
  /** What the script finds in document.body.dataset. */
  data: Record<string, string | undefined>;
}

/**
 * A webview's document; nothing from the network. Its styles and script are in it, each with a nonce: a file of their own would be
 * asked for through VS Code when the document is there, and the document itself is on its way while VS Code makes the frame for it.
 */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, { script, data }: Page): string {
  const [scriptNonce, styleNonce] = [randomBytes(16).toString('base64'), randomBytes(16).toString('base64')];
  const inside = (file: string) => vscode.Uri.joinPath(webviewRoot(extensionUri), file);
  const resource = (file: string) => webview.asWebviewUri(inside(file)).toString();
  /** What a file says, with the names of its neighbours as addresses. */
  const text = (file: string, neighbour: RegExp) =>
    readFileSync(inside(file).fsPath, 'utf8').replace(
      neighbour,
      (_all, before: string, name: string) => before + resource(name),
    );
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${scriptNonce}'`,
    `style-src 'nonce-${styleNonce}'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} blob:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${attribute(language())}">
<head>
  <meta charset="UTF-8">
  <meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <style nonce="${styleNonce}">${text(`${script}.css`, /(url\("?)\.\/([\w.]+)/g)}</style>
  <title>ViT Inspector</title>
</head>
<body${dataset(data)}>
  ${words()}
  <script nonce="${scriptNonce}">${text(`${script}.js`, /^(\/\/# sourceMappingURL=)([\w.]+)$/m)}</script>
</body>
</html>
`;
}

const dataset = (data: Page['data']): string =>
  Object.entries(data)
    .map(([name, value]) => (value === undefined ? '' : ` data-${name}="${attribute(value)}"`))
    .join('');

function attribute(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character]!);
}
