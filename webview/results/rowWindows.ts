/** Rows in pages, asked for when they come into sight. Old ones stay until new ones are there. */
import type { HostConnection } from '../../extension/protocol/view';
import type { PicturedRow, ResultsConversation } from '../../extension/protocol/results';
import type { RowQuery } from '../../extension/results/query';

const PAGE = 100;
const MOST_PAGES = 60;

interface Page {
  rows: PicturedRow[];
  isStale: boolean;
}

export class RowWindows {
  /** Rows the query finds; null: not known yet. */
  total: number | null = null;
  private readonly pages = new Map<number, Page>();
  private readonly pending = new Set<number>();
  private stop = new AbortController();
  private query: RowQuery | null = null;
  /** How often it was said that something changed. */
  private changes = 0;

  constructor(
    private readonly host: HostConnection<ResultsConversation>,
    /** Rows are here; `counted`: and there are more or fewer of them than before. */
    private readonly arrived: (counted: boolean) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Rows of another query. */
  ask(query: RowQuery): void {
    this.query = query;
    this.stop.abort();
    this.stop = new AbortController();
    this.pending.clear();
    this.pages.clear();
    this.total = null;
    this.want(0);
  }

  /** What is here may be out of date: asked for again when it is looked at. */
  changed(): void {
    this.changes++;
    for (const page of this.pages.values()) page.isStale = true;
    this.want(0);
  }

  /** The row at that place; null: not here yet. */
  at(place: number): PicturedRow | null {
    const number = Math.floor(place / PAGE);
    const page = this.pages.get(number);
    if (!page || page.isStale) this.want(number);
    return page?.rows[place - number * PAGE] ?? null;
  }

  private want(number: number): void {
    const { query } = this;
    if (query === null || this.pending.has(number)) return;
    this.pending.add(number);
    const { signal } = this.stop;
    const { changes } = this;
    this.host.request('rows', { query, from: number * PAGE, count: PAGE }, { signal }).then(
      ({ rows, total }) => {
        if (signal.aborted) return;
        this.pending.delete(number);
        const counted = total !== this.total;
        this.total = total;
        this.pages.delete(number);
        // what was asked for before a change may tell of the time before it, even where it arrives later
        const isStale = changes !== this.changes;
        this.pages.set(number, { rows, isStale });
        for (const oldest of this.pages.keys()) {
          if (this.pages.size <= MOST_PAGES) break;
          this.pages.delete(oldest);
        }
        this.arrived(counted);
        if (isStale) this.want(number);
      },
      (error: unknown) => {
        if (signal.aborted) return;
        this.pending.delete(number);
        this.failed(error);
      },
    );
  }
}
