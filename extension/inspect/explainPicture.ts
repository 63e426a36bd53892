/** One picture explained by several methods. */
import path from 'node:path';
import type { EnginePort } from './enginePort';
import { fuseHeads, splitHeads } from '../engine/headFusion';
import { methods, methodSlice, type MethodId, type MethodParameters } from '../engine/methods';
import type { DescribedModel, Faithfulness, HeadFusion, LoadedModel, Slice } from '../engine/requests';
import { mapPicture } from './mapPicture';

export type PictureToExplain =
  | { kind: 'file'; file: string }
  /** (1, C, H, W) */
  | { kind: 'tensor'; values: Float32Array; shape: number[] };

interface How {
  parameters: MethodParameters;
  head: number | HeadFusion;
  methods: readonly MethodId[];
  faithfulness: boolean;
  formats: readonly string[];
  description: DescribedModel;
}

export interface ExplainedMap {
  /** (rows, columns): patches only. */
  map: Float32Array;
  /** What the map was made with, places counted from 0. */
  parameters: Partial<Omit<MethodParameters, 'class' | 'against'>> & { head?: number | HeadFusion };
  /** What stands in the JSON about this picture. */
  facts: Facts;
  png: Uint8Array | null;
}

interface Facts {
  /** null: the model has no classes. */
  class: number | null;
  label?: string;
  logit: number | null;
  against?: number;
  against_logit?: number;
  /** By prefix token: its share of the sum of the map's absolute values, patches included. */
  prefix?: Record<string, number>;
  completeness?: number;
  faithfulness?: Omit<Faithfulness, 'class'>;
}

export interface Explained {
  file: string | null;
  maps: Partial<Record<MethodId, ExplainedMap>>;
}

/** Rejects with what the engine refuses. */
export async function explainPicture(
  engine: EnginePort,
  loaded: LoadedModel,
  picture: PictureToExplain,
  how: How,
): Promise<Explained> {
  const { runId, done } = await run(engine, loaded, picture, how);
  try {
    const logits = (await engine.request('slice', { runId, what: { kind: 'logits' } })).values;
    const input = how.formats.includes('png')
      ? await engine.request('slice', { runId, what: { kind: 'input' } })
      : null;
    const explained: Explained = { file: picture.kind === 'file' ? picture.file : null, maps: {} };
    for (const id of how.methods) explained.maps[id] = await explainBy(engine, loaded, runId, id, how, logits, input);
    return explained;
  } finally {
    await done();
  }
}

async function run(engine: EnginePort, { modelId, explains }: LoadedModel, picture: PictureToExplain, how: How) {
  const keeps = {
    attention: how.methods.some((id) => methods[id].needs === 'maps'),
    tokens: explains === true && how.methods.some((id) => methods[id].needs !== 'maps'),
  };
  if (picture.kind === 'tensor') {
    const { values, shape } = picture;
    const { runId } = await engine.request('run-tensor', { modelId, values, shape, ...keeps });
    return { runId, done: () => engine.request('close-run', { runId }) };
  }
  const opened = { path: path.resolve(picture.file), preview: false, inputOf: { modelId } };
  const { imageId } = await engine.request('open-image', opened);
  const { runId } = await engine.request('run', { modelId, imageId, topK: 1, ...keeps });
  const done = async () => {
    await engine.request('close-run', { runId });
    await engine.request('close-image', { imageId });
  };
  return { runId, done };
}

async function explainBy(
  engine: EnginePort,
  loaded: LoadedModel,
  runId: number,
  id: MethodId,
  how: How,
  logits: Float32Array,
  input: Slice | null,
): Promise<ExplainedMap> {
  const { parameters, head, description } = how;
  const method = methods[id];
  const slice = await engine.request('slice', { runId, what: methodSlice(id, parameters) });
  const values = method.perHead ? ofHead(slice, head) : slice.values;
  const map = method.over === 'tokens' ? values.slice(loaded.numPrefix) : values;
  const facts = classFacts(how, loaded, logits);
  if (method.over === 'tokens' && loaded.numPrefix > 0) facts.prefix = prefixShares(values, loaded.prefixNames);
  if (slice.evidence?.completeness !== undefined) facts.completeness = slice.evidence.completeness;
  if (how.faithfulness) {
    const { seed, class: chosen } = parameters;
    const take = { runId, class: chosen, map, random: true, seed };
    const { deletion, insertion, random } = await engine.request('faithfulness', take);
    facts.faithfulness = { deletion, insertion, random };
  }
  const [rows, columns] = loaded.grid;
  const drawn = { rows, columns, values: map, signed: method.signed };
  const used = method.params.filter((name) => name !== 'class' && name !== 'against');
  return {
    map,
    parameters: {
      ...Object.fromEntries(used.map((name) => [name, parameters[name]])),
      ...(method.perHead && { head }),
    },
    facts,
    png: input && mapPicture(drawn, input, description.preprocessing),
  };
}

function ofHead({ shape, values }: Slice, head: number | HeadFusion): Float32Array {
  const heads = splitHeads(values, shape[0] ?? 1);
  return typeof head === 'number' ? heads[head]! : fuseHeads(heads, head);
}

function classFacts({ parameters, description }: How, { scores }: LoadedModel, logits: Float32Array): Facts {
  if (scores === null) return { class: null, logit: null };
  const { class: wanted, against } = parameters;
  const index = wanted ?? logits.reduce((best, logit, i) => (logit > logits[best]! ? i : best), 0);
  const label = description.labels?.[index];
  return {
    class: index,
    ...(label && { label }),
    logit: logits[index] ?? null,
    ...(against !== null && { against, against_logit: logits[against] }),
  };
}

function prefixShares(values: Float32Array, names: readonly string[]): Record<string, number> {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return Object.fromEntries(names.map((name, i) => [name, sum > 0 ? Math.abs(values[i]!) / sum : 0]));
}
