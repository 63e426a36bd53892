/** The size a model of timm was trained at, from wherever its config says it. */
import { ConfigError } from '../../../errors/configError';
import { sentence } from '../../../errors/sentence';
import type { Fields } from '../../config/fields';

type InputSize = [channels: number, height: number, width: number];

/** The config's (channels, height, width): timm writes it into pretrained_cfg. */
export const timmInputSize = (config: Fields): InputSize | undefined =>
  config.inner('pretrained_cfg').imageSize('input_size') ?? config.imageSize('input_size');

/** Models whose functions in timm say img_size themselves: pretrained_cfg does not change it then. */
const SIZED = /^(eva02_|beit_\w+_(384|512)|beit3_giant_patch14_336|vit_\w+_rope_reg\d_gap_)/;

/**
 * (height, width): the argument, else the config's input, else what a grid that was read from the tensors makes with these
 * patches, else timm's default. timm makes a model of a fixed size for the input of pretrained_cfg, whatever its name says
 * (timm/models/_builder.py, _update_default_model_kwargs; transformers' wrapper does not), and feeds that input to one of any size. An
 * img_size of the file's own is preferred to both.
 */
export function timmImageSize(
  config: Fields,
  args: Fields,
  patch: readonly [height: number, width: number],
  guess: readonly [rows: number, columns: number] | undefined,
): [height: number, width: number] {
  const inputSize = timmInputSize(config);
  const fed: [number, number] | undefined = inputSize && [inputSize[1], inputSize[2]];
  const own = config.inner('model_args').pair('img_size') ?? config.pair('img_size');
  const fixed =
    config.inner('pretrained_cfg').flag('fixed_input_size') === true &&
    config.word('model_type') !== 'timm_wrapper' &&
    !SIZED.test(config.word('architecture'));
  const asFed = fixed || args.flag('dynamic_img_size') ? fed : undefined;
  return (
    own ?? asFed ?? args.pair('img_size') ?? fed ?? (guess && [guess[0] * patch[0], guess[1] * patch[1]]) ?? [224, 224]
  );
}

/** timm fills up a picture whose sides are no multiple of the patch's, where this is set. */
export function refusePadding(args: Fields, config: Fields, size: readonly number[], patch: readonly number[]): void {
  if (!args.flag('dynamic_img_pad') || size.every((side, i) => side % patch[i]! === 0)) return;
  throw new ConfigError('unsupported', config.source, sentence('dynamic_img_pad is not supported'), 'dynamic_img_pad');
}
