/** Parts of training checkpoints that no forward pass of the model reads: a warning names them, and the model runs. */
import type { Finding } from '../architecture/description';
import type { Outside } from './families/names';
import { sentence, type Argument, type Sentence } from '../errors/sentence';

const UNREAD: { what: Sentence; name: RegExp }[] = [
  { what: sentence('a pre-training decoder'), name: /^(decoder|decode_head|decoder_\w+|pixel_decoder|decoder_pos_embed)(\.|$)/ },
  { what: sentence('a mask token'), name: /(^|\.)mask_token$/ },
  { what: sentence('a projection head'), name: /^((dino|ibot|mlp|contrastive)_head|head\.(mlp|last_layer|layers|projection)|head_?(moco|dino)|project(or|ion)\w*|proj_head|predict(or|ion)\w*|prototypes|queue\w*|center)(\.|$)/ },
  { what: sentence('the other tower of a pair'), name: /^(text|text_model|text_tower|transformer|token_embedding|ln_final|language_model\w*|(text|visual)_projection|logit_(scale|bias)|positional_embedding|text_projection)(\.|$)/ },
  { what: sentence('training state'), name: /^(optimizer|(lr_)?scheduler|scaler|loss\w*|criterion|epoch|step|global_step|num_updates|n_averaged|lr|iter(ation)?|best_\w+|(train|val|valid|test)_\w+|metrics?)(\.|$)|\.(num_batches_tracked|_extra_state|total_ops|total_params|position_ids)$|^(total_ops|total_params|position_ids)$/ },
  { what: sentence('further heads'), name: /^(\w*heads?\w*|\w*classifiers?\w*|fc\d*|neck|aux\w*|pooler|last_layer)\./ },
]; // prettier-ignore

const BESIDE = { beside: sentence('parts beside the encoder'), copy: sentence('another copy of the model') };

/** Splits what is left of a file into findings about parts that are known, and names that are not. */
export function unreadParts(leftover: string[], outside: Outside): { findings: Finding[]; rest: string[] } {
  const parts = new Map<Sentence, string[]>();
  const rest: string[] = [];
  for (const name of leftover) {
    const where = outside.get(name);
    const known = where === 'copy' ? undefined : UNREAD.find((part) => part.name.test(name))?.what;
    const what = known ?? (where && BESIDE[where]);
    if (what === undefined) rest.push(name);
    else parts.set(what, [...(parts.get(what) ?? []), name]);
  }
  const findings = [...parts].map(([what, names]): Finding => ({
    severity: 'warning',
    code: 'unread-tensors',
    ...sentence('The file also holds {0}, which is not read: {1}.', what, listed(names)),
  }));
  return { findings, rest };
}

/** A few names and how many more. */
export function listed(names: string[]): Argument {
  return names.length > 4 ? sentence('{0} and {1} more', names.slice(0, 3), names.length - 3) : names;
}
