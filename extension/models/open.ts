/**
 * Opens a model by name or path: finds its files, recognises its family and describes it. Weights are not read, only their headers.
 */
import { isModelFile } from './files/modelFileName';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { parse as parseJsonc, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { bind } from './bind';
import { scoresFor } from '../architecture/scores';
import { readCheckpoint, readJson, type Checkpoint } from './files/checkpoint';
import type { Architecture, Finding, ModelDescription, WeightSource } from '../architecture/description';
import { ModelError } from '../errors/modelError';
import { outOfBounds } from '../architecture/bounds';
import { recognise, type Recognised } from './families';
import { asTimmConfig } from './families/openClipTrunk';
import { architectureOf, assertInBounds, preprocessingOf } from './config/checked';
import { Fields } from './config/fields';
import type { Family, FamilyInput } from './config/family';
import { cachedSnapshot } from './hub/cache';
import { HUB_ID, hubSettings } from './hub/settings';
import { MOST_SEED } from './families/articles';
import { assertKnownFields } from './modelFile';
import { plainText } from '../errors/plainText';
import { readLabels } from './labels';
import { EMBEDDED } from './modelId';
import type { Preprocessing } from '../image/preprocessing';
import { imagenetNames } from './imagenet';
import { oddHeads } from './headCount';
import { embeddedModel, exists, locate, type Located } from './files/locate';
import { assertConfined, namedFile } from './files/namedFile';
import { readProcessor } from './processor';
import { describeOnnx } from './onnx';
import { sentence } from '../errors/sentence';

interface OpenOptions {
  /** The extension's root: 'embedded' is models/vit-cifar10 below it. */
  root: string;
  /** Relative paths are relative to this; the process's directory by default. */
  cwd?: string;
  /** As in ModelQuery. */
  confinedTo?: string[];
  /** Finds a hub id ("org/name") on disk, null when it is not there; by default in the Hugging Face cache. */
  resolveId?: (id: string) => Promise<string | null>;
}

/**
 * 'embedded', a registry id, a directory, a .safetensors, .onnx or .vit.json file.
 * Throws ModelError (one sentence) for what cannot be opened at all; what can but does not fit has error findings.
 */
export async function openModel(idOrPath: string, options: OpenOptions): Promise<ModelDescription> {
  if (idOrPath === EMBEDDED) return openPath(embeddedModel(options.root), EMBEDDED);
  const path = isAbsolute(idOrPath) ? idOrPath : resolve(options.cwd ?? process.cwd(), idOrPath);
  if (!(await exists(path)) && HUB_ID.test(idOrPath)) {
    const cached = await (options.resolveId ?? findCached)(idOrPath);
    if (cached) return openPath(cached, idOrPath, options.confinedTo);
    throw new ModelError('missing', sentence('{0} is neither a path nor a model that was downloaded.', idOrPath));
  }
  return openPath(path, idOrPath, options.confinedTo);
}

const findCached = async (id: string) => cachedSnapshot((await hubSettings()).cacheDir, id);

async function openPath(path: string, id: string, confinedTo?: string[]): Promise<ModelDescription> {
  return withPlainText(await readPath(path, id, confinedTo));
}

/** What is shown of a model is text from its files; its findings are sentences, which see to that themselves. */
function withPlainText(description: ModelDescription): ModelDescription {
  const { name, labels } = description;
  return { ...description, name: plainText(name), labels: labels && labels.map((label) => plainText(label)) };
}

async function readPath(path: string, id: string, confinedTo: string[] | undefined): Promise<ModelDescription> {
  const located = await locate(path);
  await assertConfined(path, [located.config, located.processor, located.weights], confinedTo);
  const config = await readConfig(located);
  if (located.weights?.endsWith('.onnx')) return describeOnnx(located, config, id);
  const weights = located.weights ?? (await weightsNamedIn(config, confinedTo));
  const checkpoint = weights ? await readCheckpoint(weights) : null;
  return describe(located, config, checkpoint, id);
}

/** The config of a model on disk, or null when there is nothing at that path. */
export async function readModelConfig(path: string): Promise<Fields | null> {
  return (await exists(path)) ? readConfig(await locate(path)) : null;
}

/** The fields of a model's config; none where it has no config file. */
export async function readConfig(located: Located): Promise<Fields> {
  if (!located.config) return new Fields(located.weights ?? located.path, {});
  // People write .vit.json files: comments and trailing commas are welcome there.
  const parse = isModelFile(located.config) ? parseWithComments : undefined;
  return asTimmConfig(new Fields(located.config, await readJson(located.config, undefined, parse)));
}

function parseWithComments(text: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) {
    const line = text.slice(0, first.offset).split('\n').length;
    throw new Error(`${printParseErrorCode(first.error)} in line ${line}`);
  }
  return value;
}

/** A .vit.json may name its weights: a path relative to itself. */
async function weightsNamedIn(config: Fields, confinedTo: string[] | undefined): Promise<string | null> {
  const named = config.has('architecture') ? config.text('weights') : undefined;
  return named === undefined ? null : namedFile(config.source, 'weights', named, confinedTo);
}

async function describe(
  located: Located,
  config: Fields,
  checkpoint: Checkpoint | null,
  id: string,
): Promise<ModelDescription> {
  const findings: Finding[] = [];
  const { family, tensors, outside, headFrom } = recognise(config, checkpoint?.tensors ?? null);
  if (headFrom !== undefined) {
    findings.push({
      severity: 'warning',
      code: 'head-name',
      ...sentence('{0} is taken for the classifier, which goes by another name in this family.', headFrom),
      subject: headFrom,
    });
  }
  if (family.seeded && located.config && isModelFile(located.config)) assertKnownFields(config);
  const processor = await readProcessor(located);
  const input: FamilyInput = { config, processor, tensors, findings };
  if (!located.config) {
    findings.push({
      severity: 'info',
      code: 'no-config',
      ...sentence(
        'There is no config.json beside {0}; the architecture is read from the tensors.',
        basename(located.path),
      ),
    });
  }
  const trained = architectureOf(family, input);
  const preprocessing = preprocessingOf(family, input, trained);
  const architecture = asFed(trained, preprocessing, findings);
  assertInBounds(outOfBounds(architecture), config);
  findings.push(...oddHeads(architecture, config));
  const weights = weightSource(architecture, { family, tensors, outside }, config, findings);
  if (architecture.classes === 0) {
    findings.push({
      severity: 'info',
      code: 'no-classifier',
      ...sentence('This model has no classifier: it gives features and attention, no classes.'),
    });
  }
  return {
    id,
    name: nameOf(located, config, id),
    path: located.path,
    family: family.name,
    architecture,
    weights,
    preprocessing,
    labels:
      (await readLabels(config, located.directory, architecture.classes, findings)) ??
      (await knownNames(config, family, architecture.classes, findings)),
    scores: scoresFor(
      // the articles' models with one output are regressions
      config.word('problem_type') || (family.seeded && architecture.classes === 1 ? 'regression' : ''),
      architecture.classes,
    ),
    dtypes: checkpoint ? [...new Set([...checkpoint.tensors.values()].map((tensor) => tensor.dtype))].sort() : ['F32'],
    bytes: checkpoint?.bytes ?? 0,
    noWeightDecay: family.noWeightDecay,
    energyThreshold: config.number('energy_threshold'),
    findings,
  };
}

/** A processor may feed another size than the positions were trained for (DINOv2: 224 instead of 518); the model runs at that size. */
function asFed(trained: Architecture, { resize, crop }: Preprocessing, findings: Finding[]): Architecture {
  const fed = crop ?? (resize.kind === 'exact' ? resize : null);
  const { image } = trained;
  if (!fed || (fed.height === image.height && fed.width === image.width)) return trained;
  findings.push({
    severity: 'info',
    code: 'input-size',
    ...sentence(
      'Pictures are fed at {0}x{1}; the model was trained at {2}x{3}, so its position embedding is resampled.',
      fed.height,
      fed.width,
      image.height,
      image.width,
    ),
    subject: 'image_size',
  });
  return { ...trained, image: { ...image, height: fed.height, width: fed.width } };
}

function weightSource(
  architecture: Architecture,
  { family, tensors, outside }: Recognised,
  config: Fields,
  findings: Finding[],
): WeightSource {
  if (!tensors) {
    if (!family.seeded) {
      throw new ModelError('missing', sentence('{0} has a config.json but no weights.', dirname(config.source)));
    }
    const seed = config.size('seed', MOST_SEED, 0) ?? 0;
    findings.push({
      severity: 'info',
      code: 'seeded-weights',
      ...sentence("There are no weights; they are drawn from seed {0} by the articles' _init_weights rule.", seed),
    });
    return { kind: 'seed', seed };
  }
  const bound = bind(architecture, family, tensors, outside);
  findings.push(...bound.findings);
  return { kind: 'tensors', tensors: bound.tensors };
}

/** Names that are not in the model but known for it. */
async function knownNames(
  config: Fields,
  family: Family,
  classes: number,
  findings: Finding[],
): Promise<string[] | null> {
  const known = await imagenetNames(config, family.name, classes);
  if (known === null) return null;
  findings.push({
    severity: 'info',
    code: 'imagenet-labels',
    ...sentence("The model names no classes; {0}'s names are used.", known.title),
  });
  return known.names;
}

/** Hub snapshots are directories named by a hash; there the id says more. */
function nameOf(located: Located, config: Fields, id: string): string {
  if (HUB_ID.test(id) && !isAbsolute(id)) return id;
  const file = basename(located.path);
  if (/^model\.safetensors|^config\.json$/.test(file)) return basename(located.directory);
  return file.replace(/(\.vit\.json|\.safetensors(\.index\.json)?|\.onnx)$/, '') || (config.text('architecture') ?? id);
}
