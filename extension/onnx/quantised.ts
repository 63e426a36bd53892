/**
 * A linear layer with 8-bit weights, as ONNX Runtime's own dynamic quantisation writes it: activations quantised at run time
 * by one factor for a tensor, weights with one factor for each output. It fuses the five nodes into one.
 */
import type { GraphBuilder } from './graphBuilder';

/** x W^T, W (rows, columns). */
export function quantisedProduct(
  graph: GraphBuilder,
  x: string,
  name: string,
  weight: { rows: number; columns: number; values: Float32Array },
): string {
  const { rows, columns, values } = weight;
  const numbers = new Int8Array(rows * columns);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let k = 0; k < columns; k++) largest = Math.max(largest, Math.abs(values[row * columns + k]!));
    scales[row] = largest / 127;
    const factor = largest > 0 ? 127 / largest : 0;
    for (let k = 0; k < columns; k++) numbers[k * rows + row] = Math.round(values[row * columns + k]! * factor);
  }
  const [quantised, scale, zero] = graph.several('DynamicQuantizeLinear', [x], 3) as [string, string, string];
  const sums = graph.node('MatMulInteger', [
    quantised,
    graph.bytes(`${name}.T`, [columns, rows], numbers),
    zero,
    graph.bytes(`${name}.zero`, [], new Int8Array(1)),
  ]);
  const factors = graph.node('Mul', [scale, graph.weight(`${name}.scale`, [rows], scales)]);
  return graph.node('Mul', [graph.node('Cast', [sums], { to: 1 }), factors]);
}
