/** Architectures people will try that are not plain Vision Transformers: refused by their name, not by a list of tensors. */
import { ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';
import type { Fields } from './fields';
import type { Tensors } from './family';

interface Refused {
  title: string;
  /** timm's architecture names. */
  name?: RegExp;
  /** transformers' model_type. */
  type?: RegExp;
  /** A tensor only these have. */
  tensor?: RegExp;
}

const REFUSED: Refused[] = [
  // Transformers of another build
  { title: 'an MViT', name: /^mvitv2_/i, tensor: /\.attn\.(pool_[qkv]|norm_[qkv])\./ },
  { title: 'a ViTamin', name: /^vitamin_/i, tensor: /^patch_embed\.backbone\.stages\./ },
  { title: 'a Swin Transformer', name: /^swin/i, type: /^(donut-|maskformer-)?swin/, tensor: /^layers\.\d+\.blocks\.\d+\.attn\.relative_position_bias_table|layers\.\d+\.(blocks\.\d+|downsample)\./ },
  { title: 'a SAM Vision Transformer (windows, decomposed relative positions)', name: /^samvit_/i, type: /^sam(_hq)?(_vision_model)?$/, tensor: /\.rel_pos_[hw]$/ },
  { title: 'a Hiera', name: /^(hiera|sam2_hiera|hieradet)_/i, type: /^(hiera|sam2|edgetam)/, tensor: /^(trunk\.)?blocks\.\d+\.proj\.weight$/ },
  { title: 'a hybrid of a convolutional network and a Vision Transformer', name: /^vit_\w+_(r\d+_s\d+|r_s\d+\w*|resnet\w+|mci)_/i, type: /^vit_hybrid$/, tensor: /^patch_embed\.backbone\.|embeddings\.patch_embeddings\.backbone\./ },
  { title: 'a Vision Transformer with differential attention', name: /^vit_dp?(wee|little)_/i, tensor: /\.lambda_(q1|a)$/ },
  { title: 'a NaFlex Vision Transformer of timm', name: /^naflexvit_/i },
  { title: 'a Gemma vision encoder', name: /^gemma\d\w*_vit_/i, type: /^(gemma3n|gemma4)/ },
  { title: 'a CaiT', name: /^cait_/i, tensor: /blocks_token_only\./ },
  { title: 'an XCiT (attention between channels)', name: /^xcit_/i, tensor: /\.local_mp\.conv1\./ },
  { title: 'a CrossViT', name: /^crossvit_/i, tensor: /^blocks\.\d+\.fusion\./ },
  { title: 'a ConViT', name: /^convit_/i, tensor: /\.attn\.gating_param$/ },
  { title: 'a CoaT', name: /^coat_/i, tensor: /^(serial|parallel)_blocks\d?\./ },
  { title: 'a DaViT', name: /^davit_/i, type: /^florence/, tensor: /\.channel_attn\.|\.cpe1\.proj/ },
  { title: 'a GC ViT', name: /^gcvit_/i, tensor: /^stages\.\d+\.global_block\./ },
  { title: 'a NesT', name: /^nest_/i, tensor: /^levels\.\d+\.transformer_encoder\./ },
  { title: 'a PiT', name: /^pit_/i, tensor: /^transformers\.\d+\.(blocks|pool)\./ },
  { title: 'a PVT', name: /^pvt_v2_/i, type: /^pvt/, tensor: /\.attn\.(sr|kv)\.weight$/ },
  { title: 'a TNT', name: /^tnt_/i, tensor: /^pixel_embed\./ },
  { title: 'a Twins', name: /^twins_/i, tensor: /^pos_block\.\d+\./ },
  { title: 'a VOLO', name: /^volo_/i, tensor: /^network\.\d+\.\d+\.attn\.(attn|v)\.weight$/ },
  { title: 'a Visformer', name: /^visformer_/i },
  { title: 'a TinyViT', name: /^tiny_vit_/i },
  { title: 'a LeViT', name: /^levit_/i, type: /^levit$/, tensor: /\.attention_biases$|\.attention_bias_idxs$/ },
  { title: 'an EfficientViT', name: /^efficientvit/i },
  { title: 'an SHViT', name: /^shvit/i },
  { title: 'a CPUBone', name: /^cpubone/i },
  { title: 'a Next-ViT', name: /^nextvit/i },
  { title: 'a FastViT', name: /^fastvit/i, type: /^fast_?vit/ },
  { title: 'an EfficientFormer', name: /^efficientformer/i, type: /^efficientformer/ },
  { title: 'an EdgeNeXt', name: /^edgenext/i },
  { title: 'a SwiftFormer', name: /^swiftformer/i, type: /^swiftformer/ },
  { title: 'a RepViT', name: /^repvit/i },
  { title: 'a MobileViT', name: /^mobilevit/i, type: /^mobilevit/ },
  { title: 'a CSATv2', name: /^csatv2/i },
  { title: 'a MaxViT or CoAtNet', name: /^(maxvit|maxxvit|coatnet|coatnext)/i, tensor: /attn_block\.rel_pos|attn_grid\./ },
  { title: 'a FocalNet', name: /^focalnet_/i, type: /^focalnet$/, tensor: /\.modulation\.f\./ },
  { title: 'a MetaFormer (PoolFormer, ConvFormer, CAFormer)', name: /^(poolformer|convformer|caformer)/i, type: /^poolformer$/ },
  { title: 'an MLP network (MLP-Mixer, gMLP, ResMLP)', name: /^(mixer|gmixer|resmlp|gmlp)_/i, tensor: /\.mlp_tokens\.fc1\./ },
  { title: 'a Sequencer', name: /^sequencer2d_/i },
  { title: 'a MambaOut', name: /^(test_)?mambaout_?/i },
  // Convolutional networks
  { title: 'a ConvNeXt', name: /^(test_)?(convnext|inception_next)/i, type: /convnext/, tensor: /^(stages\.\d+\.blocks\.\d+\.conv_dw|.*convnext.*\.dwconv|downsample_layers\.\d+|stages\.\d+\.\d+\.dwconv)/ },
  { title: 'a BotNet, HaloNet or LambdaNet', name: /^\w*(botne|halo\w*ne|lambda|haloregnet)/i },
  { title: 'a CSPNet or DarkNet', name: /^(cs\w*(resne|darknet|net)|cs3|darknet|sedarknet)/i },
  { title: 'an NFNet', name: /^(nf_|dm_nfnet|nfnet|eca_nfnet|test_nfnet)/i },
  { title: 'a TResNet', name: /^tresnet/i },
  { title: 'a Res2Net or ResNeSt', name: /^(res2ne|resnest)/i },
  { title: 'a DLA', name: /^dla/i },
  { title: 'a RegNet', name: /^regnet/i, type: /^regnet$/ },
  { title: 'a ByobNet (GENet, RepVGG, MobileOne, GCResNet)', name: /^(gernet|repvgg|mobileone|gcresne|bat_|test_byobnet)/i },
  { title: 'a DPN', name: /^dpn/i },
  { title: 'a DenseNet', name: /^(densenet|rdnet)/i },
  { title: 'an HRNet', name: /^hrnet/i },
  { title: 'a VoVNet', name: /^(ese_|eca_)?vovnet/i },
  { title: 'a VGG', name: /^vgg/i },
  { title: 'an Xception', name: /^(legacy_)?xception/i },
  { title: 'an Inception network', name: /^inception/i },
  { title: 'a NASNet', name: /^p?nasnet/i },
  { title: 'a ConvMixer', name: /^convmixer/i },
  { title: 'an HGNet', name: /^hgnet/i, type: /^hgnet_v2$/ },
  { title: 'a StarNet', name: /^starnet/i },
  { title: 'a FasterNet', name: /^fasternet/i },
  { title: 'a SelecSLS', name: /^selecsls/i },
  { title: 'a ResNet', name: /^(\w*resne(t|xt)|legacy_se|senet|skresne|wide_resnet)/i, type: /^(resnet|bit|rt_detr_resnet)$/, tensor: /^layer\d\.\d+\.conv\d\.weight|resnet\.encoder\.stages/ },
  { title: 'a MobileNet', name: /^\w*(mobilenet)/i, type: /^mobilenet_v\d$/ },
  { title: 'a GhostNet', name: /^(ghostnet|repghostnet)/i },
  { title: 'a ReXNet', name: /^rexnet/i },
  { title: 'an EfficientNet or a kin of it', name: /^(\w*efficientnet|mnasnet|semnasnet|spnasnet|fbnet|(tf_)?mixnet|tinynet|hardcorenas|lcnet)/i, type: /^(efficientnet|align_vision_model)$/, tensor: /^(conv_stem|blocks\.\d+\.\d+\.conv_pw)/ },
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
export function refusedAs(name: string, type: string): string | null {
  return REFUSED.find((row) => row.name?.test(name) || row.type?.test(type))?.title ?? null;
}

const refusal = (config: Fields, title: string): ModelError =>
  new ModelError(
    'unsupported',
    sentence(
      '{0} looks like {1}; only plain Vision Transformers can be opened here (export it to .onnx to classify with it).',
      config.source,
      title,
    ),
  );
