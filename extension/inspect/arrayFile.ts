/** What an editor of a .npy file shows: a matrix of it at a time, read by the engine process, and the picture it is drawn on. */
import { deadlines } from '../engine/deadlines';
import type { EngineRequests, ModelQuery } from '../engine/requests';
import { toErrorShape } from '../errors/engineError';
import type { ArrayHostEvent } from '../protocol/array';
import { closeQuietly, type EnginePort } from './enginePort';

export class ArrayFile {
  #reading = new AbortController();
  #drawing = new AbortController();
  #index = 0;

  constructor(
    private readonly engine: EnginePort,
    /** Throws an EngineError where it is not on a disk. */
    private readonly query: () => ModelQuery,
    private readonly tell: (event: ArrayHostEvent) => void,
  ) {}

  /** @param index of the matrix, from 0 on; left out: the same again */
  async read(index = this.#index): Promise<void> {
    this.#index = index;
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      const { id: file, confinedTo } = this.query();
      const array = await this.engine.request(
        'array',
        { file, index, confinedTo },
        { signal, deadlineMs: deadlines.describe },
      );
      if (!signal.aborted) this.tell({ type: 'array', array, refusal: null });
    } catch (error) {
      if (!signal.aborted) this.tell({ type: 'array', array: null, refusal: toErrorShape(error) });
    }
  }

  /** Tells which picture it is drawn on; null: none. */
  async draw(pictureOf: () => Promise<EngineRequests['open-image']['take'] | null>): Promise<void> {
    this.#drawing.abort();
    this.#drawing = new AbortController();
    const { signal } = this.#drawing;
    try {
      const picture = await pictureOf();
      if (!picture) {
        if (!signal.aborted) this.tell({ type: 'picture', picture: null, refusal: null });
        return;
      }
      const opened = await this.engine.request('open-image', picture, { signal });
      // only the preview is drawn
      closeQuietly(this.engine, 'close-image', { imageId: opened.imageId });
      const { name, width, height, preview } = opened;
      const { mime, bytes } = preview;
      if (!signal.aborted) this.tell({ type: 'picture', picture: { name, width, height, mime, bytes }, refusal: null });
    } catch (error) {
      if (!signal.aborted) this.tell({ type: 'picture', picture: null, refusal: toErrorShape(error) });
    }
  }

  dispose(): void {
    this.#reading.abort();
    this.#drawing.abort();
  }
}
