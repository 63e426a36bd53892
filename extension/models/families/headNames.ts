/** Classifiers that people put beside a body of a family under a name of their own: self.fc = Linear(features, classes). */
import type { Family, Tensors } from '../config/family';

const NAMES =
  /^((?:cls|classifier|classification_head|cls_head|mlp_head|linear_head|fc|lin|linear|heads?)(?:\.(?:\d|fc|linear|head|classifier))?)\.weight$/;

export interface NamedHead {
  /** With the classifier under the family's name. */
  tensors: Tensors;
  headFrom: string;
}

/** The one linear layer from features to classes, where the family's own name for it is not there; null when there is none. */
export function headOf(tensors: Tensors, { keys, anchor, anyHead }: Family): NamedHead | null {
  const own = (keys['head.*'] ?? [['head.*']]).flatMap((rule) =>
    rule.flatMap((part) => (typeof part === 'string' ? part.replace('.*', '') : [])),
  );
  const [name] = own;
  if (!anyHead || name === undefined) return null;
  const names = [...tensors.keys()];
  if (names.some((key) => own.some((base) => key.startsWith(`${base}.`)))) return null;
  const dim = tensors.get(anchor)?.shape[0];
  const found = names.flatMap((key) => {
    const { shape } = tensors.get(key) ?? { shape: [] };
    return shape.length === 2 && shape[1] === dim ? (NAMES.exec(key)?.[1] ?? []) : [];
  });
  const [from, ...others] = found;
  if (from === undefined || others.length > 0) return null;
  // what has more layers, or norms beside it, is another head
  const [outer = ''] = from.split('.');
  const parts = names.filter((key) => key.startsWith(`${outer}.`));
  if (parts.some((key) => key !== `${from}.weight` && key !== `${from}.bias`)) return null;
  const renamed = (key: string) => (key.startsWith(`${from}.`) ? name + key.slice(from.length) : key);
  return { tensors: new Map([...tensors].map(([key, tensor]) => [renamed(key), tensor])), headFrom: from };
}
