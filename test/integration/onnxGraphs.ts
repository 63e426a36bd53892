/** Small attention models as other exporters write them: one set of numbers, the attention in the form a test asks for. */
import { PbfWriter } from 'pbf';
import { toHalf } from '../../extension/files/half';
import { writeNode, writeValue, type AttributeValue } from '../../extension/onnx/schema';

const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT64 = 7;
const BOOL = 9;
const FLOAT16 = 10;

type Attributes = Record<string, AttributeValue>;

interface Outside {
  name: string;
  shape: number[];
  entry: Record<string, string>;
}

/** TensorProto with external_data */
function writeOutside({ name, shape, entry }: Outside, pbf: PbfWriter): void {
  pbf.writePackedVarint(1, shape);
  pbf.writeVarintField(2, FLOAT);
  pbf.writeStringField(8, name);
  for (const [key, value] of Object.entries(entry)) {
    pbf.writeMessage(
      13,
      (_: null, pair) => {
        pair.writeStringField(1, key);
        pair.writeStringField(2, value);
      },
      null,
    );
  }
  pbf.writeVarintField(14, 1);
}

export class Graph {
  private readonly body = new PbfWriter();
  private serial = 0;
  private readonly last: Parameters<typeof writeNode>[0][] = [];

  constructor(readonly float: 'float32' | 'float16' = 'float32') {}

  get elementType(): number {
    return this.float === 'float16' ? FLOAT16 : FLOAT;
  }

  input(name: string, shape: (number | string)[], elementType = this.elementType): string {
    this.body.writeMessage(11, writeValue, { name, elementType, shape });
    return name;
  }

  output(name: string, shape: (number | string)[], elementType = this.elementType): void {
    this.body.writeMessage(12, writeValue, { name, elementType, shape });
  }

  node(
    opType: string,
    inputs: string[],
    attributes: Attributes = {},
    options: { domain?: string; as?: string; last?: true } = {},
  ) {
    const output = options.as ?? `${opType}_${this.serial++}`;
    const node = { name: output, opType, domain: options.domain ?? '', inputs, outputs: [output] };
    const whole = { ...node, attributes: new Map(Object.entries(attributes)) };
    // as converters append what they add
    if (options.last) this.last.push(whole);
    else this.body.writeMessage(1, writeNode, whole);
    return output;
  }

  weight(shape: number[], values: ArrayLike<number>): string {
    const plain = Float32Array.from(values);
    return this.float === 'float16'
      ? this.tensor(shape, FLOAT16, Uint16Array.from(plain, toHalf))
      : this.tensor(shape, FLOAT, plain);
  }

  ints(values: number[]): string {
    return this.tensor([values.length], INT64, BigInt64Array.from(values, BigInt));
  }

  /** A float32 weight in another file, as that entry says. */
  outside(shape: number[], entry: Record<string, string>): string {
    const name = `w${this.serial++}`;
    this.body.writeMessage(5, writeOutside, { name, shape, entry });
    return name;
  }

  /** A constant of the graph in another file. */
  outsideConstant(shape: number[], entry: Record<string, string>): string {
    const output = `Constant_${this.serial++}`;
    this.body.writeMessage(
      1,
      (_: null, node) => {
        node.writeStringField(2, output);
        node.writeStringField(4, 'Constant');
        node.writeMessage(
          5,
          (_: null, attribute) => {
            attribute.writeStringField(1, 'value');
            attribute.writeMessage(5, writeOutside, { name: '', shape, entry });
            attribute.writeVarintField(20, 4);
          },
          null,
        );
      },
      null,
    );
    return output;
  }

  scalar(value: number): string {
    return this.weight([], [value]);
  }

  flags(shape: number[], values: boolean[]): string {
    return this.tensor(shape, BOOL, Uint8Array.from(values, Number));
  }

  byte(value: number): string {
    return this.tensor([], UINT8, Uint8Array.of(value));
  }

  zeroPoint(): string {
    return this.tensor([], INT8, new Int8Array(1));
  }

  bytes(opset = 17): Uint8Array {
    for (const node of this.last) this.body.writeMessage(1, writeNode, node);
    const model = new PbfWriter();
    model.writeVarintField(1, 9);
    for (const [domain, version] of [
      ['', opset],
      ['com.microsoft', 1],
    ] as const) {
      model.writeMessage(
        8,
        (_: null, pbf) => {
          pbf.writeStringField(1, domain);
          pbf.writeVarintField(2, version);
        },
        null,
      );
    }
    model.writeBytesField(7, this.body.finish());
    return Buffer.from(model.finish());
  }

  private tensor(shape: number[], dataType: number, values: ArrayBufferView): string {
    const name = `w${this.serial++}`;
    this.body.writeMessage(
      5,
      (_: null, pbf) => {
        pbf.writePackedVarint(1, shape);
        pbf.writeVarintField(2, dataType);
        pbf.writeStringField(8, name);
        pbf.writeBytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      },
      null,
    );
    return name;
  }
}

/** 9 patches of 4 x 4, tokens of 8, 2 heads, 3 classes. */
export const DIM = 8;
export const HEADS = 2;
export const SIDE = 12;
export const TOKENS = 9;

/** Numbers in -1..1 from a linear congruence: the same on every machine. */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** (D, D) weights of Q, K and V, by columns. */
export const qkv = [21, 22, 23].map((seed) => numbers(DIM * DIM, seed));

/** Attention of tokens (B, N, D), in whatever form, to (B, N, D). */
export type Attend = (graph: Graph, tokens: string) => string;

/** q, k, v (B, N, D) */
export const projections = (graph: Graph, tokens: string): string[] =>
  qkv.map((weight) => graph.node('MatMul', [tokens, graph.weight([DIM, DIM], weight)]));

/** (B, N, D) -> (B, h, N, d) */
export const split = (graph: Graph, value: string): string =>
  graph.node('Transpose', [graph.node('Reshape', [value, graph.ints([0, 0, HEADS, -1])])], { perm: [0, 2, 1, 3] });

/** (B, h, N, d) -> (B, N, D) */
export const join = (graph: Graph, value: string): string =>
  graph.node('Reshape', [graph.node('Transpose', [value], { perm: [0, 2, 1, 3] }), graph.ints([0, 0, -1])]);

/** scaled Q K', (B, h, N, N) */
export function scores(graph: Graph, q: string, k: string): string {
  const product = graph.node('MatMul', [q, graph.node('Transpose', [k], { perm: [0, 1, 3, 2] })]);
  return graph.node('Mul', [product, graph.scalar((DIM / HEADS) ** -0.5)]);
}

/** The form everyone knows. */
export const plain: Attend = (graph, tokens) => {
  const [q, k, v] = projections(graph, tokens).map((value) => split(graph, value)) as [string, string, string];
  const map = graph.node('Softmax', [scores(graph, q, k)], { axis: -1 });
  return join(graph, graph.node('MatMul', [map, v]));
};

export interface Shape {
  batch?: number | string;
  sides?: [number | string, number | string];
  /** What the graph ends in: applied to (B, 3) logits, or its tokens themselves. */
  end?: (graph: Graph, logits: string, tokens: string) => void;
  opset?: number;
}

/** Patch embedding, two blocks of attention with residuals, the mean, three logits. */
export function classifier(attend: Attend, graph = new Graph(), shape: Shape = {}): Uint8Array {
  const { batch = 'batch', sides = [SIDE, SIDE] } = shape;
  const picture = graph.input('pixel_values', [batch, 3, ...sides]);
  const kernel = graph.weight(
    [DIM, 3, 4, 4],
    numbers(DIM * 48, 11).map((value) => value * 0.3),
  );
  const patches = graph.node('Conv', [picture, kernel], { kernel_shape: [4, 4], strides: [4, 4] });
  const flat = graph.node('Reshape', [patches, graph.ints([0, DIM, -1])]);
  let tokens = graph.node('Transpose', [flat], { perm: [0, 2, 1] });
  for (let block = 0; block < 2; block++) tokens = graph.node('Add', [tokens, attend(graph, tokens)]);
  const pooled = graph.node('ReduceMean', [tokens], { axes: [1], keepdims: 0 });
  const logits = graph.node('MatMul', [pooled, graph.weight([DIM, 3], numbers(DIM * 3, 31))]);
  if (shape.end) shape.end(graph, logits, tokens);
  else {
    graph.node('Identity', [logits], {}, { as: 'logits' });
    graph.output('logits', [batch, 3]);
  }
  return graph.bytes(shape.opset);
}
