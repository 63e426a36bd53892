/** An .onnx file as a model: what the graph needs is known to the engine that runs it; preprocessing comes from the config beside it. */
import { faultOf } from '../errors/fileFault';
import { basename } from 'node:path';
import type { Preprocessing } from '../image/preprocessing';
import type { Architecture, Finding, ModelDescription, PictureInput } from '../architecture/description';
import type { Family, FamilyInput } from './config/family';
import { FileRefusal } from '../errors/fileRefusal';
import { ModelError, fileError } from '../errors/modelError';
import { imageOutOfBounds } from '../architecture/bounds';
import { architectureOf, assertInBounds, checkedPreprocessing, preprocessingOf } from './config/checked';
import type { Fields } from './config/fields';
import { timmInputSize } from './families/timm/inputSize';
import { recogniseConfig } from './families';
import { hfPreprocessing, IMAGENET, timmPreprocessing } from './config/preprocessing';
import { readOnnxHeader, type OnnxHeader } from '../onnx/header';
import { exportedNotes, pictureInput, type ExportedNotes } from '../onnx/picture';
import type { OnnxModel } from '../onnx/schema';
import { scoresFor } from '../architecture/scores';
import { readProcessor } from './processor';
import { labelCount } from './config/labelTable';
import { readLabels } from './labels';
import { exists, type Located } from './files/locate';
import { withRegularFile } from '../files/regularFile';
import { refuseOtherKinds } from './files/unsupportedFormats';
import { sentence } from '../errors/sentence';

export async function describeOnnx(located: Located, config: Fields, id: string): Promise<ModelDescription> {
  const file = located.weights as string;
  const { model: header, bytes } = await readHeader(file);
  const findings: Finding[] = [];
  const processor = await readProcessor(located);
  const family = recogniseConfig(config);
  const input: FamilyInput = { config, processor, tensors: null, findings };
  const configured = family ? architectureOf(family, input) : null;
  const fixed = pictureInput(header.graph);
  const image = inputOf(config, configured, fixed);
  const architecture = configured && { ...configured, image };
  assertInBounds(imageOutOfBounds(image), config);
  // what a config beside the file says goes before what an export wrote into it
  const notes = family || processor || config.names().length > 0 ? null : notesOf(file, header);
  const preprocessing = notes?.preprocessing ?? preprocessingFor(input, family, architecture, image);
  if (!architecture && !notes) {
    findings.push({
      severity: 'info',
      code: 'no-architecture',
      ...sentence('No config beside {0} says what it is; it is run as the graph it is.', basename(file)),
    });
  }
  const classes = architecture?.classes ?? config.size('num_classes', 'classes', 0) ?? labelCount(config);
  return {
    id,
    name: basename(file).replace(/\.onnx$/, ''),
    path: located.path,
    family: 'onnx',
    architecture,
    weights: { kind: 'onnx', file, input: fixed },
    preprocessing,
    labels: notes?.labels ?? (await readLabels(config, located.directory, classes, findings)),
    energyThreshold: notes?.energyThreshold,
    scores: scoresFor(config.word('problem_type'), classes || (config.has('problem_type') ? 2 : 0)),
    dtypes: [],
    bytes,
    findings,
  };
}

function preprocessingFor(
  input: FamilyInput,
  family: Family | undefined,
  architecture: Architecture | null,
  image: Architecture['image'],
): Preprocessing {
  const { config, processor, findings } = input;
  if (family && architecture) return preprocessingOf(family, input, architecture);
  if (!processor) return checkedPreprocessing(timmPreprocessing(config, image, findings), config.source);
  const defaults = { ...IMAGENET, interpolation: 'bicubic', resizeTo: null, shorterSide: false } as const;
  return checkedPreprocessing(hfPreprocessing(processor, image, defaults, findings), processor.source);
}

/** The graph's own fixed sides, else the config's, else what most models take. */
function inputOf(config: Fields, configured: Architecture | null, fixed: PictureInput | null): Architecture['image'] {
  const size = timmInputSize(config);
  const image = configured?.image;
  return {
    channels: fixed?.channels ?? image?.channels ?? size?.[0] ?? 3,
    height: fixed?.height ?? image?.height ?? size?.[1] ?? 224,
    width: fixed?.width ?? image?.width ?? size?.[2] ?? 224,
  };
}

async function readHeader(file: string): Promise<OnnxHeader> {
  try {
    for (const suffix of ['_data', '.data'])
      if (await exists(file + suffix)) await withRegularFile(file + suffix, refuseOtherKinds);
    return await withRegularFile(file, async (opened) => {
      await refuseOtherKinds(opened);
      return readOnnxHeader(opened);
    });
  } catch (error) {
    const bySystem =
      error instanceof ModelError ||
      error instanceof FileRefusal ||
      (error as NodeJS.ErrnoException).code !== undefined;
    throw bySystem ? fileError(file, error) : unusable(file, error);
  }
}

function notesOf(file: string, model: OnnxModel): ExportedNotes | null {
  try {
    return exportedNotes(model);
  } catch (error) {
    throw unusable(file, error);
  }
}

const unusable = (file: string, error: unknown): ModelError =>
  new ModelError('corrupt', sentence('{0} cannot be used: {1}.', file, faultOf(error)));
