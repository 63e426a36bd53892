/** A head that is no classifier: the projection of an open_clip trunk (../openClipTrunk.ts) into the space of texts. */
import type { Architecture } from '../../../architecture/description';
import type { Tensors } from '../../config/family';
import type { Fields } from '../../config/fields';
import { rows } from '../../config/infer';

/** Field of a trunk's config whose own head is the projection. */
export const HEAD_IS_PROJECTION = 'head_is_projection';

/** Null where the head is none. */
export function projectionOf(config: Fields, tensors: Tensors | null): Architecture['projection'] {
  const length = rows(tensors, 'head.weight');
  if (!config.flag(HEAD_IS_PROJECTION) || length === undefined) return null;
  return { length, bias: tensors!.has('head.bias'), activation: null };
}
