/** A number of heads that no published model of this token length has: no tensor shows it, so it is a warning. */
import type { Architecture, Finding } from '../architecture/description';
import { variantArguments } from './families/timm-variants';
import { evaArguments } from './families/timm/evaVariants';
import type { Fields } from './families/fields';
import { sentence } from '../errors/sentence';

/** Heads of the published models by token length (ViT, DeiT, DINOv2, CLIP, SigLIP: nearly always 64 wide). */
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
};

/** @param config whose architecture name, where it is one of timm's, says the published number */
export function oddHeads({ dim, block, tokenizer }: Architecture, config: Fields): Finding[] {
  const name = config.word('architecture');
  const named = { ...variantArguments(name), ...evaArguments(name) }['num_heads'];
  const table = PUBLISHED_HEADS[dim];
  const known = table && typeof named === 'number' ? [named] : table;
  // The articles' models and T2T-ViT have head counts of their own, and so has whoever chose another width for the MLP:
  // the published ones of these lengths all have four times the token's.
  const published = tokenizer.kind === 'patch' && !block.valueSkip && block.mlpHidden === 4 * dim;
  if (!known || known.includes(block.heads) || !published) return [];
  return [
    {
      severity: 'warning',
      code: 'odd-heads',
      ...sentence(
        'Tokens {0} long are published with {1} heads, here there are {2}: the number is in no tensor, so check it in config.json if the predictions are wrong.',
        dim,
        known.join(' or '),
        block.heads,
      ),
      subject: 'num_heads',
    },
  ];
}
