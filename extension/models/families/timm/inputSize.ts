/** The size a model of timm was trained at, from wherever its config says it. */
import type { Fields } from '../../config/fields';

type InputSize = [channels: number, height: number, width: number];

/** The config's (channels, height, width): timm writes it into pretrained_cfg. */
export const timmInputSize = (config: Fields): InputSize | undefined =>
  config.inner('pretrained_cfg').imageSize('input_size') ?? config.imageSize('input_size');

/**
 * (height, width): the argument, else the config's input, else what a grid that was read from the tensors makes with these
 * patches, else timm's default.
 */
export function timmImageSize(
  args: Fields,
  inputSize: InputSize | undefined,
  patch: readonly [height: number, width: number],
  guess: readonly [rows: number, columns: number] | undefined,
): [height: number, width: number] {
  const fed: [number, number] | undefined = inputSize && [inputSize[1], inputSize[2]];
  return args.pair('img_size') ?? fed ?? (guess && [guess[0] * patch[0], guess[1] * patch[1]]) ?? [224, 224];
}
