/** The architecture's walls, followed along every path of imports, types too. `npm run lint` checks them. */
import { builtinModules } from 'node:module';

const nativePackage = '(^|/)node_modules/(sharp|onnxruntime-node)/|[.]node$';
const hostEntry = '^extension/extension[.]ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-file-circle',
      comment: 'Two files that need each other are one file, or share a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-folder-circle',
      comment: 'A folder stands on another or carries it, never both.',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    {
      name: 'vscode-stays-above',
      comment:
        'Only extension.ts, commands/ and panel/ know VS Code: the rest also runs in the command line and in tests.',
      severity: 'error',
      from: { path: '^(extension|webview)/', pathNot: `${hostEntry}|^extension/(commands|panel)/` },
      to: { path: '(^|/)(node_modules/@types/)?vscode(/|$)', reachable: true },
    },
    {
      name: 'host-runs-no-native-code',
      comment: 'A crash in native code would take the extension host along: the engine process runs it.',
      severity: 'error',
      from: { path: hostEntry },
      to: { path: `${nativePackage}|^extension/engine/(process|native|onnx)/`, reachable: true },
    },
    {
      name: 'native-code-has-few-doors',
      comment: 'sharp is loaded by image/decode.ts, ONNX Runtime and the addon by engine/.',
      severity: 'error',
      from: { path: '^(extension|webview)/', pathNot: '^extension/(engine/|bench/|image/decode[.]ts$)' },
      to: { path: nativePackage },
    },
    {
      name: 'webview-is-a-web-page',
      comment: 'Node does not exist in a web page.',
      severity: 'error',
      from: { path: '^webview/' },
      to: { path: `^(node:)?(${builtinModules.join('|')})$`, reachable: true },
    },
    {
      name: 'webview-shares-types-with-the-host',
      comment:
        'The host and the engine process are other processes: the webview knows their types, not their code; tables are for all.',
      severity: 'error',
      from: { path: '^webview/' },
      to: {
        path: '^extension/(engine|panel|commands|inspect)/',
        pathNot: '^extension/engine/(methods|headFusion)[.]ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
