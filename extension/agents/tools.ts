/** What agents can ask: the same verbs as the commands, with answers for programs that read. */
import { classByName, className } from '../architecture/className';
import { deadlines } from '../engine/deadlines';
import { methodDefaults, methods, type MethodId } from '../engine/methods';
import { DEFAULT_TOP_K } from '../engine/predictions';
import type { ModelQuery } from '../engine/requests';
import { EngineError } from '../errors/engineError';
import { plainText } from '../errors/plainText';
import { sentence, type Sentence } from '../errors/sentence';
import type { EnginePort } from '../inspect/enginePort';
import { explainPicture } from '../inspect/explainPicture';
import type { ModelChoice, ModelLease, ModelPool } from '../inspect/modelPool';
import { GONE_OR_DIED, onceMore } from '../inspect/onceMore';
import type { Tables } from '../inspect/tables';
import { modelReport, refusal } from '../reports/modelReport';
import { toErrorShape } from '../errors/engineError';
import { summaryOf } from './summary';
import { checkInput, type ToolInput, type ToolName } from './inputs';

export interface Answer {
  /** JSON, or lines for people. */
  text: string;
  /** A PNG file. */
  picture?: Uint8Array;
}

/** Where tools ask: the processes, the models, and how paths and models are meant. */
export interface Surroundings {
  engine: EnginePort;
  tables: Tables;
  models: ModelPool;
  /** Absolute. */
  resolve: (file: string) => string;
  /** The choice of that name; of none, the model in use. */
  choose: (model: string | undefined) => Omit<ModelChoice, 'size'>;
  query: (choice: Pick<ModelChoice, 'id' | 'folder'>) => ModelQuery;
}

type Tools = { [K in ToolName]: (input: ToolInput<K>, at: Surroundings, signal: AbortSignal) => Promise<Answer> };

/** Pixels of a model's input that a map is drawn over. */
const MOST_DRAWN = 2 ** 21;
const LABEL = 400;

/** Does what an agent asks for: throws a plain Error for an input that does not fit. */
export function callTool(name: ToolName, input: unknown, at: Surroundings, signal: AbortSignal): Promise<Answer> {
  const tool = tools[name] as (input: unknown, at: Surroundings, signal: AbortSignal) => Promise<Answer>;
  return tool(checkInput(name, input), at, signal);
}

export const tools: Tools = {
  classify_image: (input, at, signal) =>
    withModel(at, input.model, async (lease) => {
      const { engine } = at;
      const file = at.resolve(input.image);
      const { modelId } = lease.loaded;
      const picture = { path: file, preview: false, inputOf: { modelId } };
      const { imageId, width, height } = await engine.request('open-image', picture, { signal });
      try {
        const take = { modelId, imageId, topK: input.topK ?? DEFAULT_TOP_K, attention: false, tokens: false };
        const run = await engine.request('run', take, { signal });
        await engine.request('close-run', { runId: run.runId });
        return answer({
          image: file,
          size: [width, height],
          model: plainText(lease.description.name),
          scores: run.scores,
          predictions: run.predictions.map(({ index, label, probability, logit }) => ({
            index,
            label: labelOf(label, index),
            ...(probability !== null && { probability }),
            logit,
          })),
          unfamiliar: run.unfamiliar,
        });
      } finally {
        await engine.request('close-image', { imageId }).catch(() => null);
      }
    }),

  explain_image: (input, at) =>
    withModel(at, input.model, async ({ description, loaded }) => {
      const method = (input.method ?? (loaded.explains === true ? 'relevance' : 'rollout')) as MethodId;
      const possible = methods[method].needs === 'maps' ? loaded.attention : loaded.explains;
      if (possible !== true) throw new EngineError('ERR_UNSUPPORTED', possible);
      const { crop } = description.preprocessing;
      if (crop && crop.width * crop.height > MOST_DRAWN) {
        throw new EngineError(
          'ERR_ARGUMENT',
          sentence("The model's input of {0} x {1} pixels is too large to be drawn.", crop.width, crop.height),
        );
      }
      const chosen = input.class === undefined ? null : classByName(input.class, description.labels);
      if (input.class !== undefined && chosen === null) {
        throw new EngineError('ERR_ARGUMENT', sentence('The model has no class called {0}.', plainText(input.class)));
      }
      const layer = loaded.layers - 1;
      const file = at.resolve(input.image);
      const explained = await explainPicture(
        at.engine,
        loaded,
        { kind: 'file', file },
        {
          parameters: {
            layer,
            query: 0,
            from: 0,
            to: layer,
            fusion: 'mean',
            against: null,
            ...defaults,
            class: chosen,
          },
          head: 'mean',
          methods: [method],
          faithfulness: false,
          formats: ['png'],
          description,
        },
      );
      const { map, facts, png } = explained.maps[method]!;
      const [rows, columns] = loaded.grid;
      return {
        ...answer({
          image: file,
          model: plainText(description.name),
          method,
          ...(facts.class !== null && { class: facts.class, label: labelOf(facts.label, facts.class) }),
          logit: facts.logit,
          grid: [rows, columns],
          strongest: strongest(map, columns),
        }),
        ...(png && { picture: png }),
      };
    }),

  inspect_checkpoint: async (input, { engine, query, choose }) => {
    const model = query(choose(input.model));
    try {
      const { report } = await engine.request(
        'describe-model',
        { model, values: true },
        { deadlineMs: deadlines.readWeights },
      );
      return { text: modelReport(report, { say }) };
    } catch (error) {
      const { code, ...reason } = toErrorShape(error);
      if (code !== 'ERR_MODEL') throw error;
      return { text: refusal(reason, { say }) };
    }
  },

  summarise_results: async (input, { tables, resolve }) => answer(await summaryOf(tables, resolve(input.file))),
};

const { class: _class, against: _against, ...defaults } = methodDefaults;

const answer = (value: object): Answer => ({ text: JSON.stringify(value, null, 1) });

const say = ({ message }: Sentence): string => message;

const labelOf = (label: string | null | undefined, index: number): string =>
  plainText(className(label, index).message).slice(0, LABEL);

/** Patches with the largest absolute values: the model sees the picture as this grid. */
function strongest(map: Float32Array, columns: number): { row: number; column: number; value: number }[] {
  return [...map.keys()]
    .sort((a, b) => Math.abs(map[b]!) - Math.abs(map[a]!))
    .slice(0, 5)
    .map((i) => ({ row: Math.floor(i / columns), column: i % columns, value: map[i]! }));
}

/** A process that ended, or made room, has lost the model: it is loaded again, once. */
async function withModel<T>(
  at: Surroundings,
  model: string | undefined,
  work: (lease: ModelLease) => Promise<T>,
): Promise<T> {
  let lost: ModelLease | undefined;
  return onceMore(
    async () => {
      const lease = await at.models.lease(at.choose(model));
      lost = lease;
      try {
        return await work(lease);
      } finally {
        lease.release();
      }
    },
    () => lost?.release('gone'),
    GONE_OR_DIED,
  );
}
