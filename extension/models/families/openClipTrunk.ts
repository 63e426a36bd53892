/** A timm model inside open_clip: its config names it, and timm's own fields follow. https://github.com/mlfoundations/open_clip (timm_model.py) */
import type { Fields } from '../config/fields';
import { openClipTransform } from './openClipTransform';
import { HEAD_IS_PROJECTION } from './timm/projection';

/** The config as timm would have written it; as it is where open_clip's names no model of timm. */
export function asTimmConfig(config: Fields): Fields {
  const model = config.holdsObject('model_cfg') ? config.inner('model_cfg') : config;
  if (config.has('architecture') || !model.holdsObject('vision_cfg')) return config;
  const vision = model.inner('vision_cfg');
  const name = vision.word('timm_model_name');
  if (name === '') return config;
  const [height, width] = vision.pair('image_size') ?? [224, 224];
  const pool = vision.word('timm_pool');
  return config.with({
    architecture: name,
    num_classes: 0,
    // without a projection of open_clip's own, the trunk's head is it
    [HEAD_IS_PROJECTION]: !vision.has('timm_proj') || vision.word('timm_proj') === '',
    ...(/^(token|avg|map|max|avgmax)$/.test(pool) ? { global_pool: pool } : {}),
    pretrained_cfg: { input_size: [3, height, width], ...openClipTransform(config) },
  });
}
