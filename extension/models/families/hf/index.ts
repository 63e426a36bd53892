/** The models of Hugging Face transformers, in the order their tensors are asked: what is told apart by a tensor of its own comes first. */
import type { Family } from '../family';
import { clip } from './clip';
import { deit } from './deit';
import { dinov2, dinov2WithRegisters } from './dinov2';
import { hfFamily } from './model';
import { siglip } from './siglip';
import { vit } from './vit';

export const HF_FAMILIES: Family[] = [dinov2WithRegisters, dinov2, deit, vit, clip, siglip].map(hfFamily);
