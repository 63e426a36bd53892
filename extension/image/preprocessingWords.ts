import { sentence, type Sentence } from '../errors/sentence';
import type { Preprocessing } from './preprocessing';

/** What is done to a picture before a model sees it, in the order it is done, as one line. */
export function inWords({ channels, resize, interpolation, crop, rescale, mean, std }: Preprocessing): Sentence {
  const parts = [
    ...(channels === 1 ? [sentence('grey')] : []),
    resizeInWords(resize, interpolation),
    ...(crop ? [sentence('centre crop {0} × {1}', crop.width, crop.height)] : []),
    ...(rescale === 1 ? [] : [Math.abs(rescale * 255 - 1) < 1e-9 ? sentence('/ 255') : sentence('× {0}', rescale)]),
    sentence('mean {0}, std {1}', once(mean), once(std)),
  ];
  return sentence('{0}', parts);
}

function resizeInWords(resize: Preprocessing['resize'], interpolation: string): Sentence {
  switch (resize.kind) {
    case 'none':
      return sentence('no resize');
    case 'exact':
      return sentence('resize to {0} × {1} ({2})', resize.width, resize.height, interpolation);
    case 'keep-ratio':
      return sentence('fit to {0} × {1} ({2})', resize.width, resize.height, interpolation);
    case 'shorter-side':
      return sentence('shorter side to {0} ({1})', resize.size, interpolation);
  }
}

/** A number that holds for every channel once. */
const once = (values: number[]): string => (new Set(values).size === 1 ? String(values[0]) : values.join(' '));
