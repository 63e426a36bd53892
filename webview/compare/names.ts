/** What the two sides of a comparison are called. */
import * as l10n from '@vscode/l10n';
import type { App } from '../app/app';
import type { AppState } from '../app/state';

const joined = (...parts: (string | null | undefined)[]) => parts.filter(Boolean).join(' · ');

const versionOf = ({ other }: AppState) => (other?.what.version === 'last-commit' ? l10n.t('last commit') : null);

/** Picture and model of both, for a figure that stands alone. */
export function sideTitles({ state }: App): readonly [string, string] {
  const { image, model, other } = state;
  return [joined(image?.name, model?.name), joined(other?.image?.name, other?.model?.name, versionOf(state))];
}

/** What tells the two apart: pictures, models, versions. */
export function sideNames(app: App): readonly [string, string] {
  const { state } = app;
  const { image, model, other } = state;
  const samePicture = image?.uri === other?.image?.uri;
  const sameModel = model?.id === other?.model?.id;
  if (samePicture && !sameModel) return [joined(model?.name), joined(other?.model?.name, versionOf(state))];
  if (sameModel) return [joined(image?.name), joined(other?.image?.name, versionOf(state))];
  return sideTitles(app);
}

const SEPARATOR = /[-_./\s·]/;

/** The names without the words that both begin with: for heads of columns, where a long beginning would hide what differs. */
export function endsApart([one, two]: readonly [string, string]): readonly [string, string] {
  let same = 0;
  while (same < one.length && one[same] === two[same]) same++;
  // one name may end here; otherwise the last word is taken whole
  const ends = [one, two].every((name) => same === name.length || SEPARATOR.test(name[same]!));
  while (!ends && same > 0 && !SEPARATOR.test(one[same - 1]!)) same--;
  const rest = (name: string) => name.slice(same).replace(/^[-_./\s·]+/, '');
  const short = (name: string) => (same === 0 || rest(name) === '' ? name : `…${rest(name)}`);
  return [short(one), short(two)];
}
