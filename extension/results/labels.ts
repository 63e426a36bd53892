/** What pictures are said to show: by the folder they lie in, by a list that names each, or by nobody. */

export type LabelSource = { kind: 'none' } | { kind: 'folders' } | { kind: 'file'; file: string };

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
  const folders = ids.map((id) => id.split('/').slice(0, -1));
  const tops = new Set(folders.flatMap(([top]) => top ?? []));
  const inSplits = tops.size > 0 && [...tops].every(isSplit) && folders.every(({ length }) => length !== 1);
  const at = inSplits ? 1 : 0;
  return {
    ...numbered(folders.map((path) => path[at] ?? null)),
    ...splitsOf(folders.map(([top]) => (inSplits ? (top ?? null) : null))),
  };
}

/** By a list: what it says of each id, or nothing. */
export function labelsOfList(ids: readonly string[], list: ReadonlyMap<string, string>): Labels {
  const { splits, splitOf } = noLabels(ids.length);
  return { ...numbered(ids.map((id) => list.get(id) ?? null)), splits, splitOf };
}

function splitsOf(values: readonly (string | null)[]): Pick<Labels, 'splits' | 'splitOf'> {
  const { names, of } = numbered(values);
  return { splits: names, splitOf: of };
}

function numbered(values: readonly (string | null)[]): Pick<Labels, 'names' | 'of'> {
  const names = [...new Set(values.filter((value) => value !== null))].sort();
  const numbers = new Map(names.map((name, i) => [name, i]));
  return { names, of: Int32Array.from(values, (value) => (value === null ? -1 : numbers.get(value)!)) };
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
