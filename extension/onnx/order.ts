/** The order in which a graph's nodes can be computed: converters append nodes at the end, and ONNX Runtime sorts them itself. */
import type { OnnxNode } from './schema';

/** Each node after those whose outputs it reads; in the file's order otherwise. What a circle keeps waiting comes last. */
export function inOrder(nodes: readonly OnnxNode[]): OnnxNode[] {
  const makers = new Map<string, number>();
  nodes.forEach(({ outputs }, i) => {
    for (const output of outputs) makers.set(output, i);
  });
  const waits = nodes.map(({ inputs }) => new Set(inputs.flatMap((input) => makers.get(input) ?? [])));
  if (waits.every((needed, i) => [...needed].every((maker) => maker < i))) return [...nodes];
  const readers = nodes.map((): number[] => []);
  waits.forEach((needed, i) => {
    for (const maker of needed) readers[maker]!.push(i);
  });
  const left = waits.map((needed) => needed.size);
  const ready = left.flatMap((count, i) => (count === 0 ? [i] : []));
  for (const i of ready) for (const reader of readers[i]!) if (--left[reader]! === 0) ready.push(reader);
  const reached = new Set(ready);
  return [...ready, ...nodes.keys()].flatMap((i, at) => (at < ready.length || !reached.has(i) ? (nodes[i] ?? []) : []));
}
