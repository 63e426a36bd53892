/** YOLOS' backbone: a ViT with tokens that each look for an object, and positions before every block. transformers/models/yolos */
import { ConfigError } from '../../../errors/configError';
import type { KeyPart, Tensors } from '../../config/family';
import type { Fields } from '../../config/fields';
import { inferGrid } from '../../config/infer';
import { IMAGENET } from '../../config/preprocessing';
import { beforeFive, VIT_KEYS } from './keys';
import { VIT, type HfModel } from './model';
import { vit } from './vit';
import { sentence } from '../../../errors/sentence';

const TOKENS = 'embeddings.detection_tokens';
const TABLE = 'embeddings.position_embeddings';
const BETWEEN = 'encoder.mid_position_embeddings';

const size = (tensors: Tensors, name: string, axis: number): number => tensors.get(name)?.shape.at(axis) ?? 0;

/**
 * Its tables have the class token first, then the patches, then the detection tokens; here all tokens without a place come first.
 * `table` is the number of the table within the tensor.
 */
function tablePart(key: string, table: (i: number) => number): KeyPart[] {
  const between = (from: (count: number, detection: number) => [number, number]): KeyPart => ({
    key,
    rows: (tensors, i) => {
      const count = size(tensors, key, -2);
      const begin = table(i) * count;
      const [first, last] = from(count, size(tensors, TOKENS, -2));
      return [begin + first, begin + last];
    },
  });
  return [
    between(() => [0, 1]),
    between((count, detection) => [count - detection, count]),
    between((count, detection) => [1, count - detection]),
  ];
}

/** Its published tables are not square, so that no tensor says which shape they have. */
function assertGrid([rows, columns]: [number, number], tensors: Tensors, config: Fields): void {
  const places = size(tensors, TABLE, -2) - 1 - size(tensors, TOKENS, -2);
  if (places === rows * columns) return;
  throw new ConfigError(
    'config',
    config.source,
    sentence(
      'the table of positions is for {0} patches, not for {1} x {2}; image_size in config.json has to say which shape they make',
      places,
      rows,
      columns,
    ),
    'image_size',
  );
}

export const yolos: HfModel = {
  ...vit,
  name: 'hf-yolos',
  title: sentence("Hugging Face YOLOS' backbone"),
  types: ['yolos'],
  requires: (tensors) => tensors.has(TOKENS),
  defaults: { ...VIT, image_size: [512, 864], num_detection_tokens: 100, use_mid_position_embeddings: true },
  keys: {
    ...VIT_KEYS,
    det_token: [[TOKENS]],
    pos_embed: [tablePart(TABLE, () => 0)],
    'blocks.{i}.pos_embed': [tablePart(BETWEEN, (i) => i - 1)],
  },
  rename: beforeFive,
  ignored: [/^pooler\./, /^(class_labels_classifier|bbox_predictor)\./],
  prefix: (config, { tensors }) => ({
    class: true,
    distillation: false,
    registers: 0,
    detection: (tensors && size(tensors, TOKENS, -2)) || (config.size('num_detection_tokens', 'registers', 0) ?? 100),
  }),
  position: { table: TABLE, covers: 'all', resample: 'bicubic' },
  shown: (tensors) => {
    const detection = size(tensors, TOKENS, -2);
    const [side] = inferGrid(size(tensors, TABLE, -2), [1 + detection]) ?? [];
    const patch = size(tensors, 'embeddings.patch_embeddings.projection.weight', -1);
    return side ? { image_size: [side * patch, side * patch] } : {};
  },
  change: ({ position }, _classifies, config, { tensors, findings }) => {
    findings.push({
      severity: 'info',
      code: 'detector',
      ...sentence(
        'The model finds objects: what is shown is its backbone, without boxes and their classes, and pictures are stretched to its size instead of keeping their shape.',
      ),
    });
    if (tensors && position.kind !== 'none') assertGrid(position.grid, tensors, config);
    const eachBlock = tensors ? tensors.has(BETWEEN) : (config.flag('use_mid_position_embeddings') ?? true);
    return position.kind === 'none' ? {} : { position: { ...position, eachBlock } };
  },
  processor: { ...IMAGENET, interpolation: 'bilinear', resizeTo: null, shorterSide: false },
  // shortest and longest edge make an input of another shape for every picture
  processorFields: (processor) => processor.with({ size: null, do_pad: null, pad_size: null }),
};
