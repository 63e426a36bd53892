/** How large an export and its runs are, before they are made. */
import type { Architecture } from '../architecture/description';
import { canonicalTensors, prefixCount } from '../architecture/tensors';
import { grids } from '../architecture/grid';

const FLOAT_BYTES = 4;

/** Bytes of the weights of an exported file, the identity convolutions of soft splits among them. */
export function exportedBytes(architecture: Architecture): number {
  const { tokenizer, image } = architecture;
  let values = canonicalTensors(architecture).reduce((sum, { shape }) => sum + productOf(shape), 0);
  if (tokenizer.kind === 'soft-split') {
    tokenizer.splits.forEach(({ kernel }, i) => {
      const channels = i === 0 ? image.channels : (tokenizer.stages[i - 1]?.dim ?? 0);
      values += (channels * kernel ** 2) ** 2;
    });
  }
  return FLOAT_BYTES * values;
}

/** Bytes a pass of ONNX Runtime over that many images leaves, and the largest that it needs while it runs. */
export function passBytes(
  architecture: Architecture,
  batch: number,
  keeps: { attention: boolean; tokens: boolean },
): number {
  const { dim, depth, block, prefix, image, tokenizer } = architecture;
  const counts = grids(architecture).map(([rows, columns]) => rows * columns);
  const tokens = (counts.at(-1) ?? 0) + prefixCount(prefix);
  const stages = tokenizer.kind === 'soft-split' ? tokenizer.stages : [];
  const stageMaps = stages.map(({ heads }, i) => heads * (counts[i] ?? 0) ** 2);
  const map = block.heads * tokens ** 2;
  const working = [
    image.channels * image.height * image.width,
    // scores and their softmax, of the block or of the largest token transformer
    2 * Math.max(map, ...stageMaps),
    tokens * (dim + 3 * block.heads * block.headDim + block.mlpHidden),
  ];
  const kept = [keeps.attention ? depth * map + sumOf(stageMaps) : 0, keeps.tokens ? (depth + 1) * tokens * dim : 0];
  return FLOAT_BYTES * batch * sumOf([...working, ...kept]);
}

const productOf = (shape: number[]): number => shape.reduce((product, side) => product * side, 1);
const sumOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0);
