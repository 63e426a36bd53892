/** An .onnx file as a model: what the graph needs is known to the engine that runs it; preprocessing comes from the config beside it. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Preprocessing } from '../image/preprocessing';
import type { Architecture, Finding, ModelDescription } from '../architecture/description';
import type { Family, FamilyInput } from './families/family';
import { ModelError, fileError } from '../errors/modelError';
import { Fields } from './families/fields';
import { recogniseConfig } from './families';
import { hfPreprocessing, IMAGENET, timmPreprocessing } from './families/preprocessing';
import { readOnnxHeader } from '../onnx/header';
import { exportedNotes, pictureInput } from '../onnx/picture';
import type { OnnxModel } from '../onnx/schema';
import { readJson } from './files/checkpoint';
import { readLabels } from './labels';
import type { Located } from './files/locate';

export async function describeOnnx(located: Located, config: Fields, id: string): Promise<ModelDescription> {
  const file = located.weights as string;
  const bytes = await checkOnnx(file);
  const header = await readHeader(file);
  const findings: Finding[] = [];
  const processor = located.processor ? new Fields(located.processor, await readJson(located.processor)) : null;
  const family = recogniseConfig(config);
  const architecture = family ? family.architecture({ config, processor, tensors: null, findings }) : null;
  const image = architecture?.image ?? inputOf(config, header);
  // what a config beside the file says goes before what an export wrote into it
  const notes = family || processor || config.names().length > 0 ? null : exportedNotes(header);
  const input: FamilyInput = { config, processor, tensors: null, findings };
  const preprocessing = notes?.preprocessing ?? preprocessingOf(input, family, architecture, image);
  if (!architecture && !notes) {
    findings.push({
      severity: 'info',
      code: 'no-architecture',
      message: `No config beside ${basename(file)} says what it is; it is run as the graph it is.`,
    });
  }
  const classes = architecture?.classes ?? config.size('num_classes', 0) ?? labelCount(config);
  return {
    id,
    name: basename(file).replace(/\.onnx$/, ''),
    path: located.path,
    family: 'onnx',
    architecture,
    weights: { kind: 'onnx', file },
    preprocessing,
    labels: notes?.labels ?? (await readLabels(config, located.directory, classes, findings)),
    energyThreshold: notes?.energyThreshold,
    dtypes: [],
    bytes,
    findings,
  };
}

function preprocessingOf(
  input: FamilyInput,
  family: Family | undefined,
  architecture: Architecture | null,
  image: Architecture['image'],
): Preprocessing {
  const { config, processor, findings } = input;
  if (family && architecture) return family.preprocessing(input, architecture);
  if (!processor) return timmPreprocessing(config, image, findings);
  const defaults = { ...IMAGENET, interpolation: 'bicubic', resizeTo: null, shorterSide: false } as const;
  return hfPreprocessing(processor, image, defaults, findings);
}

const labelCount = (config: Fields) => config.inner('id2label').names().length;

/** The graph's own fixed sides, else the config's, else what most models take. */
function inputOf(config: Fields, { graph }: OnnxModel): { channels: number; height: number; width: number } {
  const size = config.inner('pretrained_cfg').numbers('input_size', 3) ?? config.numbers('input_size', 3);
  const fixed = pictureInput(graph);
  return {
    channels: fixed?.channels ?? size?.[0] ?? 3,
    height: fixed?.height ?? size?.[1] ?? 224,
    width: fixed?.width ?? size?.[2] ?? 224,
  };
}

async function readHeader(file: string): Promise<OnnxModel> {
  try {
    return await readOnnxHeader(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) throw fileError(file, error);
    throw new ModelError('corrupt', `${file} cannot be used: ${(error as Error).message}.`);
  }
}

/** An ONNX file is a ModelProto: its first field is ir_version (1), as a varint. */
async function checkOnnx(file: string): Promise<number> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size === 0) throw new ModelError('corrupt', `${file} is empty.`);
      const start = Buffer.alloc(1);
      await handle.read(start, 0, 1, 0);
      // Field numbers 1..20 with a wire type protobuf has; text and pickles start otherwise.
      const [tag = 0] = start;
      if (tag === 0 || tag >> 3 > 20 || ![0, 2].includes(tag & 7))
        throw new ModelError('corrupt', `${file} is not an ONNX model.`);
      return size;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(file, error);
  }
}
