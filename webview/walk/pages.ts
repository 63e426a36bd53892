/** The walk-through's pages, made from the steps a model has: one page for the steps the articles explain together. */
import * as l10n from '@vscode/l10n';
import type { Step } from '../../extension/engine/requests';
import type { Architecture } from '../../extension/architecture/description';
import type { Scores } from '../../extension/architecture/scores';
import { withoutLayer } from '../app/stepNames';
import { text, type PageText } from './texts';

export type Figure =
  | 'input' // the picture as the model got it, by channel
  | 'patches' // the numbered grid
  | 'token' // one patch as a strip of numbers
  | 'soft-split' // overlapping windows, animated
  | 'matrix' // values of the steps, rows by columns
  | 'heads' // the same, one head at a time
  | 'positions' // position table and similarity
  | 'depth' // prediction after each block
  | 'prediction';

export interface Page extends PageText {
  /** Step names with the layer as '*' ('blocks.*.attn.q'); made-up names for pages without a step of their own. */
  id: string;
  chapter: string;
  figure: Figure;
  /** Steps drawn on this page; '*' stands for the chosen layer. */
  steps: string[];
  /** Soft split number, for its pages and those of its token transformer. */
  stage: number | null;
}

/** Steps that are looked at side by side. */
const together = [
  ['attn.q', 'attn.k', 'attn.v'],
  ['attn.q_rotated', 'attn.k_rotated'],
  ['attn.q_features', 'attn.k_features'],
];

/**
 * Every page in the order of the computation. Steps of the blocks appear once: the layer is chosen on the page.
 * Steps this version knows no words for get a page too.
 */
export function pagesOf(
  steps: readonly Step[],
  architecture: Architecture | null,
  layers: number,
  scores: Scores | null = 'softmax',
): Page[] {
  const page = (id: string, figure: Figure, on: string[]) => pageOf(id, figure, on, text(id, architecture, scores));
  const pages: Page[] = [page('input', 'input', [])];
  const cut = steps.some(({ name }) => name === 'patches' || name.startsWith('tokenizer.'));
  // an engine without steps still cuts the picture
  if (!cut) pages.push(page('patches', 'patches', []));
  const names = [...new Set(steps.map(({ name }) => withoutLayer(name)))];
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) continue;
    if (isFirstOfBlocks(name, seen)) seen.add('blocks');
    const group = groupOf(name, names);
    for (const each of group) seen.add(each);
    if (name === 'patches') {
      pages.push(page('patches', 'patches', [name]), page('token', 'token', [name]));
    } else pages.push(page(name, figureOf(name), group));
    if (isLastOfBlocks(name, names) && layers > 0) pages.push(page('depth', 'depth', []));
  }
  pages.push(page('prediction', 'prediction', []));
  return pages;
}

function pageOf(id: string, figure: Figure, steps: string[], words: PageText): Page {
  const stage = /^tokenizer\.(?:splits|stages)\.(\d+)\./.exec(id);
  return {
    id,
    figure,
    steps,
    chapter: chapterOf(id),
    stage: stage ? Number(stage[1]) : null,
    ...words,
  };
}

function isFirstOfBlocks(name: string, seen: ReadonlySet<string>): boolean {
  return name.startsWith('blocks.*.') && !seen.has('blocks');
}

function isLastOfBlocks(name: string, names: readonly string[]): boolean {
  const blocks = names.filter((each) => each.startsWith('blocks.*.'));
  return blocks.length > 0 && groupOf(name, names).includes(blocks.at(-1)!);
}

function groupOf(name: string, names: readonly string[]): string[] {
  for (const suffixes of together) {
    const suffix = suffixes.find((each) => name.endsWith(`.${each}`));
    if (!suffix) continue;
    const scope = name.slice(0, -suffix.length);
    return suffixes.map((each) => scope + each).filter((each) => names.includes(each));
  }
  return [name];
}

function figureOf(name: string): Figure {
  if (name === 'pos_embed') return 'positions';
  if (name.endsWith('.windows')) return 'soft-split';
  return /\.attn\.([qkv]|[qk]_rotated|bias|scores|weights)$/.test(name) ? 'heads' : 'matrix';
}

function chapterOf(id: string): string {
  const stage = /^tokenizer\.(splits|stages)\.(\d+)\./.exec(id);
  if (stage) {
    const number = Number(stage[2]) + 1;
    return stage[1] === 'splits' ? l10n.t('Soft split {0}', number) : l10n.t('Token transformer {0}', number);
  }
  if (id.startsWith('blocks.*.')) return l10n.t('Encoding block');
  if (['input', 'patches', 'token', 'patch_embed', 'patch_embed.norm'].includes(id)) return l10n.t('Image to tokens');
  if (['prefix', 'pos_embed', 'tokens', 'norm_pre'].includes(id)) return l10n.t('Token processing');
  if (id === 'depth') return l10n.t('Depth');
  return l10n.t('Prediction processing');
}

/** The page a deep link means: a step's own name, a page's id, or the page that draws the step among others. */
export function findPage(pages: readonly Page[], step: string | undefined): number {
  if (step === undefined) return 0;
  const name = withoutLayer(step);
  const exact = pages.findIndex(({ id }) => id === name);
  return Math.max(0, exact >= 0 ? exact : pages.findIndex(({ steps }) => steps.includes(name)));
}

/** What the axes of a shape are. */
export function meaningOf(name: string, sizes: readonly number[]): string {
  if (name === 'input') return l10n.t('batch, channels, height, width');
  if (/\.(scores|weights|attn\.bias)$/.test(name)) return l10n.t('batch, heads, tokens, tokens');
  if (sizes.length === 4) return l10n.t('batch, heads, tokens, head length');
  if (name === 'head' || name === 'prediction') return l10n.t('batch, classes');
  if (name === 'prediction by depth') return l10n.t('blocks, classes');
  if (name.endsWith('pos_embed')) return l10n.t('one table for all, positions, token length');
  return sizes.length === 3 ? l10n.t('batch, tokens, token length') : l10n.t('batch, token length');
}
