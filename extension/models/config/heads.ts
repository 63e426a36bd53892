/**
 * How many heads published models have: the number is in no tensor's shape, and configs do not always say it.
 * A model that timm knows by name has its own number (families/timm/variants.ts).
 */
import type { Finding } from '../../architecture/description';
import { sentence } from '../../errors/sentence';

/** Channels of one head in nearly every published model, and the default of CLIP's and T2T-ViT's code. */
export const HEAD_WIDTH = 64;

/** Heads of the published models by token length (ViT, DeiT, DINOv2, CLIP, SigLIP), the usual number first. */
const PUBLISHED_HEADS: Record<number, number[]> = {
  192: [3],
  384: [6],
  768: [12],
  1024: [16, 8],
  1152: [16],
  1280: [16],
  1408: [16],
  1536: [24, 16, 12],
  1664: [16],
  1792: [16],
};

/** Of models with tokens `dim` long; undefined where none is published. */
export const publishedHeads = (dim: number): readonly number[] | undefined => PUBLISHED_HEADS[dim];

/** The number that a model with tokens `dim` long most likely has. */
export const usualHeads = (dim: number): number =>
  PUBLISHED_HEADS[dim]?.[0] ?? (dim % HEAD_WIDTH === 0 ? dim / HEAD_WIDTH : 1);

/** The usual number, and a word that nothing said so. */
export function assumeHeads(dim: number, findings: Finding[]): number {
  const heads = usualHeads(dim);
  findings.push({
    severity: 'warning',
    code: 'assumed-heads',
    ...sentence(
      'The number of heads is nowhere in the file; {0} ({1} wide) is assumed, set it in config.json if that is wrong.',
      heads,
      dim / heads,
    ),
    subject: 'num_heads',
  });
  return heads;
}
