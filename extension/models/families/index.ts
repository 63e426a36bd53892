/** The families this program knows, and which of them a model is. */
import { ModelError } from '../../errors/modelError';
import type { Family, Tensors } from '../config/family';
import type { Fields } from '../config/fields';
import { refuseByName, refuseType } from './refused';
import { pick } from '../config/infer';
import { headOf } from './headNames';
import { unwrapped, type Outside } from './names';
import { clip } from './clip';
import { HF_FAMILIES } from './hf';
import { seedT2T, seedViT } from './articles';
import { t2t, t2tPerformer } from './t2t';
import { timm } from './timm/visionTransformer';
import { timmEva } from './timm/eva';
import { timmNaFlex } from './timm/naflex';
import { perception } from './timm/perception';
import { timmBeit, timmRelPos } from './timm/relative';
import { torchvision } from './torchvision';
import { sentence, verbatim, type Sentence } from '../../errors/sentence';

/** In the order they are asked. */
const FAMILIES: Family[] = [
  seedViT,
  seedT2T,
  t2t,
  t2tPerformer,
  torchvision,
  ...HF_FAMILIES,
  perception,
  clip,
  timmBeit,
  timmRelPos,
  timmEva,
  timmNaFlex,
  timm,
];

export interface Recognised {
  family: Family;
  /** Under the family's own names. */
  tensors: Tensors | null;
  /** Names of tensors that stood beside the model, not in it. */
  outside: Outside;
  /** What the file calls the classifier, where that is no name of the family. */
  headFrom?: string;
}

/** The family by config, else by tensor names. Throws ModelError. */
export function recognise(config: Fields, stored: Tensors | null): Recognised {
  refuseByName(config, stored);
  const byConfig = recogniseConfig(config);
  if (!byConfig) refuseType(config);
  if (!stored) {
    if (!byConfig) throw new ModelError('config', sentence('{0} describes no model family known here.', config.source));
    return { family: byConfig, tensors: null, outside: new Map() };
  }
  for (const family of byConfig ? [byConfig] : FAMILIES) {
    for (const { tensors: found, outside } of unwrapped(stored, family.anchor)) {
      const tensors = renamed(found, family);
      if (!byConfig && !hasRequired(family, tensors)) continue;
      const headFrom = headOf(tensors, family);
      return headFrom ? { family, outside, ...headFrom } : { family, outside, tensors };
    }
  }
  if (byConfig) return { family: byConfig, tensors: renamed(stored, byConfig), outside: new Map() };
  const first = [...stored.keys()].slice(0, 3).join(', ');
  throw new ModelError(
    'unsupported',
    sentence('{0} is no Vision Transformer known here: its tensors begin {1}.', config.source, first),
  );
}

function hasRequired({ requires }: Family, tensors: Tensors): boolean {
  if (!requires) return true;
  return typeof requires === 'function' ? requires(tensors) : pick(tensors, requires) !== undefined;
}

function renamed(tensors: Tensors, { rename }: Family): Tensors {
  return rename ? new Map([...tensors].map(([name, tensor]) => [rename(name), tensor])) : tensors;
}

export function recogniseConfig(config: Fields): Family | undefined {
  return FAMILIES.find((family) => family.claims(config));
}

/** For people: "Hugging Face DINOv2". */
export function familyTitle(name: string): Sentence {
  const title = name === 'onnx' ? sentence('ONNX graph') : FAMILIES.find((family) => family.name === name)?.title;
  return title ?? verbatim(name);
}
