/**
 * Slices of the run on screen: asked for once, kept while there is room, drawn when they arrive. What the engine
 * keeps of them is extension/engine/explain/keptResults.ts.
 */
import { LRUCache } from 'lru-cache';
import type { Slice, SliceProgress, SliceRequest } from '../../extension/engine/requests';
import type { PanelConversation } from '../../extension/protocol/panel';
import type { HostConnection } from '../../extension/protocol/view';
import { sayError } from './words';

type Pending = { status: 'pending'; progress?: SliceProgress };
type Arrived = { status: 'ready'; slice: Slice } | { status: 'failed'; message: string };
export type Peek = Pending | Arrived;

const pending: Pending = { status: 'pending' };
const roomForValues = 24 * 1024 * 1024; // float32 values: 96 MB

export class Slices {
  private readonly kept = new LRUCache<string, Arrived>({ maxSize: roomForValues });
  private readonly asked = new Map<string, { shown: Pending; done: Promise<Arrived | null> }>();
  private runId: number | null = null;

  constructor(
    private readonly host: HostConnection<PanelConversation>,
    private readonly arrived: () => void,
  ) {}

  /** What was kept belongs to one run. */
  forRun(runId: number | null): void {
    if (runId === this.runId) return;
    this.runId = runId;
    this.kept.clear();
    this.asked.clear();
  }

  /** The slice, or pending; the first look asks the host for it and `arrived` is called when it has come. */
  peek(what: SliceRequest): Peek {
    const { runId } = this;
    if (runId === null) return pending;
    const key = JSON.stringify(what);
    const known = this.kept.get(key);
    if (known) return known;
    return this.ask(runId, key, what).shown;
  }

  /** The same, when it has come; null when it cannot be had, or the run has gone. */
  async wait(what: SliceRequest): Promise<Slice | null> {
    const { runId } = this;
    if (runId === null) return null;
    const key = JSON.stringify(what);
    const arrived = this.kept.get(key) ?? (await this.ask(runId, key, what).done);
    return arrived?.status === 'ready' ? arrived.slice : null;
  }

  private ask(runId: number, key: string, what: SliceRequest) {
    const known = this.asked.get(key);
    if (known) return known;
    const onProgress = (progress: SliceProgress) => {
      const asked = this.asked.get(key);
      if (asked) asked.shown = { status: 'pending', progress };
      this.arrived();
    };
    const done = this.host.request('slice', { runId, what }, { onProgress }).then(
      (slice) => this.keep(runId, key, { status: 'ready', slice }, slice.values.length),
      (error: unknown) => this.keep(runId, key, { status: 'failed', message: sayError(error) }, 1),
    );
    const asked = { shown: pending, done };
    this.asked.set(key, asked);
    return asked;
  }

  private keep(runId: number, key: string, answer: Arrived, weight: number): Arrived | null {
    if (runId !== this.runId) return null;
    this.asked.delete(key);
    // a slice larger than all of the room is kept alone
    this.kept.set(key, answer, { size: Math.min(Math.max(1, weight), roomForValues) });
    this.arrived();
    return answer;
  }
}
