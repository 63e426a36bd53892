/** Models loaded in the engine process, shared by every panel that shows the same choice. */
import type { Size } from '../image/geometry';
import type { DescribedModel, EngineOptions, LoadedModel, ModelQuery } from '../engine/requests';
import type { Sentence } from '../errors/sentence';
import { deadlines } from '../engine/deadlines';
import { toErrorShape } from '../errors/engineError';
import { closeQuietly } from './enginePort';
import type { EnginePort } from './enginePort';

export interface ModelChoice {
  /** 'embedded', a registry id, or a path. */
  id: string;
  options: EngineOptions;
  /** What relative paths count from. */
  folder?: string;
  /** Counts the changes of a model file that is being written: another number is another model. */
  version?: number;
  /** Run at this size (rounded to patches) and not at the one the model was trained for. */
  size?: Size;
}

/** A loaded model on loan. */
export interface ModelLease {
  readonly description: DescribedModel;
  readonly loaded: LoadedModel;
  /** Give it back, once. `gone`: the engine does not have it any more, so that nobody else is given it. */
  release(gone?: 'gone'): void;
}

interface Entry {
  users: number;
  model: Promise<{ description: DescribedModel; loaded: LoadedModel }>;
}

export class ModelPool {
  readonly #entries = new Map<string, Entry>();
  #told = false;

  constructor(
    private readonly engine: EnginePort,
    /** How the engine process is asked for it. */
    private readonly query: (choice: Pick<ModelChoice, 'id' | 'folder'>) => ModelQuery = ({ id, folder }) => ({
      id,
      cwd: folder,
    }),
    /** The native engine cannot start on this machine, for that reason; ONNX Runtime computes instead. Called once. */
    private readonly fellBack: (reason: Sentence) => void = () => undefined,
  ) {}

  /** Loads the model, or shares one that is loaded or loading. A failure is not remembered: the next lease tries again. */
  async lease(choice: ModelChoice): Promise<ModelLease> {
    const key = JSON.stringify(choice);
    const entry = this.#entries.get(key) ?? { users: 0, model: this.#load(choice) };
    // last in insertion order is the last asked for
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      const { description, loaded } = await entry.model;
      let held = true;
      const release = (gone?: 'gone') => {
        if (!held) return;
        held = false;
        entry.users--;
        if (gone) this.#forget(key, entry);
        else this.#trim();
      };
      return { description, loaded, release };
    } catch (error) {
      entry.users--;
      this.#forget(key, entry);
      throw error;
    }
  }

  /** Loads it for who comes next, so that a panel need not wait; what keeps it from loading is told to that one. */
  warm(choice: ModelChoice): void {
    void this.lease(choice).then(
      (lease) => lease.release(),
      () => undefined,
    );
  }

  /** The addon may not load on a machine (an old C library, another processor): the same weights then run by way of the export. */
  async #load({ options, size, ...choice }: ModelChoice) {
    const model: ModelQuery = { ...this.query(choice), pictureSize: size };
    const time = { deadlineMs: deadlines.open };
    try {
      return await this.engine.request('open-model', { model, options }, time);
    } catch (error) {
      const shape = toErrorShape(error);
      if (shape.code !== 'ERR_ENGINE_START' || options.engine !== 'native') throw error;
      const loaded = await this.engine.request('open-model', { model, options: { ...options, engine: 'onnx' } }, time);
      if (!this.#told) this.fellBack(shape);
      this.#told = true;
      return loaded;
    }
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  /** Of the models nobody uses, the last one stays warm: the next picture then waits for no loading. */
  #trim(): void {
    const idle = [...this.#entries].filter(([, entry]) => entry.users === 0);
    for (const [key, entry] of idle.slice(0, -1)) {
      this.#forget(key, entry);
      void entry.model.then(
        ({ loaded }) => closeQuietly(this.engine, 'close-model', { modelId: loaded.modelId }),
        () => undefined, // it never loaded
      );
    }
  }
}
