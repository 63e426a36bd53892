/** The extension's, CLI's and tests' side of the engine process: starts it when needed, asks it, survives it. */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { EngineErrorShape, EngineRequestName, EngineRequests } from './requests';
import { cancelled, EngineError } from '../errors/engineError';
import { GENERATION_VARIABLE, type FromEngine, type ToEngine } from './wire';

export interface EngineClientOptions {
  /** dist/engine.js, absolute. */
  processFile: string;
  /** Lines about the process: its start, its end, what it writes. */
  log?: (line: string) => void;
  /** How long a cancelled request may go on before the process is killed. */
  cancelGraceMs?: number;
  /** Node options for the process (tests that run it from its sources). */
  execArgv?: string[];
}

interface Pending {
  settle: (outcome: { give: unknown } | { error: EngineErrorShape }) => void;
}

interface Engine {
  child: ChildProcess;
  ready: boolean;
  pending: Map<number, Pending>;
  /** Last line it wrote to stderr: why it could not start. */
  lastWords: string;
  /** Set when we end it on purpose. */
  ending: string | null;
}

export class EngineClient {
  private engine: Engine | null = null;
  private nextId = 1;
  private started = 0;
  private disposed = false;
  private readonly restartListeners = new Set<() => void>();

  constructor(private readonly options: EngineClientOptions) {}

  /** Counts the processes started. Images, models and runs opened under an earlier one are gone (ERR_GONE). */
  get generation(): number {
    return this.started;
  }

  get pid(): number | undefined {
    return this.engine?.child.pid;
  }

  /** Called when a process replaces one that ended, before the first request reaches it. */
  onDidRestart(listener: () => void): { dispose(): void } {
    this.restartListeners.add(listener);
    return { dispose: () => void this.restartListeners.delete(listener) };
  }

  /**
   * Asks the engine, starting it when it does not run. Rejects with an EngineError: what the engine refused,
   * ERR_CANCELLED as soon as `signal` aborts, ERR_ENGINE_DIED when the process ends first, ERR_ENGINE_START when it cannot run.
   */
  request<K extends EngineRequestName>(
    name: K,
    take: EngineRequests[K]['take'],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<EngineRequests[K]['give']> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw cancelled();
      const engine = this.running();
      const id = this.nextId++;
      let grace: NodeJS.Timeout | undefined;
      const onAbort = () => {
        engine.child.send({ kind: 'cancel', id } satisfies ToEngine, () => undefined);
        grace = setTimeout(() => {
          this.end(engine, 'because it did not stop a cancelled request');
        }, this.options.cancelGraceMs ?? 10_000);
        reject(cancelled());
      };
      engine.pending.set(id, {
        settle: (outcome) => {
          clearTimeout(grace);
          signal?.removeEventListener('abort', onAbort);
          if ('give' in outcome) resolve(outcome.give as EngineRequests[K]['give']);
          else reject(new EngineError(outcome.error.code, outcome.error.message));
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      const message = { kind: 'request', id, name, take } as Extract<ToEngine, { kind: 'request' }>;
      // when the process is gone already, its end settles the request
      engine.child.send(message, () => undefined);
    });
  }

  /** Ends the process. Requests that wait are rejected with ERR_CANCELLED; later ones too. */
  dispose(): void {
    this.disposed = true;
    this.restartListeners.clear();
    this.stop('The engine was closed.');
  }

  /** Ends the process; the next request starts another. Requests that wait are rejected with ERR_CANCELLED. */
  restart(): void {
    this.stop('The engine was restarted.');
  }

  private stop(message: string): void {
    const { engine } = this;
    if (!engine) return;
    this.engine = null;
    this.settleAll(engine, { code: 'ERR_CANCELLED', message });
    engine.ending = 'on request';
    engine.child.kill('SIGKILL');
  }

  private running(): Engine {
    if (this.disposed) throw new EngineError('ERR_CANCELLED', 'The engine was closed.');
    if (this.engine) return this.engine;
    const { processFile } = this.options;
    if (!existsSync(processFile)) {
      throw new EngineError(
        'ERR_ENGINE_START',
        `The engine cannot start because ${processFile} is missing: install the extension again, or run "npm run build".`,
      );
    }
    const engine = (this.engine = this.start(processFile));
    if (this.started > 1) for (const listener of this.restartListeners) listener();
    return engine;
  }

  private start(processFile: string): Engine {
    const child = fork(processFile, [], {
      serialization: 'advanced',
      execArgv: this.options.execArgv ?? [],
      // in VS Code, process.execPath is Electron: this makes it a plain Node
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', [GENERATION_VARIABLE]: String(this.started) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      windowsHide: true,
    } as Parameters<typeof fork>[2]);
    this.started++;
    const engine: Engine = { child, ready: false, pending: new Map(), lastWords: '', ending: null };
    const writes = (chunk: Buffer) => {
      for (const line of chunk.toString('utf8').split(/\r?\n/)) {
        if (!line.trim()) continue;
        engine.lastWords = line.trim();
        this.options.log?.(`engine ${child.pid ?? ''}: ${line}`);
      }
    };
    child.stdout?.on('data', writes);
    child.stderr?.on('data', writes);
    child.on('message', (message) => this.receive(engine, message as FromEngine));
    child.on('error', (error) => {
      engine.lastWords = error.message;
      if (child.pid === undefined) this.ended(engine, null, null);
    });
    child.on('exit', (code, signal) => this.ended(engine, code, signal));
    return engine;
  }

  private receive(engine: Engine, message: FromEngine): void {
    if (message.kind === 'ready') {
      engine.ready = true;
      this.options.log?.(`engine ${message.pid}: started`);
      return;
    }
    const pending = engine.pending.get(message.id);
    engine.pending.delete(message.id);
    pending?.settle(message.kind === 'answer' ? { give: message.give } : { error: message.error });
  }

  private end(engine: Engine, why: string): void {
    engine.ending = why;
    engine.child.kill('SIGKILL');
  }

  private ended(engine: Engine, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.engine === engine) this.engine = null;
    const how = engine.ending ?? (signal ? `by ${signal}` : `with exit code ${code ?? 'unknown'}`);
    this.options.log?.(`engine ${engine.child.pid ?? ''}: ended ${how}`);
    this.settleAll(
      engine,
      engine.ready || engine.ending
        ? {
            code: 'ERR_ENGINE_DIED',
            message: `The engine process was ended ${how} while it worked; nothing else was affected, and the next request starts a new one.`,
          }
        : {
            code: 'ERR_ENGINE_START',
            message: `The engine process could not start (it ended ${how}${engine.lastWords ? `: ${engine.lastWords}` : ''}).`,
          },
    );
  }

  private settleAll(engine: Engine, error: EngineErrorShape): void {
    const pending = [...engine.pending.values()];
    engine.pending.clear();
    for (const { settle } of pending) settle({ error });
  }
}
