import { sentence, type Sentence } from '../../errors/sentence';

export interface Preset {
  id: string;
  what: Sentence;
  /** Of its weight file, rounded. */
  megabytes: number;
  /** As its page on the hub says. */
  licence: string;
}

const APACHE = 'Apache-2.0';

/** Published models that run here, offered where one is downloaded. */
export const PRESETS: Preset[] = [
  {
    id: 'timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k',
    what: sentence('ViT-Ti/16, ImageNet-1k classes, 5.7 million parameters'),
    megabytes: 23,
    licence: APACHE,
  },
  {
    id: 'timm/vit_small_patch16_224.augreg_in21k_ft_in1k',
    what: sentence('ViT-S/16, ImageNet-1k classes, 22 million parameters'),
    megabytes: 88,
    licence: APACHE,
  },
  {
    id: 'timm/vit_base_patch16_224.augreg2_in21k_ft_in1k',
    what: sentence('ViT-B/16, ImageNet-1k classes, 87 million parameters'),
    megabytes: 346,
    licence: APACHE,
  },
  {
    id: 'google/vit-base-patch16-224',
    what: sentence('ViT-B/16 as Google published it, ImageNet-1k classes'),
    megabytes: 346,
    licence: APACHE,
  },
  {
    id: 'timm/deit_small_distilled_patch16_224.fb_in1k',
    what: sentence('DeiT-S/16 with a distillation token, ImageNet-1k classes'),
    megabytes: 90,
    licence: APACHE,
  },
  {
    id: 'timm/deit3_small_patch16_224.fb_in22k_ft_in1k',
    what: sentence('DeiT-3 S/16 (layer scale), ImageNet-1k classes'),
    megabytes: 88,
    licence: APACHE,
  },
  {
    id: 'facebook/dinov2-small',
    what: sentence('DINOv2 S/14, self-supervised, features only'),
    megabytes: 88,
    licence: APACHE,
  },
  {
    id: 'facebook/dinov2-with-registers-small',
    what: sentence('DINOv2 S/14 with registers, features only'),
    megabytes: 88,
    licence: APACHE,
  },
  {
    id: 'facebook/dinov2-small-imagenet1k-1-layer',
    what: sentence('DINOv2 S/14 with a linear ImageNet-1k head'),
    megabytes: 91,
    licence: APACHE,
  },
  {
    id: 'timm/vit_small_patch16_dinov3.lvd1689m',
    what: sentence('DINOv3 S/16 with registers, features only'),
    megabytes: 86,
    licence: 'DINOv3 License',
  },
  {
    id: 'timm/vit_base_patch32_clip_224.openai_ft_in1k',
    what: sentence('CLIP ViT-B/32 fine-tuned, ImageNet-1k classes'),
    megabytes: 353,
    licence: APACHE,
  },
  {
    id: 'google/siglip-base-patch16-224',
    what: sentence('SigLIP B/16, its vision tower'),
    megabytes: 813,
    licence: APACHE,
  },
];
