/**
 * What explains one run: answers the slices of methods that need more than kept maps, and the curves that say how far a map can be
 * trusted. One backward pass serves every method of the same class; what was computed is kept as long as the run.
 */
import type { Gradients } from '../../../native/binding';
import { EngineError } from '../../errors/engineError';
import { isSentence, sentence } from '../../errors/sentence';
import { methodBounds, needsMoreThanMaps } from '../methods';
import type { BackendModel, BackendRun, Inside } from '../backend';
import type {
  Evidence,
  EvidenceSlice,
  Faithfulness,
  FaithfulnessProgress,
  FaithfulnessRequest,
  Slice,
  SliceProgress,
  SliceRequest,
} from '../requests';
import { inputTimesGradient, type PatchLayout } from './estimates';
import { deletionAndInsertion, mapPasses, randomDeletion, randomPasses, type Scored } from './faithfulness';
import { leaveOneOut, tokenSampling } from './hiding';
import { integratedGradients } from './integrated';
import { KeptResults } from './keptResults';
import type { Picture } from './passes';
import { choose, targetOf, valueOf, type Asked, type Chosen } from './target';

export interface Explained {
  run: BackendRun;
  model: BackendModel;
  /** For sentences. */
  name: string;
  /** (B, C, H, W) */
  input: Float32Array;
  inputShape: readonly number[];
  /** Height and width of a plain patch; null for a soft split. */
  patch: readonly [height: number, width: number] | null;
  /** Patches that the run hid. */
  hidden: Uint32Array;
  /** The model was closed: nothing new goes through it. */
  closed: () => boolean;
}

/** Float32 values of attention gradients made by one backward pass: 128 MB. */
const ROOM_FOR_LAYERS = 2 ** 25;

export interface Running<P> {
  signal: AbortSignal;
  report: (progress: P) => void;
}

export const isEvidence = (what: SliceRequest): what is EvidenceSlice =>
  what.kind === 'attention-gradient' || needsMoreThanMaps(what.kind);

export class Explainer {
  private readonly kept = new KeptResults();

  constructor(private readonly of: Explained) {}

  /** Rejects with ERR_UNSUPPORTED where the engine, or the model, has no such thing. */
  async slice(image: number, what: EvidenceSlice, running: Running<SliceProgress>): Promise<Slice> {
    const inside = this.inside();
    const { numTokens, heads } = this.of.model.loaded;
    if (what.kind === 'value-attention') {
      const { layer, query } = what;
      return { shape: [numTokens], values: await inside.valueAttention(image, layer, query) };
    }
    const chosen = this.choose(image, what);
    const key = JSON.stringify({ ...what, ...chosen, image });
    switch (what.kind) {
      case 'relevance':
      case 'grad-cam':
      case 'input-gradient': {
        const gradients = await this.gradients(chosen, running.signal);
        const values = this.ofGradients(what.kind, gradients, image);
        return { shape: [values.length], values, evidence: this.evidence(image, chosen) };
      }
      case 'attention-gradient': {
        const values = await this.attentionGradient(image, what.layer, chosen, running.signal);
        return { shape: [heads, numTokens, numTokens], values, evidence: this.evidence(image, chosen) };
      }
      case 'integrated-gradients': {
        const { values, completeness } = await this.kept.once(key, running.signal, () =>
          this.integrated(image, chosen, bounded('steps', what.steps), running),
        );
        return { shape: [values.length], values, evidence: { ...this.evidence(image, chosen), completeness } };
      }
      case 'leave-one-out': {
        const picture = this.picture(image);
        const y = valueOf(chosen, this.logits(image));
        const values = await this.kept.once(key, running.signal, () =>
          leaveOneOut(picture, y, (logits) => valueOf(chosen, logits), going(running, picture.patches)),
        );
        return { shape: [values.length], values, evidence: this.evidence(image, chosen) };
      }
      case 'token-sampling': {
        const samples = bounded('samples', what.samples);
        // in pairs of a mask and its opposite
        const passes = { total: samples + (samples % 2), seed: what.seed };
        const values = await this.kept.once(key, running.signal, () =>
          tokenSampling(this.picture(image), passes, (logits) => valueOf(chosen, logits), going(running, passes.total)),
        );
        return { shape: [values.length], values, evidence: this.evidence(image, chosen) };
      }
    }
  }

  /** Rejects with ERR_ARGUMENT when the map has not a value for each patch. */
  async faithfulness(
    { image = 0, class: wanted, map, random, seed }: FaithfulnessRequest,
    { signal, report }: Running<FaithfulnessProgress>,
  ): Promise<Faithfulness> {
    const { scores } = this.of.model.loaded;
    const { class: chosen } = this.choose(image, { class: wanted, against: null });
    const picture: Scored = { ...this.picture(image), logits: this.logits(image), scores: scores!, class: chosen };
    const { patches } = picture;
    if (map.length !== patches)
      throw new EngineError(
        'ERR_ARGUMENT',
        sentence('The map has {0} values, but there are {1} patches.', map.length, patches),
      );
    const total = mapPasses(patches) + (random ? randomPasses(patches) : 0);
    const tell = (done: number, curves: Partial<FaithfulnessProgress>): void =>
      report({ deletion: [], insertion: [], random: [], ...curves, done, total });
    const { deletion, insertion } = await deletionAndInsertion(picture, map, {
      signal,
      after: ([del = [], ins = []], done) => tell(done, { deletion: [...del], insertion: [...ins] }),
    });
    const both = { deletion: deletion.curve, insertion: insertion.curve };
    const key = JSON.stringify({ random: seed, image, class: chosen });
    const others = random
      ? await this.kept.once(key, signal, () =>
          randomDeletion(picture, seed, insertion.curve[0]!, {
            signal,
            after: (points, done) =>
              tell(mapPasses(patches) + done, { ...both, random: points.map((point) => [...point]) }),
          }),
        )
      : null;
    return { class: chosen, deletion, insertion, random: others };
  }

  private inside(): Inside {
    const { inside } = this.of.run;
    const { explains } = this.of.model.loaded;
    if (inside !== null && explains === true) return inside;
    throw new EngineError(
      'ERR_UNSUPPORTED',
      isSentence(explains) ? explains : sentence('This is shown by the native engine only.'),
    );
  }

  private choose(image: number, asked: Asked): Chosen {
    const { model, name } = this.of;
    return choose({ class: asked.class, against: asked.against }, this.logits(image), model.loaded.scores, name);
  }

  private logits(image: number): Float32Array {
    const { logits, batch } = this.of.run;
    return part(logits, image, batch);
  }

  private evidence(image: number, chosen: Chosen): Evidence {
    return { ...chosen, y: valueOf(chosen, this.logits(image)) };
  }

  private picture(image: number): Picture {
    const { grid, numTokens } = this.of.model.loaded;
    return { inside: this.inside(), image, patches: grid[0] * grid[1], tokens: numTokens };
  }

  private get layout(): PatchLayout {
    const [, channels = 0, height = 0, width = 0] = this.of.inputShape;
    return { input: [channels, height, width], grid: this.of.model.loaded.grid, patch: this.of.patch };
  }

  /** The same for each image of the batch. */
  private targets(chosen: Chosen) {
    return Array.from({ length: this.of.run.batch }, () => targetOf(chosen));
  }

  /** Everything that one backward pass gives at once, of the whole batch. */
  private gradients(chosen: Chosen, signal: AbortSignal): Promise<Gradients> {
    return this.kept.once(JSON.stringify({ gradients: chosen }), signal, () =>
      this.inside().gradients({ targets: this.targets(chosen), relevance: true, gradCam: true, input: true }, signal),
    );
  }

  private ofGradients(
    kind: 'relevance' | 'grad-cam' | 'input-gradient',
    gradients: Gradients,
    image: number,
  ): Float32Array {
    const { batch } = this.of.run;
    if (kind === 'input-gradient') {
      const { input } = this.of;
      return inputTimesGradient(part(input, image, batch), part(gradients.input!, image, batch), this.layout);
    }
    return part(kind === 'relevance' ? gradients.relevance! : gradients.gradCam!, image, batch).slice();
  }

  /** As many layers together as there is room for; the last ones asked for stay. */
  private async attentionGradient(
    image: number,
    layer: number,
    chosen: Chosen,
    signal: AbortSignal,
  ): Promise<Float32Array> {
    const { numTokens, heads, layers } = this.of.model.loaded;
    if (!Number.isInteger(layer) || layer < 0 || layer >= layers)
      throw new EngineError('ERR_ARGUMENT', sentence('There is no layer {0} among {1}.', layer, layers));
    const { batch } = this.of.run;
    const together = Math.max(1, Math.floor(ROOM_FOR_LAYERS / (batch * heads * numTokens ** 2)));
    const first = layer - (layer % together);
    const attention = Array.from({ length: Math.min(together, layers - first) }, (_, i) => first + i);
    const { attention: found } = await this.kept.once(JSON.stringify({ attention: first, ...chosen }), signal, () =>
      this.inside().gradients({ targets: this.targets(chosen), attention }, signal),
    );
    return part(found[layer - first]!.values, image, batch).slice();
  }

  private integrated(image: number, chosen: Chosen, steps: number, { signal, report }: Running<SliceProgress>) {
    const { run, model, input, hidden, closed, name } = this.of;
    if (closed()) throw new EngineError('ERR_GONE', sentence('{0} was closed; open it again.', name));
    return integratedGradients(
      { model, input: part(input, image, run.batch), hidden, layout: this.layout },
      { target: targetOf(chosen), y: (logits) => valueOf(chosen, logits), whole: this.logits(image), steps },
      { signal, after: (done) => report({ done, total: steps + 1 }) },
    );
  }
}

const going = ({ signal, report }: Running<SliceProgress>, total: number) => ({
  signal,
  after: (done: number) => report({ done, total }),
});

/** One image of a batch, without a copy. */
function part(values: Float32Array, image: number, batch: number): Float32Array {
  const length = values.length / batch;
  return values.subarray(image * length, (image + 1) * length);
}

function bounded(name: keyof typeof methodBounds, value: number): number {
  const [least, most] = methodBounds[name];
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new EngineError(
    'ERR_ARGUMENT',
    sentence('{0} is {1}, but must be a whole number from {2} to {3}.', name, value, least, most),
  );
}
