/** `vit-inspector mcp` as a server that VS Code knows of (`contributes.mcpServerDefinitionProviders`), with the model of the settings. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { nodeEnvironment } from '../system/nodeEnvironment';
import { folderOf, readSettings } from './settings';

const PROVIDER = 'vitInspector.mcp';

/** VS Code's since 1.101, and absent before. */
interface Api {
  registerMcpServerDefinitionProvider?(
    id: string,
    provider: { onDidChangeMcpServerDefinitions: vscode.Event<void>; provideMcpServerDefinitions(): object[] },
  ): vscode.Disposable;
}
type StdioServer = new (
  label: string,
  command: string,
  args: string[],
  env: Record<string, string | number | null>,
  version: string,
) => { cwd?: vscode.Uri };

export class McpServers implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #registered: vscode.Disposable | undefined;

  constructor(private readonly extension: vscode.Extension<unknown>) {
    const { McpStdioServerDefinition: Server } = vscode as unknown as { McpStdioServerDefinition?: StdioServer };
    if (!Server) return;
    this.#registered = (vscode.lm as unknown as Api).registerMcpServerDefinitionProvider?.(PROVIDER, {
      onDidChangeMcpServerDefinitions: this.#changed.event,
      // the server knows no Restricted Mode: it starts in folders that are trusted
      provideMcpServerDefinitions: () => (vscode.workspace.isTrusted ? [this.#server(Server)] : []),
    });
  }

  /** The settings are others, or the workspace is trusted now: VS Code asks again. */
  changed(): void {
    this.#changed.fire();
  }

  #server(Server: StdioServer): object {
    const { extensionPath } = this.extension;
    const { version } = this.extension.packageJSON as { version: string };
    const { id, options } = readSettings().model;
    const { engine, threads, gemm, precision, memoryLimit } = options;
    const args = ['--model', id, '--engine', engine, '--threads', threads, '--gemm', gemm, '--precision', precision];
    if (memoryLimit) args.push('--memory-limit', memoryLimit / 1e9);
    const { ELECTRON_RUN_AS_NODE = null } = nodeEnvironment();
    const server = new Server(
      'ViT Inspector',
      process.execPath,
      [join(extensionPath, 'dist', 'cli.js'), 'mcp', ...args.map(String)],
      { ELECTRON_RUN_AS_NODE },
      version,
    );
    const folder = folderOf();
    if (folder !== undefined) server.cwd = vscode.Uri.file(folder);
    return server;
  }

  dispose(): void {
    this.#registered?.dispose();
    this.#changed.dispose();
  }
}
