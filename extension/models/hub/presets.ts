import { sentence, type Sentence } from '../../errors/sentence';

/** Published models that run here, offered where one is downloaded. */
export const PRESETS: { id: string; what: Sentence }[] = [
  {
    id: 'timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k',
    what: sentence('ViT-Ti/16, ImageNet-1k classes, 5.7 million parameters'),
  },
  {
    id: 'timm/vit_small_patch16_224.augreg_in21k_ft_in1k',
    what: sentence('ViT-S/16, ImageNet-1k classes, 22 million parameters'),
  },
  {
    id: 'timm/vit_base_patch16_224.augreg2_in21k_ft_in1k',
    what: sentence('ViT-B/16, ImageNet-1k classes, 87 million parameters'),
  },
  { id: 'google/vit-base-patch16-224', what: sentence('ViT-B/16 as Google published it, ImageNet-1k classes') },
  {
    id: 'timm/deit_small_distilled_patch16_224.fb_in1k',
    what: sentence('DeiT-S/16 with a distillation token, ImageNet-1k classes'),
  },
  {
    id: 'timm/deit3_small_patch16_224.fb_in22k_ft_in1k',
    what: sentence('DeiT-3 S/16 (layer scale), ImageNet-1k classes'),
  },
  { id: 'facebook/dinov2-small', what: sentence('DINOv2 S/14, self-supervised, features only') },
  { id: 'facebook/dinov2-with-registers-small', what: sentence('DINOv2 S/14 with registers, features only') },
  { id: 'facebook/dinov2-small-imagenet1k-1-layer', what: sentence('DINOv2 S/14 with a linear ImageNet-1k head') },
  {
    id: 'timm/vit_base_patch32_clip_224.openai_ft_in1k',
    what: sentence('CLIP ViT-B/32 fine-tuned, ImageNet-1k classes'),
  },
  { id: 'google/siglip-base-patch16-224', what: sentence('SigLIP B/16, its vision tower') },
];
