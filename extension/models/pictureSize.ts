import type { Size } from '../image/geometry';
import type { Architecture, ModelDescription } from '../architecture/description';
import { gridOf } from '../architecture/grid';
import { imageAt, withInputSize } from './inputSize';

/** Attention takes memory by the square of this: 1024 patches of a ViT-B are 0.6 GB of maps. */
const MAX_PATCHES = 1024;

/**
 * The model at the picture's own size and shape, rounded to whole patches. Larger pictures are scaled down to about 1024 patches,
 * or to as many as the model was trained with. A model whose size is fixed (.onnx) stays as it is.
 */
export function atPictureSize(description: ModelDescription, { width, height }: Size): ModelDescription {
  const { architecture } = description;
  if (!architecture || description.weights.kind === 'onnx') return description;
  const trained = patches(architecture);
  const natural = patches({ ...architecture, image: imageAt(architecture, height, width) });
  const scale = Math.min(1, Math.sqrt(Math.max(MAX_PATCHES, trained) / natural));
  return withInputSize(description, height * scale, width * scale);
}

function patches(architecture: Architecture): number {
  const [rows, columns] = gridOf(architecture);
  return rows * columns;
}
