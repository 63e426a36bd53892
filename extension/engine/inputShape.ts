import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import type { BackendModel } from './backend';

/** B of a (B, C, H, W) input. Throws ERR_ARGUMENT when it is not what the model takes. */
export function batchOf(shape: readonly number[], length: number, { inputShape }: BackendModel): number {
  const [batch = 0, ...image] = shape;
  const fits = shape.length === 4 && batch > 0 && inputShape.every((side, i) => side === image[i]);
  if (!fits) {
    throw new EngineError(
      'ERR_ARGUMENT',
      sentence(
        'The input has shape ({0}), but the model takes {1}.',
        shape.join(', '),
        `(B, ${inputShape.join(', ')})`,
      ),
    );
  }
  if (length !== shape.reduce((product, side) => product * side, 1)) {
    throw new EngineError(
      'ERR_ARGUMENT',
      sentence('The input has {0} values, which is not its shape ({1}).', length, shape.join(', ')),
    );
  }
  return batch;
}
