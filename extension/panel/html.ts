import { randomBytes } from 'node:crypto';
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

/** A webview's document. Nothing inline, nothing from the network. */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, { script, data }: Page): string {
  const [scriptNonce, styleNonce] = [randomBytes(16).toString('base64'), randomBytes(16).toString('base64')];
  const resource = (file: string) =>
    attribute(webview.asWebviewUri(vscode.Uri.joinPath(webviewRoot(extensionUri), file)).toString());
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${scriptNonce}'`,
    // the toolkit adds one empty <style> to learn what the browser can; it takes its nonce from the meta element below
    `style-src ${webview.cspSource} 'nonce-${styleNonce}'`,
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
  <meta property="csp-nonce" content="${styleNonce}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" id="vscode-codicon-stylesheet" href="${resource('codicon.css')}">
  <link rel="stylesheet" href="${resource(`${script}.css`)}">
  <title>ViT Inspector</title>
</head>
<body${dataset(data)}>
  ${words()}
  <script nonce="${scriptNonce}" src="${resource(`${script}.js`)}"></script>
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
