/** Slices of the run on screen: asked for once, kept while there is room, drawn when they arrive. */
import { LRUCache } from 'lru-cache';
import type { Slice, SliceRequest } from '../../extension/engine/requests';
import type { PanelConversation } from '../../extension/protocol/panel';
import type { HostConnection } from '../../extension/protocol/view';
import { sayError } from './words';

export type Peek = { status: 'pending' } | { status: 'ready'; slice: Slice } | { status: 'failed'; message: string };

const pending: Peek = { status: 'pending' };
const roomForValues = 24 * 1024 * 1024; // float32 values: 96 MB

export class Slices {
  private readonly kept = new LRUCache<string, Peek>({ maxSize: roomForValues });
  private readonly asked = new Set<string>();
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
    if (!this.asked.has(key)) {
      this.asked.add(key);
      this.host.request('slice', { runId, what }).then(
        (slice) => this.keep(runId, key, { status: 'ready', slice }, slice.values.length),
        (error: unknown) => this.keep(runId, key, { status: 'failed', message: sayError(error) }, 1),
      );
    }
    return pending;
  }

  private keep(runId: number, key: string, answer: Peek, weight: number): void {
    if (runId !== this.runId) return;
    this.asked.delete(key);
    // a slice larger than all of the room is kept alone
    this.kept.set(key, answer, { size: Math.min(Math.max(1, weight), roomForValues) });
    this.arrived();
  }
}
