/**
 * Any ViT the canonical description can say, as an ONNX model with the same numbers: for onnxruntime as a second engine,
 * for people who deploy elsewhere, and as the check of our own engine.
 *
 * Input `input` (batch, C, H, W) float32, preprocessed. Outputs: `logits` (batch, classes), or `features` when there is no head;
 * on request `attention.{i}` (batch, h, N, N), `stage_attention.{i}` and `tokens.{i}` (batch, N, D), i = depth leaving the last block.
 */
import type { Architecture, Tokenizer } from '../architecture/description';
import { gridOf, grids } from '../architecture/grid';
import { coveredPrefix, positionRows, prefixCount } from '../architecture/tensors';
import { writeBlock } from './block';
import { GraphBuilder } from './graphBuilder';
import { Operators, transpose } from './operators';
import { writeAttentionPositions } from './positions';
import { FLOAT } from './schema';
import type { TensorReader } from './weights';

/** Gelu, Mish and antialiased Resize as single operators. */
const OPSET = 20;

export interface ExportOptions {
  attention: boolean;
  tokens: boolean;
  /** Linear layers with 8-bit weights and dynamic quantisation: what our own 8 bits are measured against. */
  int8?: boolean;
  /** What the file says of itself (ONNX metadata properties). */
  metadata?: Record<string, string>;
}

export const outputNames = {
  logits: 'logits',
  attention: (layer: number): string => `attention.${layer}`,
  stageAttention: (stage: number): string => `stage_attention.${stage}`,
  tokens: (layer: number): string => `tokens.${layer}`,
};

/** The model file as consecutive chunks of bytes. Throws an Error with a plain reason when a tensor is missing or it is over 2 GiB. */
export function exportOnnx(
  name: string,
  architecture: Architecture,
  read: TensorReader,
  options: ExportOptions,
): Uint8Array[] {
  const { image, depth, block } = architecture;
  const graph = new GraphBuilder(name, OPSET);
  const op = new Operators(graph, read, options.int8);
  const output = (result: string, shape: (number | string)[]): void =>
    graph.output({ name: result, elementType: FLOAT, shape });
  const pixels = graph.input({
    name: 'input',
    elementType: FLOAT,
    shape: ['batch', image.channels, image.height, image.width],
  });

  const onStage = (stage: number): string | undefined =>
    options.attention ? outputNames.stageAttention(stage) : undefined;
  const patches = writeTokenizer(op, architecture, pixels, onStage);
  let x = writeTokenProcessing(
    op,
    architecture,
    patches,
    options.tokens && depth > 0 ? outputNames.tokens(0) : undefined,
  );
  const positions = writeAttentionPositions(op, architecture);
  for (let layer = 0; layer < depth; layer++) {
    const tokens = options.tokens ? outputNames.tokens(layer + 1) : undefined;
    const { position } = architecture;
    // What enters the next block has that block's positions in it.
    const moves = layer + 1 < depth && position.kind !== 'none' && position.eachBlock;
    x = writeBlock(op, `blocks.${layer}`, block, x, {
      positions: positions[layer],
      attention: options.attention ? outputNames.attention(layer) : undefined,
      tokens: moves ? undefined : tokens,
    });
    if (moves) x = graph.node('Add', [x, writeBlockPositions(op, architecture, layer + 1)], {}, tokens);
  }
  const pooled = writePrediction(op, architecture, x);
  graph.node('Identity', [pooled], {}, outputNames.logits);

  output(outputNames.logits, ['batch', architecture.classes > 0 ? architecture.classes : 'features']);
  if (options.attention) {
    const stages = architecture.tokenizer.kind === 'soft-split' ? architecture.tokenizer.stages : [];
    stages.forEach((stage, i) =>
      output(outputNames.stageAttention(i), ['batch', stage.heads, `stage_tokens_${i}`, `stage_tokens_${i}`]),
    );
    for (let i = 0; i < depth; i++) output(outputNames.attention(i), ['batch', block.heads, 'tokens', 'tokens']);
  }
  if (options.tokens)
    for (let i = 0; i <= depth; i++) output(outputNames.tokens(i), ['batch', 'tokens', architecture.dim]);
  return graph.finish('vit-inspector', options.metadata);
}

/** (batch, C, H, W) -> (batch, patches, D) */
function writeTokenizer(
  op: Operators,
  architecture: Architecture,
  pixels: string,
  stageMap: (stage: number) => string | undefined,
): string {
  const { tokenizer, dim, image } = architecture;
  if (tokenizer.kind === 'patch') {
    const [ph, pw] = tokenizer.patch;
    const inputs = [pixels, op.weight('patch_embed.proj.weight', [dim, image.channels, ph, pw])];
    if (tokenizer.bias) inputs.push(op.weight('patch_embed.proj.bias', [dim]));
    const grid = op.graph.node('Conv', inputs, { kernel_shape: [ph, pw], strides: [ph, pw] });
    const tokens = op.transpose(op.reshape(grid, [0, dim, -1]), [0, 2, 1]);
    return tokenizer.norm === null ? tokens : op.norm(tokens, 'patch_embed.norm', tokenizer.norm);
  }
  return writeSoftSplits(op, tokenizer, architecture, pixels, stageMap);
}

/** Tokens-to-Token: unfold, token transformer, back to an image, ...; the last unfold is projected. */
function writeSoftSplits(
  op: Operators,
  tokenizer: Extract<Tokenizer, { kind: 'soft-split' }>,
  architecture: Architecture,
  pixels: string,
  stageMap: (stage: number) => string | undefined,
): string {
  let { channels } = architecture.image;
  const sizes = grids(architecture);
  let x = pixels;
  tokenizer.splits.forEach(({ kernel, stride, padding }, i) => {
    const length = channels * kernel * kernel;
    // Unfold as a convolution with the identity: output channel c*k*k + row*k + column picks that one pixel.
    const identity = new Float32Array(length * length);
    for (let j = 0; j < length; j++) identity[j * length + j] = 1;
    const weight = op.graph.weight(`unfold.${i}`, [length, channels, kernel, kernel], identity);
    const unfolded = op.graph.node('Conv', [x, weight], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
    x = op.transpose(op.reshape(unfolded, [0, length, -1]), [0, 2, 1]);
    const stage = tokenizer.stages[i];
    if (stage === undefined) return;
    x = writeBlock(op, `tokenizer.stages.${i}`, stage, x, { attention: stageMap(i) });
    x = op.reshape(op.transpose(x, [0, 2, 1]), [0, stage.dim, ...sizes[i]!]);
    channels = stage.dim;
  });
  return op.linear(x, 'patch_embed.proj', tokenizer.bias);
}

/** Prefix tokens, position embedding and pre-norm: (batch, patches, D) -> (batch, N, D). */
function writeTokenProcessing(op: Operators, architecture: Architecture, patches: string, result?: string): string {
  const { graph } = op;
  const { dim, prefix, position, preNorm } = architecture;
  const names: string[] = [];
  if (prefix.class) names.push('cls_token');
  if (prefix.distillation) names.push('dist_token');
  if (prefix.registers > 0) names.push('reg_token');
  if (prefix.detection) names.push('det_token');
  const rows = names.map((name) => op.tensor(name).values);
  const prefixLength = rows.reduce((sum, row) => sum + row.length / dim, 0);
  const table = new Float32Array(prefixLength * dim);
  let at = 0;
  for (const row of rows) {
    table.set(row, at);
    at += row.length;
  }

  let x = patches;
  if (position.kind !== 'none') {
    // The table's rows for prefix tokens are added to the prefix here, once.
    const covered = coveredPrefix(architecture);
    const positions = positionTable(op, architecture);
    for (let i = 0; i < covered * dim; i++) table[i] = (table[i] ?? 0) + (positions[i] ?? 0);
    x = graph.node('Add', [x, writePatchPositions(op, architecture, positions.subarray(covered * dim))]);
  }
  if (prefixLength > 0) {
    const batch = graph.node('Shape', [patches], { start: 0, end: 1 });
    const shape = graph.node('Concat', [batch, graph.int64([prefixLength, dim])], { axis: 0 });
    const tokens = graph.node('Expand', [graph.weight('prefix', [1, prefixLength, dim], table), shape]);
    x = graph.node('Concat', [tokens, x], { axis: 1 });
  }
  if (preNorm !== null) return op.norm(x, 'norm_pre', preNorm, result);
  return result === undefined ? x : graph.node('Identity', [x], {}, result);
}

/** The position table as stored, or the articles' sinusoids: (rows, D). */
function positionTable(op: Operators, architecture: Architecture): Float32Array {
  const { position, dim } = architecture;
  if (position.kind === 'none') return new Float32Array(0);
  if (op.has('pos_embed')) return op.tensor('pos_embed').values;
  if (position.kind === 'learned') throw new Error('the model has no tensor pos_embed');
  const rows = positionRows(architecture);
  const table = new Float32Array(rows * dim);
  if (position.kind === 'sinusoid-2d') {
    const quarter = dim / 4;
    let at = coveredPrefix(architecture) * dim;
    for (let row = 0; row < position.grid[0]; row++)
      for (let column = 0; column < position.grid[1]; column++)
        for (const place of [column, row])
          for (const wave of [Math.sin, Math.cos])
            for (let j = 0; j < quarter; j++) table[at++] = wave(place * 10000 ** (-j / quarter));
    return table;
  }
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < dim; j++) {
      const angle = i / 10000 ** ((2 * Math.floor(j / 2)) / dim);
      table[i * dim + j] = j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}

/** The table that block `layer` has of its own, resampled likewise: (1, N, D). */
function writeBlockPositions(op: Operators, architecture: Architecture, layer: number): string {
  const { graph } = op;
  const { dim } = architecture;
  const covered = coveredPrefix(architecture);
  const { values } = op.tensor(`blocks.${layer}.pos_embed`);
  const patches = writePatchPositions(op, architecture, values.subarray(covered * dim), `positions.${layer}`);
  // Prefix tokens that the table does not cover get nothing.
  const front = prefixCount(architecture.prefix);
  if (front === 0) return patches;
  const rows = new Float32Array(front * dim);
  rows.set(values.subarray(0, covered * dim));
  return graph.node('Concat', [graph.weight(`prefix.${layer}`, [1, front, dim], rows), patches], { axis: 1 });
}

/** Positions of the patches, resampled by the graph itself when the model runs at another size than it was trained at: (1, patches, D). */
function writePatchPositions(
  op: Operators,
  architecture: Architecture,
  values: Float32Array,
  name = 'positions',
): string {
  const { graph } = op;
  const { position, dim } = architecture;
  if (position.kind === 'none') throw new Error('no position embedding');
  const [rows, columns] = position.grid;
  const [height, width] = gridOf(architecture);
  if (rows === height && columns === width) return graph.weight(name, [1, rows * columns, dim], values);
  const planes = graph.weight(name, [1, dim, rows, columns], transpose(values, rows * columns, dim));
  const antialias = position.resample !== 'bicubic';
  const resized = graph.node('Resize', [planes, '', '', graph.int64([1, dim, height, width])], {
    mode: position.resample === 'bilinear-antialias' ? 'linear' : 'cubic',
    coordinate_transformation_mode: 'half_pixel',
    antialias: antialias ? 1 : 0,
    // with antialias PyTorch leaves taps beyond the border out and renormalises; without, it repeats the border
    exclude_outside: antialias ? 1 : 0,
    // PyTorch's bicubic: a = -0.5 with antialias (as Pillow), -0.75 without (as OpenCV)
    cubic_coeff_a: { float: antialias ? -0.5 : -0.75 },
  });
  return op.transpose(op.reshape(resized, [1, dim, height * width]), [0, 2, 1]);
}

/** Final norm, pooling, head: (batch, N, D) -> (batch, classes) or the features (batch, D). */
function writePrediction(op: Operators, architecture: Architecture, tokens: string): string {
  const { graph } = op;
  const { prefix, pool, finalNorm, fcNorm, classes, headBias } = architecture;
  const x = finalNorm === null ? tokens : op.norm(tokens, 'norm', finalNorm);
  const prefixLength = prefixCount(prefix);
  const token = (index: number): string => graph.node('Squeeze', [slice(op, x, index, index + 1), graph.int64([1])]);
  const patches = (): string =>
    architecture.poolIncludesPrefix || prefixLength === 0 ? x : slice(op, x, prefixLength, 2 ** 31 - 1);
  const reduce = (kind: 'ReduceMean' | 'ReduceMax'): string =>
    graph.node(kind, [patches(), graph.int64([1])], { keepdims: 0 });
  const head = (feature: string, name: string): string => (classes > 0 ? op.linear(feature, name, headBias) : feature);
  const half = (sum: string): string => graph.node('Mul', [sum, graph.scalar(0.5)]);

  if (pool === 'distilled') return half(op.add(head(token(0), 'head'), head(token(1), 'head_dist')));
  const feature = ((): string => {
    switch (pool) {
      case 'token':
        return token(0);
      case 'avg':
        return reduce('ReduceMean');
      case 'max':
        return reduce('ReduceMax');
      case 'avgmax':
        return half(op.add(reduce('ReduceMean'), reduce('ReduceMax')));
      case 'class-avg':
        return graph.node('Concat', [token(0), reduce('ReduceMean')], { axis: 1 });
      case 'map':
        return writeMapPool(op, architecture, patches());
      case 'none':
        return x;
    }
  })();
  const normed = fcNorm === null ? feature : op.norm(feature, 'fc_norm', fcNorm);
  const { projection } = architecture;
  if (projection === null) return head(normed, 'head');
  const projected = op.linear(normed, 'projection', projection.bias);
  return head(projection.activation === null ? projected : op.activation(projected, projection.activation), 'head');
}

function slice(op: Operators, x: string, from: number, to: number): string {
  const { graph } = op;
  return graph.node('Slice', [x, graph.int64([from]), graph.int64([to]), graph.int64([1])]);
}

/** Attention pooling with a latent query (timm AttentionPoolLatent, SigLIP's head): (batch, N, D) -> (batch, D). */
function writeMapPool(op: Operators, { dim, mapPool }: Architecture, x: string): string {
  const { graph } = op;
  if (mapPool === null) throw new Error("pool 'map' needs its description");
  const { heads, query = true, kvBias = true, mlpHidden, activation, eps } = mapPool;
  const headDim = dim / heads;
  const latent = op.weight('attn_pool.latent', [1, 1, dim]);
  const toHeads = (t: string): string => op.transpose(op.reshape(t, [0, -1, heads, headDim]), [0, 2, 1, 3]);
  const q = toHeads(query ? op.linear(latent, 'attn_pool.q', true) : latent);
  const [keys, values] = graph.split(op.linear(x, 'attn_pool.kv', kvBias), 2, [dim, dim]) as [string, string];
  const scores = graph.node('MatMul', [
    graph.node('Mul', [q, graph.scalar(headDim ** -0.5)]),
    op.transpose(toHeads(keys), [0, 1, 3, 2]),
  ]);
  const context = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), toHeads(values)]);
  const joined = op.reshape(op.transpose(context, [0, 2, 1, 3]), [0, -1, dim]);
  const projected = op.linear(joined, 'attn_pool.proj', true);
  if (mlpHidden === 0) return graph.node('Squeeze', [projected, graph.int64([1])]);
  const normed = op.norm(projected, 'attn_pool.norm', { kind: 'layer', eps });
  const network = op.linear(
    op.activation(op.linear(normed, 'attn_pool.mlp.fc1', true), activation),
    'attn_pool.mlp.fc2',
    true,
  );
  return graph.node('Squeeze', [op.add(projected, network), graph.int64([1])]);
}
