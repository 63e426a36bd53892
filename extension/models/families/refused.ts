/** Architectures people will try that are not plain Vision Transformers: refused by their name, not by a list of tensors. */
import { ModelError } from '../../errors/modelError';
import { sentence, type Sentence } from '../../errors/sentence';
import type { Fields } from '../config/fields';
import type { Tensors } from '../config/family';

interface Refused {
  title: Sentence;
  /** timm's architecture names. */
  name?: RegExp;
  /** transformers' model_type. */
  type?: RegExp;
  /** A tensor only these have. */
  tensor?: RegExp;
}

const REFUSED: Refused[] = [
  // Transformers of another build
  { title: sentence('an MViT'), name: /^mvitv2_/i, tensor: /\.attn\.(pool_[qkv]|norm_[qkv])\./ },
  { title: sentence('a ViTamin'), name: /^vitamin_/i, tensor: /^patch_embed\.backbone\.stages\./ },
  { title: sentence('a Swin Transformer'), name: /^swin/i, type: /^(donut-|maskformer-)?swin/, tensor: /^layers\.\d+\.blocks\.\d+\.attn\.relative_position_bias_table|layers\.\d+\.(blocks\.\d+|downsample)\./ },
  { title: sentence('a SAM Vision Transformer (windows, decomposed relative positions)'), name: /^samvit_/i, type: /^sam(_hq)?(_vision_model)?$/, tensor: /\.rel_pos_[hw]$/ },
  { title: sentence('a Hiera'), name: /^(hiera|sam2_hiera|hieradet)_/i, type: /^(hiera|sam2|edgetam)/, tensor: /^(trunk\.)?blocks\.\d+\.proj\.weight$/ },
  { title: sentence('a hybrid of a convolutional network and a Vision Transformer'), name: /^vit_\w+_(r\d+_s\d+|r_s\d+\w*|resnet\w+|mci)_/i, type: /^vit_hybrid$/, tensor: /^patch_embed\.backbone\.|embeddings\.patch_embeddings\.backbone\./ },
  { title: sentence('a Vision Transformer with differential attention'), name: /^vit_dp?(wee|little)_/i, tensor: /\.lambda_(q1|a)$/ },
  { title: sentence('a NaFlex Vision Transformer with positions that keep the picture\'s shape'), name: /^naflexvit_\w+_par(fac)?_/i },
  { title: sentence('a Gemma vision encoder'), name: /^gemma\d\w*_vit_/i, type: /^(gemma3n|gemma4)/ },
  { title: sentence('a CaiT'), name: /^cait_/i, tensor: /blocks_token_only\./ },
  { title: sentence('an XCiT (attention between channels)'), name: /^xcit_/i, tensor: /\.local_mp\.conv1\./ },
  { title: sentence('a CrossViT'), name: /^crossvit_/i, tensor: /^blocks\.\d+\.fusion\./ },
  { title: sentence('a ConViT'), name: /^convit_/i, tensor: /\.attn\.gating_param$/ },
  { title: sentence('a CoaT'), name: /^coat_/i, tensor: /^(serial|parallel)_blocks\d?\./ },
  { title: sentence('a DaViT'), name: /^davit_/i, type: /^florence/, tensor: /\.channel_attn\.|\.cpe1\.proj/ },
  { title: sentence('a GC ViT'), name: /^gcvit_/i, tensor: /^stages\.\d+\.global_block\./ },
  { title: sentence('a NesT'), name: /^nest_/i, tensor: /^levels\.\d+\.transformer_encoder\./ },
  { title: sentence('a PiT'), name: /^pit_/i, tensor: /^transformers\.\d+\.(blocks|pool)\./ },
  { title: sentence('a PVT'), name: /^pvt_v2_/i, type: /^pvt/, tensor: /\.attn\.(sr|kv)\.weight$/ },
  { title: sentence('a TNT'), name: /^tnt_/i, tensor: /^pixel_embed\./ },
  { title: sentence('a Twins'), name: /^twins_/i, tensor: /^pos_block\.\d+\./ },
  { title: sentence('a VOLO'), name: /^volo_/i, tensor: /^network\.\d+\.\d+\.attn\.(attn|v)\.weight$/ },
  { title: sentence('a Visformer'), name: /^visformer_/i },
  { title: sentence('a TinyViT'), name: /^tiny_vit_/i },
  { title: sentence('a LeViT'), name: /^levit_/i, type: /^levit$/, tensor: /\.attention_biases$|\.attention_bias_idxs$/ },
  { title: sentence('an EfficientViT'), name: /^efficientvit/i },
  { title: sentence('an SHViT'), name: /^shvit/i },
  { title: sentence('a CPUBone'), name: /^cpubone/i },
  { title: sentence('a Next-ViT'), name: /^nextvit/i },
  { title: sentence('a FastViT'), name: /^fastvit/i, type: /^fast_?vit/ },
  { title: sentence('an EfficientFormer'), name: /^efficientformer/i, type: /^efficientformer/ },
  { title: sentence('a LowFormer'), name: /^lowformer/i },
  { title: sentence('an EdgeNeXt'), name: /^edgenext/i },
  { title: sentence('a SwiftFormer'), name: /^swiftformer/i, type: /^swiftformer/ },
  { title: sentence('a RepViT'), name: /^repvit/i },
  { title: sentence('a MobileViT'), name: /^mobilevit/i, type: /^mobilevit/ },
  { title: sentence('a CSATv2'), name: /^csatv2/i },
  { title: sentence('a MaxViT or CoAtNet'), name: /^(maxvit|maxxvit|coatnet|coatnext)/i, tensor: /attn_block\.rel_pos|attn_grid\./ },
  { title: sentence('a FocalNet'), name: /^focalnet_/i, type: /^focalnet$/, tensor: /\.modulation\.f\./ },
  { title: sentence('a MetaFormer (PoolFormer, ConvFormer, CAFormer)'), name: /^(poolformer|convformer|caformer)/i, type: /^poolformer$/ },
  { title: sentence('an MLP network (MLP-Mixer, gMLP, ResMLP)'), name: /^(mixer|gmixer|resmlp|gmlp)_/i, tensor: /\.mlp_tokens\.fc1\./ },
  { title: sentence('a Sequencer'), name: /^sequencer2d_/i },
  { title: sentence('a MambaOut'), name: /^(test_)?mambaout_?/i },
  // Convolutional networks
  { title: sentence('a ConvNeXt'), name: /^(test_)?(convnext|inception_next)/i, type: /convnext/, tensor: /^(stages\.\d+\.blocks\.\d+\.conv_dw|.*convnext.*\.dwconv|downsample_layers\.\d+|stages\.\d+\.\d+\.dwconv)/ },
  { title: sentence('a BotNet, HaloNet or LambdaNet'), name: /^\w*(botne|halone|lambda|haloregnet)/i },
  { title: sentence('a CSPNet or DarkNet'), name: /^(cs\w*(resne|darknet|net)|cs3|darknet|sedarknet)/i },
  { title: sentence('an NFNet'), name: /^(nf_|dm_nfnet|nfnet|eca_nfnet|test_nfnet)/i },
  { title: sentence('a TResNet'), name: /^tresnet/i },
  { title: sentence('a Res2Net or ResNeSt'), name: /^(res2ne|resnest)/i },
  { title: sentence('a DLA'), name: /^dla/i },
  { title: sentence('a RegNet'), name: /^regnet/i, type: /^regnet$/ },
  { title: sentence('a ByobNet (GENet, RepVGG, MobileOne, GCResNet)'), name: /^(gernet|repvgg|mobileone|gcresne|bat_|test_byobnet)/i },
  { title: sentence('a DPN'), name: /^dpn/i },
  { title: sentence('a DenseNet'), name: /^(densenet|rdnet)/i },
  { title: sentence('an HRNet'), name: /^hrnet/i },
  { title: sentence('a VoVNet'), name: /^(ese_|eca_)?vovnet/i },
  { title: sentence('a VGG'), name: /^vgg/i },
  { title: sentence('an Xception'), name: /^(legacy_)?xception/i },
  { title: sentence('an Inception network'), name: /^inception/i },
  { title: sentence('a NASNet'), name: /^p?nasnet/i },
  { title: sentence('a ConvMixer'), name: /^convmixer/i },
  { title: sentence('an HGNet'), name: /^hgnet/i, type: /^hgnet_v2$/ },
  { title: sentence('a StarNet'), name: /^starnet/i },
  { title: sentence('a FasterNet'), name: /^fasternet/i },
  { title: sentence('a SelecSLS'), name: /^selecsls/i },
  { title: sentence('a ResNet'), name: /^(\w*resne(t|xt)|legacy_se|senet|skresne|wide_resnet)/i, type: /^(resnet|bit|rt_detr_resnet)$/, tensor: /^layer\d\.\d+\.conv\d\.weight|resnet\.encoder\.stages/ },
  { title: sentence('a MobileNet'), name: /^\w*(mobilenet)/i, type: /^mobilenet_v\d$/ },
  { title: sentence('a GhostNet'), name: /^(ghostnet|repghostnet)/i },
  { title: sentence('a ReXNet'), name: /^rexnet/i },
  { title: sentence('an EfficientNet or a kin of it'), name: /^(\w*efficientnet|mnasnet|semnasnet|spnasnet|fbnet|(tf_)?mixnet|tinynet|hardcorenas|lcnet(v2)?)/i, type: /^(efficientnet|align_vision_model)$/, tensor: /^(conv_stem|blocks\.\d+\.\d+\.conv_pw)/ },
]; // prettier-ignore

/** Changes to a base model: what PEFT keeps beside it, which can be merged, and what stays a part of its own. */
const ADAPTERS: { title: Sentence; merges: boolean; ofAnyKind?: true; tensor: RegExp }[] = [
  { title: sentence('a LoRA adapter'), merges: true, tensor: /\.lora_(A|B|up|down|embedding_[AB]|magnitude_vector)(\.|$)/ },
  { title: sentence('an adapter'), merges: true, ofAnyKind: true, tensor: /\.(hada_w\d_[ab]|lokr_w\d(_[ab])?|ia3_l|b?oft_[rRs]|fourierft_spectrum|ln_tuning_layers|vera_lambda_[bd]|linear_[ab]_[qkv])(\.|$)|\.base_layer\./ },
  { title: sentence('trained prompts'), merges: false, tensor: /(^|\.)(deep_)?prompt_(embeddings|tokens)(\.|$)/ },
  { title: sentence('adapters inside its blocks'), merges: false, tensor: /\.(adapt(er|mlp)\w*)\.(\w+\.)*(down|up)\w*\.weight$/ },
]; // prettier-ignore

/** PEFT's own wrapper around every name, with nothing of a patch embedding inside: changes alone, of whatever kind. */
const onlyChanges = (tensors: Tensors): boolean =>
  [...tensors.keys()].every((name) => name.startsWith('base_model.model.') && !/patch|conv1\./.test(name));

function refuseAdapted(tensors: Tensors): void {
  const alone = onlyChanges(tensors);
  for (const { title, merges, ofAnyKind, tensor } of ADAPTERS) {
    const matches = (key: string) => tensor.test(key) || (alone && ofAnyKind === true);
    const [name, stored] = [...tensors].find(([key]) => matches(key)) ?? [];
    if (name === undefined || stored === undefined) continue;
    throw new ModelError(
      'unsupported',
      merges
        ? sentence(
            '{0} holds {1} ({2}), not a whole model: merge it into its base model (merge_and_unload() in PEFT) and save that.',
            stored.file,
            title,
            name,
          )
        : sentence(
            '{0} holds {1} ({2}), which no plain Vision Transformer has: export the whole model to .onnx to classify with it.',
            stored.file,
            title,
            name,
          ),
    );
  }
}

export function refuseByName(config: Fields, tensors: Tensors | null): void {
  if (tensors) refuseAdapted(tensors);
  const name = config.word('architecture').replace(/\..*/, '');
  const type = config.word('model_type');
  const found =
    REFUSED.find((row) => row.name?.test(name) || row.type?.test(type)) ??
    REFUSED.find(({ tensor }) => tensor && [...(tensors?.keys() ?? [])].some((key) => tensor.test(key)));
  if (found) throw refusal(config, found.title);
}

/** A model_type that no family claims: whatever its tensors look like, its forward pass is another one. */
export function refuseType(config: Fields): void {
  const type = config.word('model_type');
  if (type === '') return;
  throw new ModelError(
    'unsupported',
    sentence(
      '{0} says model_type "{1}", which is no Vision Transformer known here (export it to .onnx to classify with it; if it is a plain one, take model_type out).',
      config.source,
      type.slice(0, 80),
    ),
  );
}

/** The title under which a name of timm or a model_type is refused; null when it is not. */
export function refusedAs(name: string, type: string): Sentence | null {
  return REFUSED.find((row) => row.name?.test(name) || row.type?.test(type))?.title ?? null;
}

const refusal = (config: Fields, title: Sentence): ModelError =>
  new ModelError(
    'unsupported',
    sentence(
      '{0} looks like {1}; only plain Vision Transformers can be opened here (export it to .onnx to classify with it).',
      config.source,
      title,
    ),
  );
