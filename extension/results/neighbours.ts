/** Pictures that look alike to the model: by the cosine of their embeddings, exactly. */
import { principalScores } from './projection';

export interface Neighbour {
  row: number;
  /** -1..1 */
  similarity: number;
}

/** Scales n vectors (n, length) to unit length, in place; a zero vector stays. */
export function normalise(vectors: Float32Array, n: number): void {
  const length = n === 0 ? 0 : vectors.length / n;
  for (let i = 0; i < n; i++) {
    const norm = Math.sqrt(dot(vectors, i * length, vectors, i * length, length));
    if (norm > 0) for (let d = 0; d < length; d++) vectors[i * length + d]! /= norm;
  }
}

/** The `count` vectors most similar to vector `row` of n unit vectors (n, length), best first, without itself. */
export function nearest(vectors: Float32Array, n: number, row: number, count: number): Neighbour[] {
  const length = vectors.length / n;
  const similarity = new Float32Array(n);
  for (let i = 0; i < n; i++) similarity[i] = dot(vectors, i * length, vectors, row * length, length);
  const order = Uint32Array.from({ length: n }, (_, i) => i).filter((i) => i !== row);
  order.sort((a, b) => similarity[b]! - similarity[a]! || a - b);
  return Array.from(order.subarray(0, count), (i) => ({ row: i, similarity: similarity[i]! }));
}

/** Components that candidates are told apart by first: most pairs differ in them already, many in the first of them. */
const COMPONENTS = 32;

/** The most pairs that are kept: a folder of copies of one picture has no end of them. */
const MOST_PAIRS = 1_000_000;

/**
 * Groups of vectors that are joined by pairs of at least that cosine, largest first; of n unit vectors (n, length). Exact: vectors are
 * sorted along their first principal component, and a pair is compared in full only where its distance in the first few components,
 * which is at most its whole distance, allows it. `step` is asked now and then with the share that is done; it throws to end the work.
 */
export async function nearDuplicates(
  vectors: Float32Array,
  n: number,
  cosine: number,
  step: (done: number) => Promise<void>,
): Promise<number[][]> {
  if (n < 2) return [];
  const length = vectors.length / n;
  // |a - b|^2 = 2 - 2 cos of unit vectors; single precision loses a little
  const within = 2 - 2 * cosine + 1e-5;
  const reach = Math.sqrt(within);
  const scores = principalScores(vectors, n, COMPONENTS);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  order.sort((a, b) => scores[a * COMPONENTS]! - scores[b * COMPONENTS]! || a - b);
  const groups = new Groups(n);
  let pairs = 0;
  for (let i = 0; i < n && pairs < MOST_PAIRS; i++) {
    if (i % 256 === 0) await step(i / n);
    const a = order[i]!;
    for (let j = i + 1; j < n; j++) {
      const b = order[j]!;
      if (scores[b * COMPONENTS]! - scores[a * COMPONENTS]! > reach) break;
      if (isFarther(scores, a * COMPONENTS, b * COMPONENTS, within)) continue;
      if (dot(vectors, a * length, vectors, b * length, length) < cosine) continue;
      groups.join(a, b);
      if (++pairs === MOST_PAIRS) break;
    }
  }
  return groups.list();
}

/** Numbers 0..n-1 in groups that grow together (union-find). */
class Groups {
  private readonly parent: Uint32Array;

  constructor(n: number) {
    this.parent = Uint32Array.from({ length: n }, (_, i) => i);
  }

  join(a: number, b: number): void {
    const [first, second] = [this.first(a), this.first(b)];
    this.parent[Math.max(first, second)] = Math.min(first, second);
  }

  /** Groups of more than one, the largest first, then by their first member. */
  list(): number[][] {
    const found = new Map<number, number[]>();
    for (let i = 0; i < this.parent.length; i++) {
      const first = this.first(i);
      const group = found.get(first);
      if (group) group.push(i);
      else found.set(first, [i]);
    }
    const several = [...found.values()].filter(({ length }) => length > 1);
    return several.sort((a, b) => b.length - a.length || a[0]! - b[0]!);
  }

  private first(i: number): number {
    while (this.parent[i] !== i) {
      this.parent[i] = this.parent[this.parent[i]!]!;
      i = this.parent[i]!;
    }
    return i;
  }
}

/** Whether the squared distance in the components is more than that: known before all of them are looked at, mostly. */
function isFarther(scores: Float32Array, a: number, b: number, within: number): boolean {
  let sum = 0;
  for (let d = 0; d < COMPONENTS; d += 4) {
    const [w, x] = [scores[a + d]! - scores[b + d]!, scores[a + d + 1]! - scores[b + d + 1]!];
    const [y, z] = [scores[a + d + 2]! - scores[b + d + 2]!, scores[a + d + 3]! - scores[b + d + 3]!];
    sum += w * w + x * x + y * y + z * z;
    if (sum > within) return true;
  }
  return false;
}

function dot(a: Float32Array, fromA: number, b: Float32Array, fromB: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[fromA + d]! * b[fromB + d]!;
  return sum;
}
