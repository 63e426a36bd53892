/** The page of a weight file or of an array, joined to what reads it and the real engine. */
import path from 'node:path';
import { EngineClient } from '../../../extension/engine/client';
import { ArrayFile } from '../../../extension/inspect/arrayFile';
import { WeightFile } from '../../../extension/inspect/weightFile';
import type { Reading } from '../../../extension/files/arrayView';
import type { ArrayConversation, ArrayViewEvent } from '../../../extension/protocol/array';
import { arrayChecks } from '../../../extension/protocol/arrayChecks';
import type { CheckpointConversation, CheckpointViewEvent } from '../../../extension/protocol/checkpoint';
import { checkpointChecks } from '../../../extension/protocol/checkpointChecks';
import { receive, type HostHandlers } from '../../../extension/protocol/host';
import type { Checks, Conversation } from '../../../extension/protocol/rpc';
import { HostedPage, root, WebviewPage } from './webviewPage';

/** What both have: an engine, and the newest event of each type, which the page is told when it is there. */
abstract class FilePage<C extends Conversation> extends HostedPage {
  readonly asked: C['viewEvent'][] = [];
  protected readonly engine = new EngineClient({ processFile: path.join(root, 'dist/engine.js') });
  readonly #told = new Map<string, C['hostEvent']>();
  #working = 0;

  protected constructor(
    webview: WebviewPage,
    private readonly checks: Checks<C>,
  ) {
    super(webview);
  }

  protected tell(event: C['hostEvent']): void {
    this.#told.set(event.type, event);
    this.webview.post({ kind: 'event', event });
  }

  protected abstract heard(event: C['viewEvent']): Promise<void> | undefined;

  /** It has something to do until that is done. */
  protected async during(work: Promise<void> | undefined): Promise<void> {
    this.#working++;
    await work;
    this.#working--;
  }

  override get isAsked(): boolean {
    return this.#working > 0;
  }

  receive(message: unknown): void {
    const handlers = {
      event: (event: C['viewEvent']) => {
        this.asked.push(event);
        if (event.type === 'ready')
          for (const told of this.#told.values()) this.webview.post({ kind: 'event', event: told });
        else void this.during(this.heard(event));
      },
      requests: {},
      problem: (said: string) => this.problems.push(said),
    } as unknown as HostHandlers<C>;
    void receive(this.checks, message, handlers, (answer) => this.webview.post(answer), this.running);
  }

  async close(): Promise<void> {
    this.engine.dispose();
    await this.webview.close();
  }
}

export class CheckpointPage extends FilePage<CheckpointConversation> {
  readonly #file: WeightFile;

  private constructor(webview: WebviewPage, file: string, readAtOnce?: number) {
    super(webview, checkpointChecks);
    this.#file = new WeightFile(
      this.engine,
      () => ({ id: file }),
      (event) => this.tell(event),
      readAtOnce,
    );
  }

  /** Wide enough for every column of its table. @param readAtOnce bytes; values of larger files are read when that is asked for */
  static async open(file: string, readAtOnce?: number): Promise<CheckpointPage> {
    const viewport = { width: 1700, height: 700 };
    const opened = new CheckpointPage(await WebviewPage.open({ script: 'checkpoint', viewport }), file, readAtOnce);
    await opened.webview.load('', path.basename(file));
    await opened.during(opened.#file.read());
    return opened;
  }

  protected override heard({ type }: CheckpointViewEvent): Promise<void> | undefined {
    if (type === 'retry') return this.#file.read();
    return type === 'read-values' ? this.#file.readValues() : undefined;
  }
}

export class ArrayPage extends FilePage<ArrayConversation> {
  readonly #file: ArrayFile;

  private constructor(
    webview: WebviewPage,
    file: string,
    /** What somebody chooses when they are asked. */
    public picture: string | null,
  ) {
    super(webview, arrayChecks);
    this.#file = new ArrayFile(
      this.engine,
      () => ({ id: file }),
      (event) => this.tell(event),
    );
  }

  static async open(file: string, { picture = null as string | null, reading = null as Reading | null } = {}) {
    const opened = new ArrayPage(await WebviewPage.open({ script: 'array' }), file, picture);
    opened.tell({ type: 'reading', reading });
    await opened.webview.load('', path.basename(file));
    await opened.during(Promise.all([opened.#file.read(), opened.draw()]).then(() => undefined));
    return opened;
  }

  draw(): Promise<void> {
    return this.#file.draw(() => Promise.resolve(this.picture === null ? null : { path: this.picture }));
  }

  protected override heard(event: ArrayViewEvent): Promise<void> | undefined {
    if (event.type === 'choose-picture') return this.draw();
    if (event.type === 'no-picture') this.picture = null;
    return event.type === 'no-picture'
      ? this.draw()
      : this.#file.read(event.type === 'matrix' ? event.index : undefined);
  }
}
