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
  Siglip: square(224, null, 'bicubic', HALF),
  DINOv3ViT: square(224, null, 'bilinear', IMAGENET),
  Blip: square(384, null, 'bicubic', CLIP),
  OwlViT: square(768, null, 'bicubic', CLIP),
  Bit: shorter(224, 224),
  CLIP: shorter(224, 224),
  ChineseCLIP: shorter(224, 224),
};

/** By the names its class had over the years: ViTFeatureExtractor, ViTImageProcessor, ViTImageProcessorFast. */
export function processorClass(processor: Fields): ProcessorClass | undefined {
  const named = processor.word('image_processor_type') || processor.word('feature_extractor_type');
  const [, name = ''] = /^(\w+?)(?:ImageProcessor|FeatureExtractor)\w*$/.exec(named) ?? [];
  return Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
}
