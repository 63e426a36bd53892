/** timm's pretrained_cfg and HF's preprocessor_config.json as one Preprocessing. */
import { CROP_PERCENT, MEAN_RANGE, RESCALE_RANGE, STD_RANGE } from '../../architecture/preprocessingBounds';
import { roundHalfEven } from '../../image/geometry';
import type { Interpolation, Preprocessing } from '../../image/preprocessing';
import type { Architecture, Finding } from '../../architecture/description';
import type { Fields } from './fields';
import { CLIP, HALF, IMAGENET, processorClass, unknownClass, type ProcessorClass } from './processors';
import { sentence } from '../../errors/sentence';

export { CLIP, HALF, IMAGENET };

/** timm's names; "random" stands for its training default's evaluation value. */
export const TIMM_INTERPOLATIONS: Record<string, Interpolation> = {
  nearest: 'nearest',
  bilinear: 'bilinear',
  bicubic: 'bicubic',
  box: 'box',
  hamming: 'hamming',
  lanczos: 'lanczos',
  random: 'bilinear',
};

/** PIL.Image.Resampling numbers, as HF's `resample` stores them. */
const PIL_RESAMPLING: Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

type Image = Architecture['image'];

/** timm/data/transforms_factory.py transforms_imagenet_eval. */
export function timmPreprocessing(config: Fields, image: Image, findings: Finding[]): Preprocessing {
  const inner = config.inner('pretrained_cfg');
  const cfg = inner.names().length > 0 ? inner : config;
  const { mean, std } = statistics(cfg, ['mean', 'std'], image.channels, findings);
  const cropPercent = cfg.number('crop_pct', ...CROP_PERCENT) ?? 0.875;
  const size = [Math.floor(image.height / cropPercent), Math.floor(image.width / cropPercent)] as const;
  const mode = cfg.text('crop_mode') ?? 'center';
  const resize: Preprocessing['resize'] =
    mode === 'squash'
      ? { kind: 'exact', height: size[0], width: size[1] }
      : mode === 'border'
        ? { kind: 'keep-ratio', height: size[0], width: size[1], longest: 1 }
        : size[0] === size[1]
          ? { kind: 'shorter-side', size: size[0] }
          : { kind: 'keep-ratio', height: size[0], width: size[1], longest: 0 };
  // only what stands for open_clip's transform has it (../families/openClipTransform.ts)
  const colour = cfg.size('fill_color', 255, 0);
  const fill =
    mode === 'border'
      ? mean.map((value) => colour ?? Math.min(255, Math.max(0, roundHalfEven(255 * value))))
      : [0, 0, 0];
  return {
    channels: image.channels,
    resize,
    // timm's and open_clip's own calls for sides that differ leave out the interpolation: their ResizeKeepRatio's default is taken
    interpolation:
      resize.kind === 'keep-ratio' && resize.longest === 0
        ? colour === undefined
          ? 'bilinear'
          : 'bicubic'
        : (cfg.oneOf('interpolation', TIMM_INTERPOLATIONS) ?? 'bicubic'),
    // open_clip's transform has none: at another size it resizes to that size
    ...(colour === undefined ? { cropPercent } : {}),
    crop: {
      height: image.height,
      width: image.width,
      fill: [fill[0] ?? 0, fill[1] ?? fill[0] ?? 0, fill[2] ?? fill[0] ?? 0],
    },
    rescale: 1 / 255,
    mean,
    std,
  };
}

/** Colour statistics of the right length, under the names the config has for them; when it has none, `fallback`, and a word about it. */
export function statistics(
  config: Fields | null,
  [meanName, stdName]: [mean: string, std: string],
  channels: number,
  findings: Finding[],
  fallback: { mean: number[]; std: number[] } = IMAGENET,
): { mean: number[]; std: number[] } {
  const lengths = [1, 3, channels];
  const mean = config?.numbers(meanName, lengths, ...MEAN_RANGE);
  const std = config?.numbers(stdName, lengths, ...STD_RANGE);
  if (!mean || !std) {
    findings.push({
      severity: 'warning',
      code: 'assumed-mean-std',
      ...sentence(
        'Nothing says how pixels were normalised in training; mean {0} and std {1} are assumed.',
        fallback.mean.join(', '),
        fallback.std.join(', '),
      ),
      subject: 'mean',
    });
  }
  return { mean: spread(mean ?? fallback.mean, channels), std: spread(std ?? fallback.std, channels) };
}

/** One value for every channel, as timm averages three to one for grey models. */
function spread(values: number[], channels: number): number[] {
  if (values.length === channels) return values;
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Array.from({ length: channels }, () => average);
}

/** What a processor class does when its file does not say. */
export interface HfDefaults {
  mean: number[];
  std: number[];
  interpolation: Interpolation;
  /** Resize before a centre crop; null: straight to the input size, no crop. */
  resizeTo: number | null;
  /** A single number is the shorter side (CLIP, Bit), or both sides (ViT, DeiT). */
  shorterSide: boolean;
}

/**
 * The processors of transformers: resize, centre crop, rescale, normalise. What a processor's file leaves out is its class's;
 * without a file the model's published settings are taken.
 */
export function hfPreprocessing(
  processor: Fields | null,
  image: Image,
  published: HfDefaults,
  findings: Finding[],
): Preprocessing {
  const fallback = (processor && processorClass(processor)) ?? publishedClass(published, image);
  const unknown = processor && unknownClass(processor);
  if (unknown) {
    findings.push({
      severity: 'warning',
      code: 'processor-class',
      ...sentence(
        '{0} is no image processor known here: its size, crop, mean and std are used, what else it does to a picture is not done.',
        unknown.slice(0, 80),
      ),
      subject: 'image_processor_type',
    });
  }
  const normalise = processor?.flag('do_normalize') ?? true;
  const known = processor !== null && processorClass(processor) !== undefined;
  // A class's own statistics are no assumption.
  const given = statistics(processor, ['image_mean', 'image_std'], image.channels, known ? [] : findings, fallback);
  const identity = { mean: given.mean.map(() => 0), std: given.std.map(() => 1) };
  const crops = processor?.flag('do_center_crop') ?? fallback.crop !== null;
  const cropSide = fallback.crop ?? image.height;
  const crop = crops
    ? (sizeOf(processor, 'crop_size') ?? (known ? [cropSide, cropSide] : [image.height, image.width]))
    : null;
  const index = processor?.size('resample', PIL_RESAMPLING.length - 1, 0);
  return {
    channels: image.channels,
    resize:
      (processor?.flag('do_resize') ?? true) ? hfResize(processor, image, fallback, known, findings) : { kind: 'none' },
    interpolation: (index === undefined ? undefined : PIL_RESAMPLING[index]) ?? fallback.interpolation,
    crop: crop ? { height: crop[0], width: crop[1], fill: [0, 0, 0], rounding: 'floor' } : null,
    rescale:
      (processor?.flag('do_rescale') ?? true) ? (processor?.number('rescale_factor', ...RESCALE_RANGE) ?? 1 / 255) : 1,
    ...(normalise ? given : identity),
  };
}

function publishedClass({ resizeTo, ...others }: HfDefaults, image: Image): ProcessorClass {
  return { ...others, size: resizeTo ?? image.height, crop: resizeTo === null ? null : image.height };
}

function hfResize(
  processor: Fields | null,
  image: Image,
  { size, shorterSide, numberIsShorter }: ProcessorClass,
  known: boolean,
  findings: Finding[],
): Preprocessing['resize'] {
  const both = (side: number): Preprocessing['resize'] =>
    shorterSide ? { kind: 'shorter-side', size: side } : { kind: 'exact', height: side, width: side };
  const value = processor?.get('size');
  if (value === undefined) return known || shorterSide || size !== image.height ? both(size) : exactly(image);
  if (typeof value === 'number') {
    const side = processor?.size('size', 'side') ?? value;
    return numberIsShorter ? { kind: 'shorter-side', size: side } : both(side);
  }
  if (Array.isArray(value)) {
    const [height, width] = processor?.pair('size') ?? [image.height, image.width];
    return { kind: 'exact', height, width };
  }
  const inner = processor?.inner('size');
  const shortest = inner?.size('shortest_edge', 'side');
  const longest = inner?.size('longest_edge', LONGEST_EDGE);
  if (shortest !== undefined)
    return { kind: 'shorter-side', size: shortest, ...(longest === undefined ? {} : { longest }) };
  const height = inner?.size('height', 'side');
  const width = inner?.size('width', 'side');
  if (height === undefined || width === undefined)
    findings.push({
      severity: 'warning',
      code: 'processor-size',
      ...sentence(
        'The size of the image processor has neither height and width nor shortest_edge; pictures are resized to {0}x{1}.',
        width ?? image.width,
        height ?? image.height,
      ),
      subject: 'size',
    });
  return { kind: 'exact', height: height ?? image.height, width: width ?? image.width };
}

/** Only ever makes a picture smaller. */
const LONGEST_EDGE = 1e9;

const exactly = ({ height, width }: Image): Preprocessing['resize'] => ({ kind: 'exact', height, width });

function sizeOf(processor: Fields | null, name: string): [number, number] | undefined {
  const value = processor?.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' || Array.isArray(value)) return processor?.pair(name);
  const inner = processor?.inner(name);
  const edge = inner?.size('shortest_edge', 'side');
  const height = inner?.size('height', 'side') ?? edge;
  const width = inner?.size('width', 'side') ?? edge;
  return height !== undefined && width !== undefined ? [height, width] : undefined;
}
