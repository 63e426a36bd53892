/** Models by name: found, read and checked in the engine process, so that no file can hold up those who ask. */
import type { Binding } from '../../../native/binding';
import type { Finding, ModelDescription } from '../../architecture/description';
import { toErrorShape } from '../../errors/engineError';
import { packageRoot } from '../../files/packageRoot';
import { tooManyToDraw } from '../../models/describe';
import { fileTensors } from '../../models/fileTensors';
import { withInputSize } from '../../models/inputSize';
import { checkModelFile, summary } from '../../models/modelFile';
import type { ModelQuery } from '../../models/modelId';
import { openModel } from '../../models/open';
import { openPart } from '../../models/parts';
import { atPictureSize } from '../../models/pictureSize';
import { listModels } from '../../models/registry';
import { assertRunnable } from '../../models/runnable';
import { readWeights } from '../../models/weightValues';
import type { DescribedModel, ModelReference } from '../requests';
import { loadingMs } from '../deadlines';
import { assertExternalFiles } from '../onnx/externalFiles';
import type { Handlers } from './handlers';
import { reportOn } from './report';

/** The model as its files say; broken ones, too. */
export async function describe({ id, cwd, confinedTo, inputSize, pictureSize }: ModelQuery): Promise<ModelDescription> {
  const trained = await openModel(id, { root: packageRoot(), cwd, confinedTo });
  if (inputSize) return withInputSize(trained, inputSize.height, inputSize.width);
  return pictureSize ? atPictureSize(trained, pictureSize) : trained;
}

/** A model is opened, and pictures for it, at the same time: its files are read once for all of them. */
const underWay = new Map<string, Promise<ModelDescription>>();

/** Rejects with ModelError unless it can be run. */
export function runnable(reference: ModelReference): Promise<ModelDescription> {
  if ('description' in reference) return Promise.resolve(reference.description);
  const key = JSON.stringify(reference.model);
  const described = underWay.get(key) ?? describeRunnable(reference.model).finally(() => underWay.delete(key));
  underWay.set(key, described);
  return described;
}

async function describeRunnable(model: ModelQuery): Promise<ModelDescription> {
  const description = await describe(model);
  assertRunnable(description);
  return description;
}

export function describedModel({ weights: _weights, ...described }: ModelDescription): DescribedModel {
  return described;
}

/** Weights beside an ONNX model that cannot be had: the sentence that opening it ends in. */
async function externalProblem(file: string): Promise<Finding | null> {
  try {
    await assertExternalFiles(file);
    return null;
  } catch (error) {
    const { code: _code, ...said } = toErrorShape(error);
    return { severity: 'error', code: 'external-data', ...said };
  }
}

/** null where there is none for this machine, which the report says. */
function addonIfBuilt(binding: () => Binding): Binding | null {
  try {
    return binding();
  } catch {
    return null;
  }
}

type Names = 'describe-model' | 'file-tensors' | 'check-model-file' | 'list-models' | 'describe-part';

export const modelHandlers = (binding: () => Binding): Pick<Handlers, Names> => ({
  'describe-model': async ({ model, values }) => {
    const description = await describe(model);
    const { architecture, weights: source, findings } = description;
    const excess = architecture && source.kind === 'seed' ? tooManyToDraw(architecture) : null;
    if (excess) findings.push({ severity: 'error', code: 'too-many-to-draw', ...excess });
    const outside = source.kind === 'onnx' ? await externalProblem(source.file) : null;
    if (outside) findings.push(outside);
    // what does not fit is refused already
    const read = values && description.findings.every(({ severity }) => severity !== 'error');
    const addon = read ? addonIfBuilt(binding) : null;
    const weights = addon && (await readWeights(description, addon));
    if (weights) description.findings.push(...weights.findings);
    return reportOn(description, binding, weights?.kinds);
  },
  'file-tensors': ({ file, values, confinedTo }, signal, report, larger) =>
    fileTensors(file, {
      addon: values ? addonIfBuilt(binding) : null,
      confinedTo,
      signal,
      report,
      opened: (bytes) => larger(loadingMs(bytes)),
    }),
  'check-model-file': ({ text, file }) => {
    const { problems, architecture, picture } = checkModelFile(text, file);
    return { problems, summary: architecture && summary(architecture), picture };
  },
  'list-models': ({ workspace }) => listModels({ root: packageRoot(), workspace }),
  'describe-part': ({ file, confinedTo }) => openPart(file, confinedTo),
});
