/**
 * The extension's, CLI's and tests' side of the engine process: starts it when needed, asks it, survives it. What was open in a process that
 * ended is opened again by inspect/onceMore.ts, and for a job by jobs/classifier.ts; a panel that cannot go on says so, with Retry, by
 * `#fail` of inspect/inspection.ts and panel/notices.ts.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { EngineErrorShape, EngineRequestName, EngineRequests, Progress } from './requests';
import { cancelled, EngineError } from '../errors/engineError';
import { sentence, type Sentence } from '../errors/sentence';
import { systemReason } from '../errors/systemError';
import { killChild } from '../system/kill';
import { forkEngine, type EngineStart } from './fork';
import type { FromEngine, ToEngine } from './wire';

export interface EngineClientOptions extends Omit<EngineStart, 'generation'> {
  /** dist/engine.js, absolute. */
  processFile: string;
  /** Lines about the process: its start, its end, what it writes. */
  log?: (line: string) => void;
  /** How long a cancelled request may go on before the process is killed. */
  cancelGraceMs?: number;
  /** A process of `processFile` that was started already; the next one is started here. */
  started?: ChildProcess;
}

export interface RequestOptions<K extends EngineRequestName = EngineRequestName> {
  /** Called for what the engine reports before its answer; not after the signal has aborted. */
  onProgress?: (progress: Progress<K>) => void;
  signal?: AbortSignal;
  /**
   * Milliseconds from asking until the engine process is killed and the request refused with ERR_DEADLINE; more where the engine
   * finds that there is more to do. What else waits for that process is refused with ERR_ENGINE_DIED. Without it the engine may take
   * as long as it likes.
   */
  deadlineMs?: number;
}

interface Pending {
  progress: (progress: unknown) => void;
  /** Moves its deadline, if it has one. */
  allow: (ms: number) => void;
  settle: (outcome: { give: unknown } | { error: EngineErrorShape }) => void;
}

interface Engine {
  child: ChildProcess;
  ready: boolean;
  pending: Map<number, Pending>;
  /** Last line it wrote, or what the system said: why it could not start. */
  lastLine: string | Sentence;
  /** How it ended, as a clause, when we end it on purpose. */
  ending: Sentence | null;
}

/** From the end of the channel to the process on to the end of the process itself. */
const LOST_GRACE_MS = 500;

export class EngineClient {
  private engine: Engine | null = null;
  private nextId = 1;
  private started = 0;
  private disposed = false;

  constructor(private readonly options: EngineClientOptions) {}

  /** Counts the processes started. Images, models and runs opened under an earlier one are gone (ERR_GONE). */
  get generation(): number {
    return this.started;
  }

  get pid(): number | undefined {
    return this.engine?.child.pid;
  }

  /** Starts the process, so that the first request need not wait for it. What keeps it from starting is told by that request. */
  warm(): void {
    try {
      this.running();
    } catch {
      // told by the first request
    }
  }

  /**
   * Asks the engine, starting it when it does not run. Rejects with an EngineError: what the engine refused, ERR_CANCELLED as soon as
   * `signal` aborts, ERR_DEADLINE when the time is up, ERR_ENGINE_DIED when the process ends first, ERR_ENGINE_START when it cannot run.
   */
  request<K extends EngineRequestName>(
    name: K,
    take: EngineRequests[K]['take'],
    { signal, deadlineMs, onProgress }: RequestOptions<K> = {},
  ): Promise<EngineRequests[K]['give']> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw cancelled();
      const engine = this.running();
      const id = this.nextId++;
      let grace: NodeJS.Timeout | undefined;
      const onAbort = () => {
        this.send(engine, { kind: 'cancel', id });
        grace = setTimeout(() => {
          this.end(engine, sentence('because it did not stop a cancelled request'));
        }, this.options.cancelGraceMs ?? 10_000);
        reject(cancelled());
      };
      const asked = performance.now();
      let watchdog: NodeJS.Timeout | undefined;
      let allowedMs = deadlineMs;
      const allow = (ms: number) => {
        if (allowedMs === undefined) return;
        clearTimeout(watchdog);
        const total = (allowedMs += ms);
        watchdog = setTimeout(() => this.expire(engine, id, total), asked + total - performance.now());
      };
      allow(0);
      engine.pending.set(id, {
        progress: (progress) => {
          if (!signal?.aborted) onProgress?.(progress as Progress<K>);
        },
        allow,
        settle: (outcome) => {
          clearTimeout(grace);
          clearTimeout(watchdog);
          signal?.removeEventListener('abort', onAbort);
          if ('give' in outcome) resolve(outcome.give as EngineRequests[K]['give']);
          else reject(new EngineError(outcome.error.code, outcome.error));
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.send(engine, { kind: 'request', id, name, take } as Extract<ToEngine, { kind: 'request' }>);
    });
  }

  /** The time of a request is up, unless its answer arrived while this process itself was busy: that is read before setImmediate. */
  private expire(engine: Engine, id: number, deadlineMs: number): void {
    setImmediate(() => {
      const pending = engine.pending.get(id);
      if (!pending) return;
      engine.pending.delete(id);
      const time =
        deadlineMs < 1000
          ? sentence('{0} milliseconds', deadlineMs)
          : sentence('{0} seconds', Math.round(deadlineMs / 1000));
      pending.settle({
        error: {
          code: 'ERR_DEADLINE',
          ...sentence(
            'The engine did not finish within {0}, so its process was ended; the next request starts a new one.',
            time,
          ),
        },
      });
      this.end(engine, sentence('because another request took too long'));
    });
  }

  /** What cannot be sent is of a process that has gone or goes: its end settles the request. */
  private send(engine: Engine, message: ToEngine): void {
    // a process that could not be started: the reason arrives as its 'error'
    if (engine.child.pid === undefined) return;
    try {
      engine.child.send(message, (error) => {
        if (error) this.lost(engine, sentence('because it could not be reached ({0})', systemReason(error)));
      });
    } catch (error) {
      // nothing was sent: only this request is refused
      const id = message.id;
      const pending = engine.pending.get(id);
      engine.pending.delete(id);
      pending?.settle({
        error: { code: 'ERR_INTERNAL', ...sentence('The engine could not be asked: {0}.', systemReason(error)) },
      });
    }
  }

  /** Ends the process. Requests that wait are rejected with ERR_CANCELLED; later ones too. */
  dispose(): void {
    this.disposed = true;
    this.stop(sentence('The engine was closed.'));
  }

  /** Ends the process; the next request starts another. Requests that wait are rejected with ERR_CANCELLED. */
  restart(): void {
    this.stop(sentence('The engine was restarted.'));
  }

  private stop(why: Sentence): void {
    const { engine } = this;
    if (!engine) return;
    this.engine = null;
    this.settleAll(engine, { code: 'ERR_CANCELLED', ...why });
    engine.ending = sentence('on request');
    killChild(engine.child);
    letGo(engine.child);
  }

  private running(): Engine {
    if (this.disposed) throw new EngineError('ERR_CANCELLED', sentence('The engine was closed.'));
    if (this.engine) return this.engine;
    const { processFile } = this.options;
    if (!existsSync(processFile)) {
      throw new EngineError(
        'ERR_ENGINE_START',
        sentence(
          'The engine cannot start because {0} is missing: install the extension again, or run "npm run build".',
          processFile,
        ),
      );
    }
    return (this.engine = this.start(processFile));
  }

  private start(processFile: string): Engine {
    const child = this.fork(processFile);
    if (child.pid !== undefined) this.started++;
    const engine: Engine = { child, ready: false, pending: new Map(), lastLine: '', ending: null };
    const writes = (chunk: Buffer) => {
      for (const line of chunk.toString('utf8').split(/\r?\n/)) {
        if (!line.trim()) continue;
        engine.lastLine = line.trim();
        this.options.log?.(`engine ${child.pid ?? ''}: ${line}`);
      }
    };
    child.stdout?.on('data', writes);
    child.stderr?.on('data', writes);
    child.on('message', (message) => this.receive(engine, message as FromEngine));
    child.on('error', (error) => {
      engine.lastLine = startReason(error);
      if (child.pid === undefined) this.ended(engine, null, null);
    });
    child.on('disconnect', () => this.lost(engine, sentence('because it stopped listening')));
    child.on('exit', (code, signal) => this.ended(engine, code, signal));
    return engine;
  }

  /** Without a pid when the system could not start it; the reason then follows as an 'error'. Throws ERR_ENGINE_START. */
  private fork(processFile: string): ChildProcess {
    const { started, pictures, tables } = this.options;
    if (started && this.started === 0) return started;
    try {
      return forkEngine(processFile, { generation: this.started, pictures, tables });
    } catch (error) {
      throw new EngineError(
        'ERR_ENGINE_START',
        sentence('The engine process could not be started: {0}.', startReason(error)),
      );
    }
  }

  private receive(engine: Engine, message: FromEngine): void {
    if (message.kind === 'ready') {
      engine.ready = true;
      this.options.log?.(`engine ${message.pid}: started`);
      return;
    }
    const pending = engine.pending.get(message.id);
    if (message.kind === 'progress') {
      pending?.progress(message.progress);
      return;
    }
    if (message.kind === 'larger') {
      pending?.allow(message.ms);
      return;
    }
    engine.pending.delete(message.id);
    pending?.settle(message.kind === 'answer' ? { give: message.give } : { error: message.error });
  }

  /** Nothing reaches the process any more. Most often it is about to end, and its exit says more. */
  private lost(engine: Engine, why: Sentence): void {
    setTimeout(() => {
      const { exitCode, signalCode } = engine.child;
      if (exitCode === null && signalCode === null) this.end(engine, why);
    }, LOST_GRACE_MS).unref();
  }

  /** Kills a process we do not wait for any more; the next request starts another. */
  private end(engine: Engine, why: Sentence): void {
    if (engine.ending !== null) return;
    engine.ending = why;
    killChild(engine.child);
    this.leave(engine, why);
  }

  private ended(engine: Engine, code: number | null, signal: NodeJS.Signals | null): void {
    const how = engine.ending ?? howItEnded(code, signal);
    this.options.log?.(`engine ${engine.child.pid ?? ''}: ended ${how.message}`);
    this.leave(engine, how);
  }

  private leave(engine: Engine, how: Sentence): void {
    if (this.engine === engine) this.engine = null;
    this.settleAll(engine, this.reasonOfEnd(engine, how));
  }

  private reasonOfEnd({ child, ready, ending, lastLine }: Engine, how: Sentence): EngineErrorShape {
    if (child.pid === undefined) {
      return { code: 'ERR_ENGINE_START', ...sentence('The engine process could not be started: {0}.', lastLine) };
    }
    if (ready || ending) {
      return {
        code: 'ERR_ENGINE_DIED',
        ...sentence(
          'The engine process was ended {0} while it worked; nothing else was affected, and the next request starts a new one.',
          how,
        ),
      };
    }
    const why = lastLine
      ? sentence('The engine process could not start (it ended {0}: {1}).', how, lastLine)
      : sentence('The engine process could not start (it ended {0}).', how);
    return { code: 'ERR_ENGINE_START', ...why };
  }

  private settleAll(engine: Engine, error: EngineErrorShape): void {
    const pending = [...engine.pending.values()];
    engine.pending.clear();
    for (const { settle } of pending) settle({ error });
  }
}

/** A killed process keeps ours from ending no longer: the system may take a while to clear its memory away. */
function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): Sentence {
  if (signal) return sentence('by {0}', signal);
  return code === null ? sentence('with exit code unknown') : sentence('with exit code {0}', code);
}

/** Why the system started no process. */
function startReason(error: unknown): Sentence {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return missing ? sentence('{0} or the current directory does not exist', process.execPath) : systemReason(error);
}
