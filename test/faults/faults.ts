/** Faults on purpose: a process that is killed or stopped, a file that is cut or gone, a disk that is full. A seed repeats which and when. */
import { Random } from '../fuzz/random';
import { kinds } from './kinds';

export interface Kind {
  name: string;
  /** How often it comes, against the others. */
  share: number;
  /** Resolves to why it cannot be done on this machine; null: it can. */
  prepare?: () => Promise<string | null>;
  /** Does one, and resolves to what came out of it wrong; null: everything was answered or refused in a sentence, and goes on. */
  inject: (random: Random) => Promise<string | null>;
  end?: () => Promise<void>;
}

export interface Outcome {
  done: Record<string, number>;
  /** By kind: why none was done. */
  left: Record<string, string>;
  findings: { at: number; kind: string; problem: string }[];
}

/** `count` of them, one after the other. */
export async function inject({
  count,
  seed,
  from = 0,
  only,
}: {
  count: number;
  seed: number;
  from?: number;
  only?: string[];
}): Promise<Outcome> {
  const outcome: Outcome = { done: {}, left: {}, findings: [] };
  const ready: Kind[] = [];
  try {
    for (const kind of kinds.filter(({ name }) => only?.includes(name) ?? true)) {
      const why = (await kind.prepare?.()) ?? null;
      if (why === null) ready.push(kind);
      else outcome.left[kind.name] = why;
    }
    const deck = ready.flatMap((kind) => Array<Kind>(kind.share).fill(kind));
    for (let at = from; at < from + count; at++) {
      const random = new Random(seed + at * 7919);
      const kind = deck[at % deck.length]!;
      const problem = await kind.inject(random).catch((error: unknown) => `it was not expected: ${String(error)}`);
      outcome.done[kind.name] = (outcome.done[kind.name] ?? 0) + 1;
      if (problem !== null) outcome.findings.push({ at, kind: kind.name, problem });
    }
  } finally {
    for (const kind of ready) await kind.end?.();
  }
  return outcome;
}
