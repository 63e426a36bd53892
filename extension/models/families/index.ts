/** The families this program knows, and which of them a model is. */
import { ModelError } from '../../errors/modelError';
import type { StoredTensor } from '../files/safetensors';
import type { Family, Tensors } from './family';
import type { Fields } from './fields';
import { refuseByName } from './refused';
import { pick } from './infer';
import { HF_FAMILIES } from './hf';
import { seedT2T, seedViT } from './seed';
import { t2t } from './t2t';
import { timm } from './timm';
import { timmEva } from './timm/eva';
import { timmBeit, timmRelPos } from './timm/relative';
import { torchvision } from './torchvision';

/** In the order they are asked. */
export const FAMILIES: Family[] = [
  seedViT,
  seedT2T,
  t2t,
  torchvision,
  ...HF_FAMILIES,
  timmBeit,
  timmRelPos,
  timmEva,
  timm,
];

/** What training wrappers put before every name. */
const WRAPPERS =
  /^(module\.|model\.|timm_model\.|_orig_mod\.|backbone\.|encoder\.|vit\.|deit\.|dinov2\.|dinov2_with_registers\.|vision_model\.|visual\.)*/;

/** The family by config, else by tensor names; the tensors come back under the family's own names. Throws ModelError. */
export function recognise(config: Fields, stored: Tensors | null): { family: Family; tensors: Tensors | null } {
  refuseByName(config, stored);
  const byConfig = recogniseConfig(config);
  if (!stored) {
    if (!byConfig) throw new ModelError('config', `${config.source} describes no model family known here.`);
    return { family: byConfig, tensors: null };
  }
  for (const family of byConfig ? [byConfig] : FAMILIES) {
    const prefix = prefixBefore(family.anchor, stored);
    if (prefix === undefined) continue;
    const tensors = strip(stored, prefix);
    if (byConfig || !family.tell || pick(tensors, family.tell)) return { family, tensors };
  }
  if (byConfig) return { family: byConfig, tensors: stored };
  const first = [...stored.keys()].slice(0, 3).join(', ');
  throw new ModelError(
    'unsupported',
    `${config.source} is no Vision Transformer known here: its tensors begin ${first}.`,
  );
}

export function recogniseConfig(config: Fields): Family | undefined {
  return FAMILIES.find((family) => family.claims(config));
}

/** The wrapper prefix before a family's anchor tensor, '' when there is none, undefined when the anchor is not there. */
function prefixBefore(anchor: string, stored: Tensors): string | undefined {
  if (stored.has(anchor)) return '';
  for (const name of stored.keys()) {
    if (!name.endsWith(`.${anchor}`)) continue;
    const prefix = name.slice(0, -anchor.length);
    if (WRAPPERS.exec(prefix)?.[0] === prefix) return prefix;
  }
  return undefined;
}

function strip(stored: Tensors, prefix: string): Tensors {
  if (prefix === '') return stored;
  const stripped = new Map<string, StoredTensor>();
  for (const [name, tensor] of stored) stripped.set(name.startsWith(prefix) ? name.slice(prefix.length) : name, tensor);
  return stripped;
}

/** For people: "Hugging Face DINOv2". */
export function familyTitle(name: string): string {
  return FAMILIES.find((family) => family.name === name)?.title ?? (name === 'onnx' ? 'ONNX graph' : name);
}
