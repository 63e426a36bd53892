/** The same model at another resolution: positions are resampled by the engine, the picture is resized and cropped in proportion. */
import type { Size } from '../image/geometry';
import type { Preprocessing } from '../image/preprocessing';
import type { Architecture, ModelDescription, PictureInput } from '../architecture/description';
import { ModelError } from '../errors/modelError';
import { checkedPreprocessing } from './config/checked';
import { outOfBounds } from '../architecture/bounds';
import { gridOf } from '../architecture/grid';
import { sentence } from '../errors/sentence';

/**
 * `description` for inputs of height x width pixels, each rounded to whole patches (at least one).
 * Throws ModelError when the architecture is not known (a foreign .onnx file has the size it was exported with).
 */
export function withInputSize(description: ModelDescription, height: number, width: number): ModelDescription {
  const { architecture, preprocessing } = description;
  if (description.weights.kind === 'onnx' && !leavesSidesOpen(description.weights.input))
    throw new ModelError('unsupported', sentence('{0} has a fixed input size.', description.path));
  if (!architecture) {
    const fed = preprocessing.crop ?? (preprocessing.resize.kind === 'exact' ? preprocessing.resize : null);
    if (!fed) throw new ModelError('unsupported', sentence('{0} does not say its input size.', description.path));
    return { ...description, preprocessing: scaled(preprocessing, fed, { height, width }) };
  }
  // As trained, even where that leaves pixels over at the edges.
  if (height === architecture.image.height && width === architecture.image.width) return description;
  const image = imageAt(architecture, height, width);
  if (gridOf({ ...architecture, image }).some((side) => side < 1)) {
    throw new ModelError('config', sentence('{0}x{1} pixels are too few for {2}.', height, width, description.name));
  }
  const wrong = outOfBounds({ ...architecture, image, position: { kind: 'none' } });
  if (wrong)
    throw new ModelError(
      'config',
      sentence('{0} cannot run at {1}x{2} pixels: {3}.', description.name, height, width, wrong.said),
    );
  const position: Architecture['position'] =
    // A sinusoid has a value for every place; it is computed for the new grid, not resampled.
    architecture.position.kind === 'sinusoid' || architecture.position.kind === 'sinusoid-2d'
      ? { ...architecture.position, grid: gridOf({ ...architecture, image }) }
      : architecture.position;
  const { weights } = description;
  const recomputed = position.kind !== 'none' && position.kind !== 'learned' && weights.kind === 'tensors';
  const { pos_embed: _stored, ...others } = recomputed ? weights.tensors : {};
  return {
    ...description,
    ...(recomputed && !sameGrid(architecture, position) ? { weights: { kind: 'tensors', tensors: others } } : {}),
    architecture: { ...architecture, image, position },
    preprocessing: checkedPreprocessing(scaled(description.preprocessing, architecture.image, image), description.path),
  };
}

/** The input nearest to that size that the model can take, of whole patches. */
export function imageAt(architecture: Architecture, height: number, width: number): Architecture['image'] {
  return { ...architecture.image, ...rounded(architecture, height, width) };
}

function sameGrid(architecture: Architecture, position: Architecture['position']): boolean {
  return position.kind !== 'none' && gridOf(architecture).join() === position.grid.join();
}

function rounded(architecture: Architecture, height: number, width: number): Size {
  if (architecture.tokenizer.kind === 'soft-split') return { height: Math.round(height), width: Math.round(width) };
  const [ph, pw] = architecture.tokenizer.patch;
  return { height: Math.max(1, Math.round(height / ph)) * ph, width: Math.max(1, Math.round(width / pw)) * pw };
}

function scaled(preprocessing: Preprocessing, from: Size, to: Size): Preprocessing {
  const { resize, crop, cropPercent } = preprocessing;
  const height = (value: number) => Math.floor((value * to.height) / from.height);
  const width = (value: number) => Math.floor((value * to.width) / from.width);
  if (cropPercent !== undefined && crop) return cropped({ ...preprocessing, crop, cropPercent }, to);
  const target = { ...preprocessing, crop: crop && { ...crop, height: height(crop.height), width: width(crop.width) } };
  if (resize.kind === 'none') return { ...target, resize: { kind: 'exact', height: to.height, width: to.width } };
  if (resize.kind !== 'shorter-side') {
    return { ...target, resize: { ...resize, height: height(resize.height), width: width(resize.width) } };
  }
  // One number cannot say a shape; timm's non-square rule (ResizeKeepRatio, longest 0) can.
  return to.height === to.width && from.height === from.width
    ? { ...target, resize: { kind: 'shorter-side', size: height(resize.size) } }
    : { ...target, resize: { kind: 'keep-ratio', ...cover(resize.size, from, to), longest: 0 } };
}

/** timm's rule for the new size: nothing is scaled that was rounded before. */
function cropped(
  preprocessing: Preprocessing & Required<Pick<Preprocessing, 'crop' | 'cropPercent'>>,
  to: Size,
): Preprocessing {
  const { resize, cropPercent } = preprocessing;
  const [height, width] = [Math.floor(to.height / cropPercent), Math.floor(to.width / cropPercent)];
  const fed = {
    ...preprocessing,
    crop: preprocessing.crop && { ...preprocessing.crop, height: to.height, width: to.width },
  };
  if (resize.kind === 'exact' || (resize.kind === 'keep-ratio' && resize.longest === 1))
    return { ...fed, resize: { ...resize, height, width } };
  if (height === width) return { ...fed, resize: { kind: 'shorter-side', size: height } };
  // ResizeKeepRatio's default, as timm leaves it out
  return { ...fed, resize: { kind: 'keep-ratio', height, width, longest: 0 }, interpolation: 'bilinear' };
}

/** The resize target whose crop is `to`, with the margin the trained size had. */
function cover(size: number, from: Size, to: Size): Size {
  const margin = size / Math.min(from.height, from.width);
  return { height: Math.floor(to.height * margin), width: Math.floor(to.width * margin) };
}

const leavesSidesOpen = (input: PictureInput | null): boolean =>
  input !== null && input.height === null && input.width === null;
