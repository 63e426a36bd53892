/** What an editor of a weight file shows: what model it is and what is in it, read by the engine process. */
import { deadlines } from '../engine/deadlines';
import type { ModelQuery } from '../engine/requests';
import { toErrorShape } from '../errors/engineError';
import type { CheckpointHostEvent } from '../protocol/checkpoint';
import type { EnginePort } from './enginePort';

/** Values of larger files are read when somebody asks for them. */
const READ_AT_ONCE = 2 * 2 ** 30;

export class WeightFile {
  #reading = new AbortController();

  constructor(
    private readonly engine: Pick<EnginePort, 'request'>,
    /** Throws an EngineError where it is not on a disk. */
    private readonly query: () => ModelQuery,
    private readonly tell: (event: CheckpointHostEvent) => void,
    private readonly readAtOnce = READ_AT_ONCE,
  ) {}

  /** Reads it from the beginning; what can be said without the values comes first. */
  async read(): Promise<void> {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.tell({ type: 'reading', share: null, waits: false });
    const [readable, isModel] = await Promise.all([this.#tensors(false, signal), this.#describe(false, signal)]);
    if (signal.aborted || readable === null) return;
    if (readable <= this.readAtOnce) await this.readValues(signal, isModel);
    else this.tell({ type: 'reading', share: null, waits: true });
  }

  async readValues(signal = this.#reading.signal, isModel = true): Promise<void> {
    this.tell({ type: 'reading', share: 0, waits: false });
    await this.#tensors(true, signal);
    // what is odd among the values is part of the verdict
    if (isModel && !signal.aborted) await this.#describe(true, signal);
    if (!signal.aborted) this.tell({ type: 'reading', share: null, waits: false });
  }

  /** Bytes of values that can be read; null when the file cannot. */
  async #tensors(values: boolean, signal: AbortSignal): Promise<number | null> {
    try {
      const { id: file, confinedTo } = this.query();
      const found = await this.engine.request(
        'file-tensors',
        { file, values, confinedTo },
        {
          signal,
          deadlineMs: deadlines.describe,
          onProgress: ({ done, total }) => this.tell({ type: 'reading', share: done / total, waits: false }),
        },
      );
      if (!signal.aborted) this.tell({ type: 'tensors', file: found, refusal: null });
      return found.readable;
    } catch (error) {
      if (!signal.aborted) this.tell({ type: 'tensors', file: null, refusal: toErrorShape(error) });
      return null;
    }
  }

  /** False when it is no model. */
  async #describe(values: boolean, signal: AbortSignal): Promise<boolean> {
    try {
      const { report } = await this.engine.request(
        'describe-model',
        { model: this.query(), values },
        { signal, deadlineMs: values ? deadlines.readWeights : deadlines.describe },
      );
      if (!signal.aborted) this.tell({ type: 'model', report, refusal: null });
      return true;
    } catch (error) {
      if (!signal.aborted) this.tell({ type: 'model', report: null, refusal: toErrorShape(error) });
      return false;
    }
  }

  dispose(): void {
    this.#reading.abort();
  }
}
