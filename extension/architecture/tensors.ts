/**
 * Every tensor an architecture needs, by canonical name (see Architecture in native/binding.d.ts), with its shape.
 * What a file lacks and what it has too much of is told by this list; so does the parameter count.
 */
import type { Architecture, Block, RelativeBias, Rotary } from '../../native/binding';

export interface CanonicalTensor {
  name: string;
  /** As PyTorch stores it; leading ones may be missing in a file, and a patch projection may be flat. */
  shape: number[];
  /** Computed when a file does not bring its own: the sinusoid table. */
  optional?: boolean;
}

export function canonicalTensors(architecture: Architecture): CanonicalTensor[] {
  const { dim, tokenizer, prefix, position, block } = architecture;
  const list = new List();
  if (tokenizer.kind === 'soft-split') {
    tokenizer.stages.forEach((stage, i) => blockTensors(list, `tokenizer.stages.${i}.`, stage));
    const last = tokenizer.splits[tokenizer.splits.length - 1];
    const channels = tokenizer.stages[tokenizer.stages.length - 1]?.dim ?? architecture.image.channels;
    list.linear('patch_embed.proj', dim, channels * (last?.kernel ?? 0) ** 2, tokenizer.bias);
  } else {
    list.add('patch_embed.proj.weight', [dim, architecture.image.channels, ...tokenizer.patch]);
    if (tokenizer.bias) list.add('patch_embed.proj.bias', [dim]);
    list.norm('patch_embed.norm', dim, tokenizer.norm);
  }
  if (prefix.class) list.add('cls_token', [1, 1, dim]);
  if (prefix.distillation) list.add('dist_token', [1, 1, dim]);
  if (prefix.registers > 0) list.add('reg_token', [1, prefix.registers, dim]);
  if (prefix.detection) list.add('det_token', [1, prefix.detection, dim]);
  if (position.kind !== 'none') {
    list.add('pos_embed', [1, positionRows(architecture), dim], position.kind !== 'learned');
  }
  if (architecture.rotary) rotaryTensors(list, architecture, architecture.rotary);
  const bias = architecture.relativeBias;
  if (bias && bias.tables !== 'block') biasTensors(list, 'rel_pos.', block.heads, bias);
  list.norm('norm_pre', dim, architecture.preNorm);
  for (let i = 0; i < architecture.depth; i++) {
    if (i > 0 && position.kind !== 'none' && position.eachBlock)
      list.add(`blocks.${i}.pos_embed`, [1, positionRows(architecture), dim]);
    blockTensors(list, `blocks.${i}.`, block);
    if (bias && bias.tables !== 'shared') biasTensors(list, `blocks.${i}.attn.rel_pos.`, block.heads, bias);
  }
  list.norm('norm', dim, architecture.finalNorm);
  list.norm('fc_norm', dim, architecture.fcNorm);
  if (architecture.mapPool) {
    list.add('attn_pool.latent', [1, 1, dim]);
    const { query = true, kvBias = true, mlpHidden, eps } = architecture.mapPool;
    if (query) list.linear('attn_pool.q', dim, dim, true);
    list.linear('attn_pool.kv', 2 * dim, dim, kvBias);
    list.linear('attn_pool.proj', dim, dim, true);
    if (mlpHidden > 0) {
      list.norm('attn_pool.norm', dim, { kind: 'layer', eps });
      list.linear('attn_pool.mlp.fc1', mlpHidden, dim, true);
      list.linear('attn_pool.mlp.fc2', dim, mlpHidden, true);
    }
  }
  const pooled = pooledLength(architecture);
  const { projection } = architecture;
  if (projection) list.linear('projection', projection.length, pooled, projection.bias);
  if (architecture.classes > 0) {
    list.linear('head', architecture.classes, featureLength(architecture), architecture.headBias);
    if (architecture.pool === 'distilled')
      list.linear('head_dist', architecture.classes, pooled, architecture.headBias);
  }
  return list.tensors;
}

const pooledLength = ({ pool, dim }: Architecture): number => (pool === 'class-avg' ? 2 * dim : dim);

/** Length of what the head reads (native/binding.d.ts, Run.features); 0 without pooling. */
export const featureLength = (architecture: Architecture): number =>
  architecture.pool === 'none' ? 0 : (architecture.projection?.length ?? pooledLength(architecture));

/** Rows of pos_embed: the trained grid, and the prefix tokens the table covers. */
export function positionRows(architecture: Architecture): number {
  const { position } = architecture;
  return position.kind === 'none' ? 0 : coveredPrefix(architecture) + position.grid[0] * position.grid[1];
}

/** Prefix tokens that have a row of pos_embed: its first ones. */
export function coveredPrefix({ position, prefix }: Architecture): number {
  if (position.kind === 'none' || position.covers === 'patches') return 0;
  return position.covers === 'class' ? Number(prefix.class) : prefixCount(prefix);
}

/** 'class', 'distillation', 'register 1', ...: one for each prefix token, in sequence order. */
export function prefixNames({ prefix }: Architecture): string[] {
  const registers = Array.from({ length: prefix.registers }, (_, i) => `register ${i + 1}`);
  const detection = Array.from({ length: prefix.detection ?? 0 }, (_, i) => `detection ${i + 1}`);
  return [
    ...(prefix.class ? ['class'] : []),
    ...(prefix.distillation ? ['distillation'] : []),
    ...registers,
    ...detection,
  ];
}

export function prefixCount(prefix: Architecture['prefix']): number {
  return Number(prefix.class) + Number(prefix.distillation) + prefix.registers + (prefix.detection ?? 0);
}

function blockTensors(list: List, at: string, block: Block): void {
  const { dim, dimIn } = block;
  if (block.order === 'parallel-scaling') {
    const rows = block.mlpHidden + 3 * block.heads * block.headDim;
    list.norm(`${at}in_norm`, dimIn, block.norm);
    list.linear(`${at}in_proj`, rows, dimIn, block.qkvBias);
    if (!block.qkvBias) list.add(`${at}mlp_bias`, [block.mlpHidden]);
    list.norm(`${at}q_norm`, block.headDim, block.qkNorm);
    list.norm(`${at}k_norm`, block.headDim, block.qkNorm);
    list.linear(`${at}attn_out_proj`, dim, block.heads * block.headDim, block.projBias);
    list.linear(`${at}mlp_out_proj`, dim, block.mlpHidden, block.mlpBias);
    if (block.layerScale) list.add(`${at}ls.gamma`, [dim]);
    return;
  }
  for (let branch = 0; branch < block.branches; branch++) {
    const parallel = block.order === 'parallel';
    const a = parallel ? `${at}attns.${branch}.` : at;
    const f = parallel ? `${at}ffns.${branch}.` : at;
    list.norm(parallel ? `${a}norm` : `${a}norm1`, block.order === 'pre' ? dimIn : dim, block.norm);
    attentionTensors(list, `${a}attn.`, block);
    if (block.layerScale) list.add(parallel ? `${a}ls.gamma` : `${a}ls1.gamma`, [dim]);
    list.norm(parallel ? `${f}norm` : `${f}norm2`, dim, block.norm);
    const gated = block.mlp === 'mlp' ? block.mlpHidden : block.mlpHidden / 2;
    list.linear(`${f}mlp.fc1`, block.mlpHidden, dim, block.mlpBias);
    list.norm(`${f}mlp.norm`, gated, block.mlpNorm);
    list.linear(`${f}mlp.fc2`, dim, gated, block.mlpBias);
    if (block.layerScale) list.add(parallel ? `${f}ls.gamma` : `${f}ls2.gamma`, [dim]);
  }
}

function rotaryTensors(list: List, { depth, block, prefix }: Architecture, rotary: Rotary): void {
  const pairs = block.headDim / 2;
  if (rotary.frequencies === 'mixed') list.add('rope.freqs', [2, depth, block.heads, pairs]);
  if (rotary.prefix) list.add('rope.prefix', [prefixCount(prefix), pairs]);
}

function biasTensors(list: List, at: string, heads: number, { network, grid, classEntries }: RelativeBias): void {
  if (!network) {
    list.add(`${at}table`, [(2 * grid[0] - 1) * (2 * grid[1] - 1) + (classEntries ? 3 : 0), heads]);
    return;
  }
  list.linear(`${at}mlp.fc1`, network.hidden, 2, true);
  list.linear(`${at}mlp.fc2`, heads, network.hidden, network.distances === 'cr');
}

function attentionTensors(list: List, at: string, block: Block): void {
  const width = block.heads * block.headDim;
  list.linear(`${at}qkv`, 3 * width, block.dimIn, block.qkvBias);
  if (block.performer) list.add(`${at}features`, [block.performer.features, width]);
  list.norm(`${at}q_norm`, block.headDim, block.qkNorm);
  list.norm(`${at}k_norm`, block.headDim, block.qkNorm);
  list.norm(`${at}norm`, width, block.attnNorm);
  list.linear(`${at}proj`, block.dim, width, block.projBias);
}

class List {
  readonly tensors: CanonicalTensor[] = [];

  add(name: string, shape: number[], optional = false): void {
    this.tensors.push(optional ? { name, shape, optional } : { name, shape });
  }

  linear(name: string, rows: number, columns: number, bias: boolean): void {
    this.add(`${name}.weight`, [rows, columns]);
    if (bias) this.add(`${name}.bias`, [rows]);
  }

  norm(name: string, length: number, norm: Block['norm'] | null): void {
    if (!norm || norm.kind === 'identity') return;
    this.add(`${name}.weight`, [length]);
    if (norm.kind === 'layer') this.add(`${name}.bias`, [length]);
  }
}
