/** Tensor names as they were before training wrappers, chunking and the like put something around them. */
import type { StoredTensor } from '../files/safetensors';
import type { Tensors } from '../config/family';

export interface Named {
  tensors: Map<string, StoredTensor>;
  /** What stood before every name of the model: "module.backbone."; '' when nothing did. */
  prefix: string;
  /** Names, as in `tensors`, of what stands outside that prefix and may not be part of the model: beside it, or in another copy of it. */
  outside: Outside;
}

export type Outside = ReadonlyMap<string, 'beside' | 'copy'>;

/** A copy that evaluation does not use, where another one is there. */
const TRAINED_ONLY = /(^|[._])(student|momentum\w*|target\w*|online_target|encoder_k)\./;
/** The moving average of the weights, which evaluation uses (timm's load_checkpoint: use_ema). */
const AVERAGED = /(^|[._])(ema|ema_model|\w*_ema|swa_model|averaged_model)\./;

/** What torch.compile, FSDP, activation checkpointing and DeepSpeed put around any module, the inner ones too. */
const AROUND_MODULES = /(^|\.)(?:(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)\.)+/g;

/** Every way to read the file as a model with that anchor tensor, the likeliest first. */
export function unwrapped(whole: Tensors, anchor: string): Named[] {
  const stored = new Map([...whole].map(([name, tensor]) => [name.replace(AROUND_MODULES, '$1'), tensor]));
  const prefixes = [...stored.keys()]
    .filter((name) => name === anchor || name.endsWith(`.${anchor}`))
    .map((name) => name.slice(0, name.length - anchor.length));
  const named = prefixes.map((prefix) => strip(stored, prefix, prefixes));
  const own = ({ tensors, outside }: Named): number => tensors.size - outside.size;
  const largest = Math.max(0, ...named.map(own));
  const rank = (model: Named): number => {
    if (TRAINED_ONLY.test(model.prefix)) return 3;
    if (model.prefix === '') return 0;
    if (AVERAGED.test(model.prefix)) return 2 * own(model) > largest ? 1 : 4;
    return 2;
  };
  return named.sort((a, b) => rank(a) - rank(b));
}

/** The prefix goes from every name; where only its beginning stands (a head beside the body), that goes. */
function strip(stored: Tensors, prefix: string, prefixes: string[]): Named {
  const segments = prefix.split('.').slice(0, -1);
  const tensors = new Map<string, StoredTensor>();
  const outside = new Map<string, 'beside' | 'copy'>();
  const copies = prefixes.filter((other) => other !== prefix && !prefix.startsWith(other));
  const inCopy = (name: string): boolean => copies.some((other) => name.startsWith(other));
  for (const [name, tensor] of stored) {
    if (!name.startsWith(prefix)) continue;
    tensors.set(name.slice(prefix.length), tensor);
    if (inCopy(name)) outside.set(name.slice(prefix.length), 'copy');
  }
  const lists = new Set([...tensors.keys()].map(listOf));
  lists.delete('');
  for (const [name, tensor] of stored) {
    if (name.startsWith(prefix)) continue;
    if (inCopy(name)) {
      tensors.set(name, tensor);
      outside.set(name, 'copy');
      continue;
    }
    let rest = name;
    for (const segment of segments) if (rest.startsWith(`${segment}.`)) rest = rest.slice(segment.length + 1);
    const free = tensors.has(rest) ? name : rest;
    // Both towers of CLIP have a positional_embedding and layers; the model's own are those under the prefix.
    if (tensors.has(free) || lists.has(listOf(free))) continue;
    tensors.set(free, tensor);
    outside.set(free, 'beside');
  }
  return { prefix, tensors: plainNames(tensors), outside };
}

/** What stands before the first number of a name: the list of layers it is in; '' when it is in none. */
const listOf = (name: string): string => /^(.*?\.)\d+\./.exec(name)?.[1] ?? '';

/** Names that say where a tensor stood in a container, without the container. */
function plainNames(tensors: Map<string, StoredTensor>): Map<string, StoredTensor> {
  const renamed = new Map([...unchunked([...tensors.keys()]), ...soleLinears([...tensors.keys()])]);
  if (renamed.size === 0) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [renamed.get(name) ?? name, tensor]));
}

/** DINOv2's training keeps blocks in chunks: blocks.{chunk}.{block}.*, blocks counted through or from 0 in each chunk. */
function* unchunked(names: string[]): Iterable<[string, string]> {
  const chunked = /^blocks\.(\d{1,4})\.(\d{1,4})\.(.+)$/;
  const places = new Map<string, [chunk: number, block: number]>();
  for (const name of names) {
    if (!name.startsWith('blocks.')) continue;
    const [, chunk, block] = chunked.exec(name) ?? [];
    if (chunk === undefined || block === undefined) return;
    places.set(`${chunk}.${block}`, [Number(chunk), Number(block)]);
  }
  const ordered = [...places].sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1]);
  const throughout = new Set(ordered.map(([, [, block]]) => block)).size === ordered.length;
  const index = new Map(ordered.map(([place, [, block]], i) => [place, throughout ? block : i]));
  for (const name of names) {
    const [, chunk, block, rest] = chunked.exec(name) ?? [];
    if (rest !== undefined) yield [name, `blocks.${index.get(`${chunk}.${block}`)}.${rest}`];
  }
}

/** A head that is a list with one linear layer in it (after a dropout): head.1.weight. */
function* soleLinears(names: string[]): Iterable<[string, string]> {
  for (const base of ['head', 'classifier']) {
    const own = names.filter((name) => name.startsWith(`${base}.`));
    const places = own.map((name) => new RegExp(`^${base}\\.(\\d{1,3}|fc|linear)\\.(weight|bias)$`).exec(name));
    if (own.length > 2 || new Set(places.map((place) => place?.[1])).size !== 1) continue;
    for (const place of places) if (place) yield [place[0], `${base}.${place[2]}`];
  }
}
