/** What pictures are said to show: by the folder they lie in, by a list that names each, or by nobody. */

/** `found`: the lists that lie with the pictures (metadataLists.ts), or else the folders. */
export type LabelSource = { kind: 'none' } | { kind: 'found' } | { kind: 'folders' } | { kind: 'file'; file: string };

/** Labels of rows, as numbers into their names; -1 where a row has none. */
export interface Labels {
  /** Sorted as text. */
  names: string[];
  of: Int32Array;
  /** Parts of a data set that folders name (train, val), likewise. */
  splits: string[];
  splitOf: Int32Array;
}

/** Folders that are parts of a data set and no classes, as ImageFolder layouts of torchvision and Hugging Face name them. */
const SPLITS = new Set(['train', 'training', 'val', 'valid', 'validation', 'dev', 'test', 'testing', 'eval']);

const isSplit = (folder: string): boolean => SPLITS.has(folder.toLowerCase());

export const noLabels = (rows: number): Labels => ({
  names: [],
  of: new Int32Array(rows).fill(-1),
  splits: [],
  splitOf: new Int32Array(rows).fill(-1),
});

/**
 * A class a folder: the first folder of an id (a path below the root), or the second where the first is a split. Folders count as splits
 * only where each of them is one: a class may be called "test".
 */
export function labelsOfFolders(ids: readonly string[]): Labels {
  const tops = ids.map((id) => folderAt(id, 0));
  const inSplits = areSplits(tops) && ids.every((id, i) => tops[i] === null || folderAt(id, 1) !== null);
  return {
    ...numbered(inSplits ? ids.map((id) => folderAt(id, 1)) : tops),
    ...splitsOf(tops, inSplits),
  };
}

/** By a list: what it says of each id, or nothing. */
export function labelsOfList(ids: readonly string[], list: ReadonlyMap<string, string>): Labels {
  const tops = ids.map((id) => folderAt(id, 0));
  return { ...numbered(ids.map((id) => list.get(id) ?? null)), ...splitsOf(tops, areSplits(tops)) };
}

/** The first folder of a path, or the second; null: it is not that deep. */
function folderAt(id: string, depth: 0 | 1): string | null {
  const first = id.indexOf('/');
  if (first < 0) return null;
  if (depth === 0) return id.slice(0, first);
  const second = id.indexOf('/', first + 1);
  return second < 0 ? null : id.slice(first + 1, second);
}

function areSplits(tops: readonly (string | null)[]): boolean {
  const names = new Set(tops);
  names.delete(null);
  return names.size > 0 && [...names].every((name) => isSplit(name!));
}

function splitsOf(tops: readonly (string | null)[], inSplits: boolean): Pick<Labels, 'splits' | 'splitOf'> {
  if (!inSplits) return { splits: [], splitOf: new Int32Array(tops.length).fill(-1) };
  const { names, of } = numbered(tops);
  return { splits: names, splitOf: of };
}

function numbered(values: readonly (string | null)[]): Pick<Labels, 'names' | 'of'> {
  const found = new Set(values);
  found.delete(null);
  const names = [...(found as Set<string>)].sort();
  const numbers = new Map<string | null, number>(names.map((name, i) => [name, i]));
  const of = new Int32Array(values.length);
  for (let i = 0; i < of.length; i++) of[i] = numbers.get(values[i]!) ?? -1;
  return { names, of };
}

/**
 * The class of the model that each label means, -1 where it knows none: the same word, whatever its case and whether its words are joined
 * by spaces, `_` or `-`; one of the synonyms of a class ("airliner, plane"); or else a class's number.
 */
export function classesOfLabels(names: readonly string[], classes: readonly (string | null)[]): Int32Array {
  const known = new Map<string, number>();
  const put = (word: string, index: number) => {
    const key = plainWord(word);
    if (key !== '' && !known.has(key)) known.set(key, index);
  };
  classes.forEach((name, i) => name !== null && put(name, i));
  classes.forEach((name, i) => name?.split(',').forEach((synonym) => put(synonym, i)));
  return Int32Array.from(names, (name) => {
    const word = known.get(plainWord(name));
    if (word !== undefined) return word;
    return /^\d{1,7}$/.test(name) && Number(name) < classes.length ? Number(name) : -1;
  });
}

const plainWord = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s_-]+/gu, ' ')
    .trim();
