/** What open_clip does to a picture (src/open_clip/transform.py, image_transform), as timm's pretrained_cfg. https://github.com/mlfoundations/open_clip */
import { MEAN_RANGE, STD_RANGE } from '../../architecture/preprocessingBounds';
import type { Fields } from '../config/fields';
import { CLIP } from '../config/preprocessing';

/** timm's crop_mode for open_clip's resize_mode. */
const MODES: Record<string, string> = { squash: 'squash', longest: 'border', shortest: 'center' };

export function openClipTransform(config: Fields): Record<string, unknown> {
  const given = config.inner('preprocess_cfg');
  return {
    mean: given.numbers('mean', [1, 3], ...MEAN_RANGE) ?? CLIP.mean,
    std: given.numbers('std', [1, 3], ...STD_RANGE) ?? CLIP.std,
    // whatever is not bilinear there is bicubic
    interpolation: given.text('interpolation') === 'bilinear' ? 'bilinear' : 'bicubic',
    // to the size itself, and nothing is cropped away
    crop_pct: 1,
    crop_mode: given.oneOf('resize_mode', MODES) ?? 'center',
    fill_color: given.size('fill_color', 255, 0) ?? 0,
  };
}
