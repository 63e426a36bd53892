/** The models of Hugging Face transformers, in the order their tensors are asked: what is told apart by a tensor of its own comes first. */
import type { Family } from '../../config/family';
import { aimv2 } from './aimv2';
import { beit } from './beit';
import { clip } from './clip';
import { deit } from './deit';
import { dinov2, dinov2WithRegisters } from './dinov2';
import { dinov3 } from './dinov3';
import { ijepa } from './ijepa';
import { hfFamily } from './model';
import { siglip, siglip2 } from './siglip';
import { blip, mlcd, owlv2, owlvit } from './towers';
import { vit, vitMsn } from './vit';
import { yolos } from './yolos';

const MODELS = [
  dinov3,
  dinov2WithRegisters,
  dinov2,
  beit,
  deit,
  yolos,
  vit,
  vitMsn,
  ijepa,
  clip,
  mlcd,
  owlvit,
  owlv2,
  blip,
  siglip,
  siglip2,
  aimv2,
];

export const HF_FAMILIES: Family[] = MODELS.map(hfFamily);
