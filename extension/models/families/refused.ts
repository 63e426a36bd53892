/** Architectures people will try that are not plain Vision Transformers: refused by their name, not by a list of tensors. */
import { ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';
import type { Fields } from './fields';
import type { Tensors } from './family';

const REFUSED: { title: string; config: RegExp; tensor: RegExp }[] = [
  { title: 'a Swin Transformer', config: /swin/i, tensor: /^layers\.\d+\.blocks\.\d+\.attn\.relative_position_bias_table|layers\.\d+\.(blocks\.\d+|downsample)\./ },
  { title: 'a ConvNeXt', config: /convnext/i, tensor: /^(stages\.\d+\.blocks\.\d+\.conv_dw|.*convnext.*\.dwconv|downsample_layers\.\d+|stages\.\d+\.\d+\.dwconv)/ },
  { title: 'a SAM Vision Transformer (windows, decomposed relative positions)', config: /^samvit_/i, tensor: /\.rel_pos_[hw]$/ },
  { title: 'a hybrid of a convolutional network and a Vision Transformer', config: /^vit_\w+_(r\d+_s\d+|resnet\w+)_/i, tensor: /^patch_embed\.backbone\./ },
  { title: 'a Vision Transformer with differential attention', config: /^vit_dp?(wee|little)_/i, tensor: /\.lambda_(q1|a)$/ },
  { title: 'an AIMv2 of transformers (attention pooling of its own)', config: /^aimv2(_vision_model)?$/i, tensor: /^(vision_model\.)?embeddings\.rms_norm\.weight$/ },
  { title: 'a CaiT', config: /^cait/i, tensor: /blocks_token_only\./ },
  { title: 'a MaxViT or CoAtNet', config: /maxvit|maxxvit|coatnet/i, tensor: /attn_block\.rel_pos/ },
  { title: 'a ResNet', config: /^(resnet|resnext|wide_resnet)/i, tensor: /^layer\d\.\d+\.conv\d\.weight|resnet\.encoder\.stages/ },
  { title: 'an EfficientNet', config: /efficientnet/i, tensor: /^(conv_stem|blocks\.\d+\.\d+\.conv_pw)/ },
  { title: 'a T2T-ViT with Performer token stages', config: /^t2t_vit_(7|10|12|14|19|24)$/i, tensor: /tokens_to_token\.attention\d\.(kqv|w)\b/ },
]; // prettier-ignore

/** Changes to a base model that is not in the file: PEFT's and the kinds it merges likewise. */
const ADAPTER =
  /\.(lora_(A|B|up|down|embedding_[AB])|hada_w\d_[ab]|lokr_w\d|ia3_l|oft_r|vera_lambda_[bd])(\.|$)|\.base_layer\./;

export function refuseByName(config: Fields, tensors: Tensors | null): void {
  const adapted = tensors && [...tensors.keys()].find((key) => ADAPTER.test(key));
  if (adapted) {
    throw new ModelError(
      'unsupported',
      sentence(
        '{0} holds a LoRA adapter ({1}), not a whole model: merge it into its base model (merge_and_unload() in PEFT) and save that.',
        config.source,
        adapted,
      ),
    );
  }
  const named = [config.word('architecture'), config.word('model_type')];
  for (const { title, config: pattern, tensor } of REFUSED) {
    const byName = named.some((value) => pattern.test(value)) && !tensors;
    const byTensor = tensors && [...tensors.keys()].some((key) => tensor.test(key));
    if (byName || byTensor) {
      throw new ModelError(
        'unsupported',
        `${config.source} looks like ${title}; only plain Vision Transformers can be opened here (export it to .onnx to classify with it).`,
      );
    }
  }
}
