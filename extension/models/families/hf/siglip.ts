/** SigLIP's vision tower (SigLIP 2 at fixed sizes has the same), and SigLIP 2 NaFlex. transformers/models/siglip, siglip2 */
import { HALF } from '../../config/preprocessing';
import { TOWER_IGNORED, TOWER_KEYS } from './keys';
import { VIT, type HfModel } from './model';
import { sentence } from '../../../errors/sentence';

export const siglip: HfModel = {
  name: 'hf-siglip',
  title: sentence('{0} vision tower', 'Hugging Face SigLIP'),
  types: ['siglip_vision_model'],
  towers: ['siglip'],
  anchor: 'embeddings.patch_embedding.weight',
  requires: (tensors) => tensors.get('embeddings.patch_embedding.weight')?.shape.length === 4,
  defaults: { ...VIT, hidden_act: 'gelu_pytorch_tanh', layer_norm_eps: 1e-6 },
  layers: 'encoder.layers.{i}.',
  keys: TOWER_KEYS,
  // SiglipForImageClassification keeps the pooling head's weights and pools without them.
  ignored: [...TOWER_IGNORED, /^head\./],
  prefix: () => ({ class: false, distillation: false, registers: 0 }),
  position: { table: 'embeddings.position_embedding.weight', covers: 'patches', resample: 'bicubic' },
  pool: (classifies, config) => (classifies || config.flag('vision_use_head') === false ? 'avg' : 'map'),
  processor: { ...HALF, interpolation: 'bicubic', resizeTo: null, shorterSide: false },
};

/** Pictures of any shape: patches come flattened, row by row with the channels last, and the square table is resampled. */
export const siglip2: HfModel = {
  ...siglip,
  name: 'hf-siglip2',
  title: sentence('{0} vision tower', 'Hugging Face SigLIP 2 NaFlex'),
  types: ['siglip2_vision_model'],
  towers: ['siglip2'],
  requires: (tensors) => tensors.get('embeddings.patch_embedding.weight')?.shape.length === 2,
  defaults: { ...siglip.defaults, num_patches: 256 },
  keys: {
    'patch_embed.proj.weight': [[{ key: 'embeddings.patch_embedding.weight', axes: [0, 3, 1, 2] }]],
    ...TOWER_KEYS,
  },
  position: { table: 'embeddings.position_embedding.weight', covers: 'patches', resample: 'bilinear-antialias' },
  shown: (tensors) => {
    const values = tensors.get('embeddings.patch_embedding.weight')?.shape[1] ?? 768;
    const patch = Math.round(Math.sqrt(values / 3));
    return { num_channels: 3, patch_size: patch };
  },
  change: ({ image, tokenizer, position }, _classifies, config, { tensors, findings }) => {
    if (tokenizer.kind !== 'patch' || position.kind === 'none') return {};
    const table = tensors?.get('embeddings.position_embedding.weight')?.shape[0];
    const side = Math.floor(Math.sqrt(table ?? config.size('num_patches', 'positions') ?? 256));
    findings.push({
      severity: 'info',
      code: 'naflex-size',
      ...sentence(
        'Pictures are fed as squares of {0} by {0} patches; NaFlex keeps their shape: choose an input size of that shape to see the same.',
        side,
      ),
      subject: 'num_patches',
    });
    const [height, width] = tokenizer.patch;
    return {
      image: { ...image, height: side * height, width: side * width },
      position: { ...position, grid: [side, side] },
    };
  },
};
