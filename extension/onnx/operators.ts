/** The operators a ViT is made of, each as the ONNX nodes (opset 20) that compute the same numbers as PyTorch. */
import { activations } from '../architecture/activations';
import type { Activation, Norm } from '../architecture/description';
import type { GraphBuilder } from './graphBuilder';
import { quantisedProduct } from './quantised';
import type { TensorReader } from './weights';

/** A graph being written and the weights it is written from. */
export class Operators {
  constructor(
    readonly graph: GraphBuilder,
    private readonly read: TensorReader,
    /** Linear layers get 8-bit weights. */
    private readonly int8 = false,
  ) {}

  /** A tensor that must be there. */
  tensor(name: string): { shape: number[]; values: Float32Array } {
    const found = this.read(name);
    if (found === null) throw new Error(`the model has no tensor ${name}`);
    return found;
  }

  has(name: string): boolean {
    return this.read(name) !== null;
  }

  /** The tensor as an initializer of the given shape (same number of values). */
  weight(name: string, shape?: number[]): string {
    const tensor = this.tensor(name);
    return this.graph.weight(name, shape ?? tensor.shape, tensor.values);
  }

  /** y = x W^T + b, W stored (rows, columns) as PyTorch's Linear; x (..., columns). */
  linear(x: string, name: string, bias: boolean): string {
    return this.linearFrom(x, `${name}.weight`, bias ? `${name}.bias` : null);
  }

  linearFrom(x: string, weightName: string, biasName: string | null): string {
    const { shape, values } = this.tensor(weightName);
    const rows = shape[0] ?? 0;
    const columns = values.length / rows;
    const product = this.product(x, weightName, { rows, columns, values });
    return biasName === null ? product : this.graph.node('Add', [product, this.weight(biasName, [rows])]);
  }

  private product(x: string, name: string, weight: { rows: number; columns: number; values: Float32Array }): string {
    if (this.int8) return quantisedProduct(this.graph, x, name, weight);
    const { rows, columns, values } = weight;
    const transposed = this.graph.weight(`${name}.T`, [columns, rows], transpose(values, rows, columns));
    return this.graph.node('MatMul', [x, transposed]);
  }

  /** Over the last axis. */
  norm(x: string, name: string, norm: Norm, result?: string): string {
    const { graph } = this;
    if (norm.kind === 'identity') return result === undefined ? x : graph.node('Identity', [x], {}, result);
    const weight = this.tensor(`${name}.weight`);
    const length = weight.values.length;
    const scale = graph.weight(`${name}.weight`, [length], weight.values);
    if (norm.kind === 'layer') {
      const bias = this.has(`${name}.bias`)
        ? this.weight(`${name}.bias`, [length])
        : graph.weight(`${name}.bias`, [length], new Float32Array(length));
      return graph.node('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: { float: norm.eps } }, result);
    }
    // RMSNorm: x / sqrt(mean(x^2) + eps) * weight
    const meanSquare = graph.node('ReduceMean', [graph.node('Mul', [x, x]), graph.int64([-1])], { keepdims: 1 });
    const root = graph.node('Sqrt', [graph.node('Add', [meanSquare, graph.scalar(norm.eps)])]);
    return graph.node('Mul', [graph.node('Div', [x, root]), scale], {}, result);
  }

  activation(x: string, kind: Activation): string {
    return activations[kind].onnx(this.graph, x);
  }

  /** x + y, or just y where a family leaves the residual out. */
  add(x: string, y: string, result?: string): string {
    return this.graph.node('Add', [x, y], {}, result);
  }

  reshape(x: string, shape: number[]): string {
    return this.graph.node('Reshape', [x, this.graph.int64(shape)]);
  }

  transpose(x: string, perm: number[], result?: string): string {
    return this.graph.node('Transpose', [x], { perm }, result);
  }
}

/** (rows, columns) -> (columns, rows) */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c] ?? 0;
  return out;
}
