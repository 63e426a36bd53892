import { cancelled } from '../../errors/engineError';

/** So long after the last request of a panel its next one may come: a picture is opened, run, and then its slices are asked for. */
const QUIET_MS = 150;

/**
 * Jobs work in the pauses of what somebody waits for. A pass of a job that is under way when a request comes is broken off, between
 * two blocks, and done again later.
 */
export class Turns {
  private waitedFor = 0;
  private quietFrom = -Infinity;
  private readonly passes = new Set<AbortController>();
  private readonly waiting = new Set<() => void>();

  /** `work` is what somebody waits for. */
  async first<T>(work: () => Promise<T>): Promise<T> {
    this.waitedFor++;
    for (const pass of this.passes) pass.abort();
    try {
      return await work();
    } finally {
      this.waitedFor--;
      this.quietFrom = performance.now() + QUIET_MS;
      if (this.waitedFor === 0) for (const wake of [...this.waiting]) wake();
    }
  }

  /** Resolves when nobody waits for anything; rejects with ERR_CANCELLED. */
  async pause(signal: AbortSignal): Promise<void> {
    for (;;) {
      if (signal.aborted) throw cancelled();
      const ms = this.waitedFor > 0 ? Infinity : this.quietFrom - performance.now();
      if (ms <= 0) return;
      await this.woken(ms, signal);
    }
  }

  /** Does `work` in a pause; again, in the next one, when it was broken off. */
  async later<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      await this.pause(signal);
      const pass = new AbortController();
      const onAbort = () => pass.abort();
      signal.addEventListener('abort', onAbort);
      this.passes.add(pass);
      try {
        return await work(pass.signal);
      } catch (error) {
        if (!pass.signal.aborted || signal.aborted) throw error;
      } finally {
        this.passes.delete(pass);
        signal.removeEventListener('abort', onAbort);
      }
    }
  }

  private woken(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = ms === Infinity ? undefined : setTimeout(wake, Math.max(1, ms));
      this.waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
