/** A number of heads that no published model of this token length has: no tensor shows it, so it is a warning. */
import type { Architecture, Finding } from '../architecture/description';
import { variantArguments } from './families/timm/variants';
import { evaArguments } from './families/timm/evaVariants';
import type { Fields } from './config/fields';
import { publishedHeads } from './config/heads';
import { either, sentence } from '../errors/sentence';

/** @param config whose architecture name, where it is one of timm's, says the published number */
export function oddHeads({ dim, block, tokenizer }: Architecture, config: Fields): Finding[] {
  const name = config.word('architecture');
  const named = { ...variantArguments(name), ...evaArguments(name) }['num_heads'];
  const table = publishedHeads(dim);
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
        either(known),
        block.heads,
      ),
      subject: 'num_heads',
    },
  ];
}
