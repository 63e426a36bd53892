/**
 * Positions inside attention as ONNX nodes: Q and K turned by rotary angles, and a bias on the scores. Tables are made for the
 * model's grid here; what is trained is read from the model's tensors.
 */
import type { Architecture, RelativeBias, Rotary } from '../architecture/description';
import { gridOf } from '../architecture/grid';
import { prefixCount } from '../architecture/tensors';
import { placesOf } from './biasPlaces';
import type { Operators } from './operators';

/** What attention of one block adds, on Q and K (B, h, N, hd) and on scores (B, h, N, N). */
export interface AttentionPositions {
  turn: (x: string) => string;
  bias: (scores: string) => string;
}

const NOTHING: AttentionPositions = { turn: (x) => x, bias: (scores) => scores };

/** Of every encoding block, first to last. */
export function writeAttentionPositions(op: Operators, architecture: Architecture): AttentionPositions[] {
  const { rotary, relativeBias, depth } = architecture;
  const turns = rotary ? rotaryOf(op, architecture, rotary) : null;
  const biases = relativeBias ? biasesOf(op, architecture, relativeBias) : null;
  return Array.from({ length: depth }, (_, layer) => ({
    turn: turns?.[layer] ?? NOTHING.turn,
    bias: biases?.[layer] ?? NOTHING.bias,
  }));
}

/** x cos + (the other of each pair, with the sign of the turn) sin. */
function rotaryOf(op: Operators, architecture: Architecture, rotary: Rotary): AttentionPositions['turn'][] {
  const { graph } = op;
  const { block, depth } = architecture;
  const width = block.headDim;
  const pairs = width / 2;
  // The pair of channel i: its partner, and which of the two angles' pair number it has.
  const partner = (i: number) =>
    rotary.pairs === 'halves' ? (i + pairs) % width : i % 2 === 0 ? i + 1 : i - 1;
  const pairOf = (i: number) => (rotary.pairs === 'halves' ? i % pairs : Math.floor(i / 2));
  const isFirst = (i: number) => (rotary.pairs === 'halves' ? i < pairs : i % 2 === 0);
  const order = graph.int64(Array.from({ length: width }, (_, i) => partner(i)));

  const turnBy = (name: string, heads: number, angle: (head: number, token: number, pair: number) => number) => {
    const tokens = prefixCount(architecture.prefix) + gridOf(architecture).reduce((a, b) => a * b);
    const cos = new Float32Array(heads * tokens * width);
    const sin = new Float32Array(cos.length);
    for (let h = 0, at = 0; h < heads; h++)
      for (let token = 0; token < tokens; token++)
        for (let i = 0; i < width; i++, at++) {
          const by = angle(h, token, pairOf(i));
          cos[at] = Math.cos(by);
          sin[at] = isFirst(i) ? -Math.sin(by) : Math.sin(by);
        }
    const [c, s] = [graph.weight(`${name}.cos`, [heads, tokens, width], cos), graph.weight(`${name}.sin`, [heads, tokens, width], sin)];
    return (x: string) => {
      const other = graph.node('Gather', [x, order], { axis: 3 });
      return op.add(graph.node('Mul', [x, c]), graph.node('Mul', [other, s]));
    };
  };
  if (rotary.frequencies === 'axial') {
    const turn = turnBy('rope', 1, anglesOf(op, architecture, rotary, 0));
    return Array.from({ length: depth }, () => turn);
  }
  return Array.from({ length: depth }, (_, layer) =>
    turnBy(`rope.${layer}`, block.heads, anglesOf(op, architecture, rotary, layer)),
  );
} // prettier-ignore

/** Angle of a head's pair at a token of the sequence, as Rotary says; 0 for prefix tokens without angles of their own. */
function anglesOf(
  op: Operators,
  architecture: Architecture,
  rotary: Rotary,
  layer: number,
): (head: number, token: number, pair: number) => number {
  const { block, depth, prefix } = architecture;
  const pairs = block.headDim / 2;
  const front = prefixCount(prefix);
  const [rows, columns] = gridOf(architecture);
  const own = rotary.prefix ? op.tensor('rope.prefix').values : null;
  const along = (index: number, length: number, reference: number | undefined): number =>
    rotary.coordinates === 'centre'
      ? 2 * Math.PI * ((2 * (index + 0.5 + rotary.offset)) / length - 1)
      : (index + rotary.offset) * (reference === undefined ? 1 : reference / length);
  const place = (patch: number): [number, number] => {
    const y = along(Math.floor(patch / columns), rows, rotary.reference?.[0]);
    const x = along(patch % columns, columns, rotary.reference?.[1]);
    return rotary.first === 'row' ? [y, x] : [x, y];
  };
  const freqs = rotary.frequencies === 'mixed' ? op.tensor('rope.freqs').values : null;
  return (head, token, pair) => {
    if (token < front) return own?.[token * pairs + pair] ?? 0;
    const [a, b] = place(token - front);
    if (freqs) {
      const at = (layer * block.heads + head) * pairs + pair;
      return a * (freqs[at] ?? 0) + b * (freqs[at + depth * block.heads * pairs] ?? 0);
    }
    const half = pairs / 2;
    return (pair < half ? a : b) * rotary.theta ** (-(pair % half) / half);
  };
}

function biasesOf(op: Operators, architecture: Architecture, bias: RelativeBias): AttentionPositions['bias'][] {
  const { graph } = op;
  const { depth } = architecture;
  const index = biasIndex(op, architecture, bias);
  const tokens = prefixCount(architecture.prefix) + gridOf(architecture).reduce((a, b) => a * b);
  const expand = (name: string): string => {
    const table = writeTable(op, architecture, bias, name); // (heads, entries)
    return op.reshape(graph.node('Gather', [table, index], { axis: 1 }), [1, architecture.block.heads, tokens, tokens]);
  };
  const shared = bias.tables === 'block' ? null : expand('rel_pos');
  return Array.from({ length: depth }, (_, layer) => {
    if (bias.tables === 'shared') return (scores) => op.add(scores, shared ?? '');
    const own = expand(`blocks.${layer}.attn.rel_pos`);
    return (scores) => op.add(scores, shared === null ? own : op.add(own, shared));
  });
}

/** Entry of the table for every query and key, row by row; the last entries are the class token's, or one zero. */
function biasIndex(op: Operators, architecture: Architecture, bias: RelativeBias): string {
  const [rows, columns] = gridOf(architecture);
  const front = prefixCount(architecture.prefix);
  const tokens = front + rows * columns;
  const entries = (2 * rows - 1) * (2 * columns - 1);
  const list: number[] = [];
  for (let q = 0; q < tokens; q++)
    for (let k = 0; k < tokens; k++) {
      if (q < front || k < front) {
        list.push(entries + (bias.classEntries ? (q >= front ? 1 : k >= front ? 0 : 2) : 0));
        continue;
      }
      const [i, j] = [q - front, k - front];
      const dy = Math.floor(i / columns) - Math.floor(j / columns) + rows - 1;
      const dx = (i % columns) - (j % columns) + columns - 1;
      list.push(dy * (2 * columns - 1) + dx);
    }
  return op.graph.int64(list);
}

/** (heads, entries) for the image's grid, and behind it the class token's three or a zero. */
function writeTable(op: Operators, architecture: Architecture, bias: RelativeBias, name: string): string {
  const { graph } = op;
  const { heads } = architecture.block;
  const [rows, columns] = gridOf(architecture);
  const to = [2 * rows - 1, 2 * columns - 1] as const;
  const zero = () => graph.weight(`${name}.zero`, [heads, 1], new Float32Array(heads));
  if (bias.network) {
    const made = op.transpose(writeNetwork(op, bias.network, name, [rows, columns]), [1, 0]);
    return graph.node('Concat', [made, zero()], { axis: 1 });
  }
  const from = [2 * bias.grid[0] - 1, 2 * bias.grid[1] - 1] as const;
  const count = from[0] * from[1];
  const { values } = op.tensor(`${name}.table`);
  const table = (begin: number, length: number): Float32Array => {
    const made = new Float32Array(heads * length);
    for (let i = 0; i < length; i++) for (let h = 0; h < heads; h++) made[h * length + i] = values[(begin + i) * heads + h] ?? 0;
    return made;
  };
  let planes = graph.weight(`${name}.table`, [heads, from[0], from[1]], table(0, count));
  if (from[0] !== to[0] || from[1] !== to[1]) {
    const places = (length: number, wanted: number, axis: string) =>
      graph.weight(`${name}.${axis}`, [wanted, length], placesOf(length, wanted, bias.resample));
    const down = graph.node('MatMul', [places(from[0], to[0], 'rows'), planes]);
    planes = graph.node('MatMul', [down, op.transpose(places(from[1], to[1], 'columns'), [1, 0])]);
  }
  const flat = op.reshape(planes, [heads, to[0] * to[1]]);
  const rest = bias.classEntries ? graph.weight(`${name}.class`, [heads, 3], table(count, 3)) : zero();
  return graph.node('Concat', [flat, rest], { axis: 1 });
} // prettier-ignore

/** (entries, heads) of the network over logarithmic distances. */
function writeNetwork(
  op: Operators,
  network: NonNullable<RelativeBias['network']>,
  name: string,
  [rows, columns]: [number, number],
): string {
  const swin = network.distances === 'swin';
  const distance = (d: number, length: number): number => {
    const e = swin ? (8 * d) / Math.max(1, length - 1) : d;
    return Math.sign(e) * (swin ? Math.log2(1 + Math.abs(e)) / 3 : Math.log1p(Math.abs(e)));
  };
  const list: number[] = [];
  for (let dy = 1 - rows; dy < rows; dy++)
    for (let dx = 1 - columns; dx < columns; dx++) list.push(distance(dy, rows), distance(dx, columns));
  const distances = op.graph.weight(`${name}.distances`, [list.length / 2, 2], Float32Array.from(list));
  const hidden = op.graph.node('Relu', [op.linear(distances, `${name}.mlp.fc1`, true)]);
  const out = op.linear(hidden, `${name}.mlp.fc2`, !swin);
  return swin ? op.graph.node('Mul', [op.graph.node('Sigmoid', [out]), op.graph.scalar(16)]) : out;
}
