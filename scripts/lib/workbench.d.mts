/** For the end-to-end tests, which are TypeScript. */
export interface Workbench {
  /** http://127.0.0.1:PORT */
  url: string;
  /** The server's process, whose descendants are the extension host and the engine process. */
  pid: number;
  exit: Promise<unknown>;
  stop(): Promise<void>;
}
export function installWorkbench(): Promise<void>;
export function prepareRun(name: string, settings?: Record<string, unknown>): string;
export function linkExtension(runFolder: string): void;
export function installVsix(runFolder: string, vsix: string): Promise<string>;
export function startWorkbench(
  runFolder: string,
  options?: { port?: number; trust?: boolean; language?: string; env?: Record<string, string> },
): Promise<Workbench>;
export function folderAddress(url: string, folder: string): string;
