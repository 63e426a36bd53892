/** What tokens, patches and rows of a table are called. */
import * as l10n from '@vscode/l10n';
import { className as nameOfClass } from '../../extension/architecture/className';
import type { PanelModel } from '../../extension/protocol/panel';
import { say } from '../app/words';

export interface Name {
  /** At the start of a line: 'Patch 12', 'Class token'. */
  name: string;
  /** In the middle of a text: 'patch 12', 'class token'. */
  inside: string;
  /** In a narrow margin: '12', 'class'. */
  short: string;
}

export const patchName = (patch: number): Name => ({
  name: l10n.t('Patch {0}', patch + 1),
  inside: l10n.t('patch {0}', patch + 1),
  short: String(patch + 1),
});

/** A token of which no more is known than its number. */
export const numberedToken = (token: number): Name => ({
  name: l10n.t('Token {0}', token + 1),
  inside: l10n.t('token {0}', token + 1),
  short: String(token + 1),
});

export const numberedRow = (row: number): Name => ({
  name: l10n.t('Row {0}', row + 1),
  inside: l10n.t('row {0}', row + 1),
  short: String(row + 1),
});

/** A token by its index: prefix tokens first, then patches with the articles' numbering. */
export function tokenName(model: PanelModel, token: number): Name {
  const { numPrefix, prefixNames } = model.loaded;
  return token >= numPrefix ? patchName(token - numPrefix) : prefixName(prefixNames[token] ?? '');
}

/** @param prefix as the engine names it: class, distillation, register 1, prefix 2 (architecture/tensors.ts) */
function prefixName(prefix: string): Name {
  const [, kind, n = ''] = /^(.*?)(?: (\d+))?$/.exec(prefix)!;
  switch (kind) {
    case 'class':
      return { name: l10n.t('Class token'), inside: l10n.t('class token'), short: l10n.t('class') };
    case 'distillation':
      return {
        name: l10n.t('Distillation token'),
        inside: l10n.t('distillation token'),
        short: l10n.t('distillation'),
      };
    case 'register':
      return { name: l10n.t('Register {0}', n), inside: l10n.t('register {0}', n), short: l10n.t('reg {0}', n) };
    default:
      return {
        name: l10n.t('Prefix {0} token', n),
        inside: l10n.t('prefix {0} token', n),
        short: l10n.t('prefix {0}', n),
      };
  }
}

/** The tokens before the patches, registers together. */
export function prefixKinds({ loaded }: PanelModel): { name: string; tokens: number[] }[] {
  const kinds: { name: string; tokens: number[] }[] = [];
  const registers: number[] = [];
  loaded.prefixNames.forEach((name, token) => {
    if (/^register\b/.test(name)) registers.push(token);
    else kinds.push({ name: prefixName(name).inside, tokens: [token] });
  });
  if (registers.length === 1) kinds.push({ name: l10n.t('register'), tokens: registers });
  if (registers.length > 1) kinds.push({ name: l10n.t('{0} registers', registers.length), tokens: registers });
  return kinds;
}

/** The choice of a query: 'Class token', 'Distillation', 'Register 1'. */
export function queryLabel(prefix: string): string {
  if (prefix === 'distillation') return l10n.t('Distillation');
  const [, n] = /^prefix (\d+)$/.exec(prefix) ?? [];
  return n === undefined ? prefixName(prefix).name : l10n.t('Prefix {0}', n);
}

/** What a class is called; where the model names none, its number. */
export const className = (labels: readonly string[] | null, index: number): string =>
  say(nameOfClass(labels?.[index], index));

/** 'head 3', or how the heads are joined: 'mean of heads'. */
export function headName(head: number | 'mean' | 'max' | 'min'): string {
  switch (head) {
    case 'mean':
      return l10n.t('mean of heads');
    case 'max':
      return l10n.t('max of heads');
    case 'min':
      return l10n.t('min of heads');
    default:
      return l10n.t('head {0}', head + 1);
  }
}

/** The same with their number: 'mean of 12 heads'. Of one head there is nothing to join. */
export function headOfName(head: number | 'mean' | 'max' | 'min', heads: number): string {
  if (heads === 1) return headName(0);
  switch (head) {
    case 'mean':
      return l10n.t('mean of {0} heads', heads);
    case 'max':
      return l10n.t('max of {0} heads', heads);
    case 'min':
      return l10n.t('min of {0} heads', heads);
    default:
      return headName(head);
  }
}
