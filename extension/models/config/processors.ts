/**
 * The image processors of transformers: what each class does with what its file leaves out.
 * https://github.com/huggingface/transformers (models/.../image_processing_*.py)
 */
import type { Interpolation } from '../../image/preprocessing';
import type { Fields } from './fields';

export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
export const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
export const CLIP = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] };

export interface ProcessorClass {
  mean: number[];
  std: number[];
  interpolation: Interpolation;
  /** Pixels; a single number in a file is the shorter side, or both sides. */
  size: number;
  shorterSide: boolean;
  /** Centre crop after it; null: none unless the file asks for it. */
  crop: number | null;
  /** A number in its file is the shorter side though its own size is a square. */
  numberIsShorter?: true;
}

const square = (size: number, crop: number | null, interpolation: Interpolation, statistics: typeof HALF) => ({
  ...statistics,
  interpolation,
  size,
  shorterSide: false,
  crop,
});
const shorter = (size: number, crop: number): ProcessorClass => ({
  ...CLIP,
  interpolation: 'bicubic',
  size,
  shorterSide: true,
  crop,
});

const CLASSES: Record<string, ProcessorClass> = {
  ViT: square(224, null, 'bilinear', HALF),
  DeiT: square(256, 224, 'bicubic', HALF),
  Beit: square(256, 224, 'bicubic', HALF),
  // the fast one does not crop
  BeitFast: square(224, null, 'bicubic', HALF),
  Siglip: { ...square(224, null, 'bicubic', HALF), numberIsShorter: true },
  DINOv3ViT: square(224, null, 'bilinear', IMAGENET),
  Blip: square(384, null, 'bicubic', CLIP),
  OwlViT: square(768, null, 'bicubic', CLIP),
  Bit: shorter(224, 224),
  CLIP: shorter(224, 224),
  ChineseCLIP: shorter(224, 224),
};

/** What a file says of its class: ViTFeatureExtractor, ViTImageProcessor, ViTImageProcessorFast; '' for nothing. */
const classOf = (processor: Fields): string =>
  processor.word('image_processor_type') || processor.word('feature_extractor_type');

/** By the names its class had over the years. */
export function processorClass(processor: Fields): ProcessorClass | undefined {
  const [, name = '', version = ''] = /^(\w+?)(?:ImageProcessor|FeatureExtractor)(\w*)$/.exec(classOf(processor)) ?? [];
  return [name + version, name].map((key) => (Object.hasOwn(CLASSES, key) ? CLASSES[key] : undefined)).find(Boolean);
}

/** The name of a class that may do something else with a picture than what is read here; null where there is none. */
export function unknownClass(processor: Fields): string | null {
  const named = classOf(processor);
  return named === '' || processorClass(processor) ? null : named;
}
