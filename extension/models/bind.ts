/**
 * Fits a file's tensors onto an architecture: which bytes are which canonical tensor, and every way they do not fit.
 * A description with an error finding is never run (see assertRunnable).
 */
import { distance as editDistance } from 'fastest-levenshtein';
import type { Architecture, DType, Finding, TensorSource } from '../architecture/description';
import { canonicalTensors, type CanonicalTensor } from '../architecture/tensors';
import { count } from '../errors/count';
import type { Family, KeyPart, KeyRule, KeyTable, Tensors } from './config/family';
import type { Outside } from './families/names';
import type { StoredTensor } from './files/safetensors';
import { listed, unreadParts } from './unread';
import { sentence, type Sentence } from '../errors/sentence';

const USABLE = new Set(['F32', 'F16', 'BF16']);

const MOST_FINDINGS = 200;
/** Finding the nearest name takes time by the lengths of all names. */
const MOST_SUGGESTIONS = 20;

interface Bound {
  tensors: Record<string, TensorSource>;
  findings: Finding[];
}

/** @param outside names of tensors that stood beside the model, not in it, or in another copy of it */
export function bind(
  architecture: Architecture,
  family: Family,
  tensors: Tensors,
  outside: Outside = new Map(),
): Bound {
  const wanted = canonicalTensors(architecture);
  const used = new Set<string>();
  const missing: { wanted: CanonicalTensor; key: string }[] = [];
  const bound: Bound = { tensors: {}, findings: [] };
  for (const tensor of wanted) {
    const rules = rulesFor(family.keys, tensor.name);
    const rule = rules.find((parts) => parts.every((part) => tensors.has(keyOf(part))));
    if (!rule && tensor.optional) continue;
    if (!rule) {
      const rest = rules
        .flat()
        .map(keyOf)
        .filter((key) => !tensors.has(key));
      missing.push({ wanted: tensor, key: rest[0] ?? tensor.name });
      // What is there of a fused tensor is not also "unexpected".
      for (const key of rules.flat().map(keyOf)) used.add(key);
      continue;
    }
    rule.forEach((part) => used.add(keyOf(part)));
    const source = assemble(tensor, rule, tensors, family, bound.findings);
    if (source) bound.tensors[tensor.name] = source;
  }
  const unused = [...tensors.keys()].filter((key) => !used.has(key));
  const isIgnored = (key: string): boolean => family.ignored.some((known) => known.test(key));
  const leftover = unused.filter((key) => !isIgnored(key) && !isEmpty(tensors.get(key)));
  bound.findings = capped(bound.findings, (rest) => sentence('{0} do not fit either.', rest));
  bound.findings.push(
    ...capped(missingFindings(missing, leftover, architecture.depth), (rest) => sentence('{0} are missing.', rest)),
  );
  const isOwn = (key: string): boolean => !outside.has(key) && (family.own?.test(key) ?? false);
  const { findings: unread, rest: unknown } = unreadParts(
    leftover.filter((key) => !isOwn(key)),
    outside,
  );
  const rest = [...leftover.filter(isOwn), ...unknown];
  const found = wanted.length - missing.length;
  bound.findings.push(
    ...capped(unexpectedFindings(found === 0 ? leftover : rest, found), (rest) =>
      sentence('{0} have no place either.', rest),
    ),
  );
  if (found > 0) bound.findings.push(...unread);
  if (architecture.classes > 0 && !architecture.headBias) {
    bound.findings.push({
      severity: 'warning',
      code: 'no-head-bias',
      ...sentence("There is no head.bias: without it the classes' scores are wrong if the model was trained with one."),
      subject: 'head.bias',
    });
  }
  const ignored = unused.filter(isIgnored);
  if (ignored.length > 0) {
    bound.findings.push({
      severity: 'info',
      code: 'ignored-tensors',
      ...sentence(
        '{0} of the file have no part in the forward pass: {1}.',
        count(ignored.length, 'tensor'),
        listed(ignored),
      ),
    });
  }
  return bound;
}

/** No values: transformers writes the register tokens of a DINOv3 that has none. */
const isEmpty = (tensor: StoredTensor | undefined): boolean => tensor?.shape.includes(0) ?? false;

/** The file's keys for one canonical name, alternatives first to last. */
function rulesFor(table: KeyTable, name: string): KeyRule[] {
  for (const [pattern, rules] of Object.entries(table)) {
    const match = compile(pattern).exec(name);
    if (match) return rules.map((rule) => rule.map((part) => fill(part, match.groups ?? {})));
  }
  return [[name]];
}

const compiled = new Map<string, RegExp>();

function compile(pattern: string): RegExp {
  let regex = compiled.get(pattern);
  if (!regex) {
    const source = pattern
      .replace(/[.]/g, '\\.')
      .replace(/\{(\w)\}/g, '(?<$1>\\d+)')
      .replace(/\*/, '(?<leaf>weight|bias)');
    regex = new RegExp(`^${source}$`);
    compiled.set(pattern, regex);
  }
  return regex;
}

function fill(part: KeyPart, groups: Record<string, string | undefined>): KeyPart {
  const replace = (key: string) =>
    key.replace(/\{(\w)\}/g, (_, name: string) => groups[name] ?? '').replace(/\*/g, groups['leaf'] ?? '*');
  if (typeof part === 'string') return replace(part);
  if ('rows' in part) return { ...part, key: replace(part.key), i: Number(groups['i'] ?? 0) };
  return 'zeros' in part ? { ...part, zeros: replace(part.zeros) } : { ...part, key: replace(part.key) };
}

const keyOf = (part: KeyPart) => (typeof part === 'string' ? part : 'zeros' in part ? part.zeros : part.key);

/** What a part takes of its tensor, in rows, and the shape of one row. */
interface Extent {
  from: number;
  to: number;
  all: number;
  row: number[];
}

/** undefined: the tensor has no such rows. */
function extentOf(part: KeyPart, { shape }: StoredTensor, tensors: Tensors): Extent | undefined {
  const [all = 0, ...row] = shape;
  if (typeof part !== 'string' && 'rows' in part) {
    const columns = shape.at(-1) ?? 0;
    const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    const [from, to] = part.rows(tensors, part.i ?? 0);
    return from >= 0 && from <= to && to <= rows ? { from, to, all: rows, row: [columns] } : undefined;
  }
  const thirds = typeof part !== 'string' && 'thirds' in part ? part.thirds : undefined;
  if (!thirds) return { from: 0, to: all, all, row };
  return all % 3 === 0 ? { from: (all * thirds[0]) / 3, to: (all * thirds[1]) / 3, all, row } : undefined;
}

function assemble(
  wanted: CanonicalTensor,
  rule: KeyRule,
  tensors: Tensors,
  { flatPatches = false }: Family,
  findings: Finding[],
): TensorSource | undefined {
  const stored = rule.map((part) => ({ part, tensor: tensors.get(keyOf(part)) as StoredTensor }));
  const first = stored[0]?.tensor;
  if (!first) return undefined;
  const subject = stored.map(({ tensor }) => tensor.name).join(' + ');
  for (const { tensor } of stored) {
    if (USABLE.has(tensor.dtype) && tensor.dtype === first.dtype) continue;
    const said = USABLE.has(tensor.dtype)
      ? sentence('Tensors {0} have different dtypes ({1}, {2}).', subject, first.dtype, tensor.dtype)
      : sentence('Tensor {0} has dtype {1}; F32, F16 and BF16 can be run.', tensor.name, tensor.dtype);
    findings.push({ severity: 'error', code: 'dtype', ...said, subject: tensor.name });
    return undefined;
  }
  const axes = typeof rule[0] === 'object' && 'axes' in rule[0] ? rule[0].axes : undefined;
  if (axes) return transposed(wanted, first, axes, findings);
  const extents = stored
    .map(({ part, tensor }) => extentOf(part, tensor, tensors))
    .filter((extent) => extent !== undefined);
  const shape = extents.length < stored.length ? undefined : joined(stored, extents);
  if (!shape || !fits(shape, wanted, flatPatches)) {
    findings.push(shapeFinding(wanted, shape ?? first.shape, subject));
    return undefined;
  }
  const parts = stored.map(({ part, tensor }, i) => {
    const { from, to, all } = extents[i]!;
    const row = (tensor.end - tensor.begin) / Math.max(1, all);
    if (typeof part !== 'string' && 'zeros' in part) return { zeros: (to - from) * row };
    return { file: tensor.file, begin: tensor.begin + from * row, end: tensor.begin + to * row };
  });
  return { dtype: first.dtype as DType, shape: shape.length > wanted.shape.length ? wanted.shape : shape, parts };
}

/** A tensor whose axes stand in another order in the file, there perhaps flattened to a matrix. */
function transposed(
  wanted: CanonicalTensor,
  { name, dtype, shape, file, begin, end }: StoredTensor,
  axes: number[],
  findings: Finding[],
): TensorSource | undefined {
  const stored = Array.from({ length: axes.length }, (_, i) => wanted.shape[axes.indexOf(i)] ?? 0);
  const flat = [stored[0] ?? 0, stored.slice(1).reduce((product, size) => product * size, 1)];
  if (shape.join() !== stored.join() && shape.join() !== flat.join()) {
    findings.push(shapeFinding({ ...wanted, shape: stored }, shape, name));
    return undefined;
  }
  return { dtype: dtype as DType, shape: stored, parts: [{ file, begin, end }], axes };
}

/** Shape of the parts one after another along axis 0; undefined when they do not match. */
function joined(stored: { part: KeyPart; tensor: StoredTensor }[], extents: Extent[]): number[] | undefined {
  const [only] = stored;
  if (stored.length === 1 && only && typeof only.part === 'string') return only.tensor.shape;
  const row = extents[0]?.row ?? [];
  if (extents.some((extent) => extent.row.join() !== row.join())) return undefined;
  return [extents.reduce((rows, { from, to }) => rows + to - from, 0), ...row];
}

const squeezed = (shape: number[]) => {
  const first = shape.findIndex((size) => size !== 1);
  return (first < 0 ? [] : shape.slice(first)).join();
};

/** @param flat whether rows of a patch's values in the order of a convolution's kernel are one */
function fits(shape: number[], wanted: CanonicalTensor, flat = false): boolean {
  if (shape.join() === wanted.shape.join()) return true;
  if (flat && wanted.name === 'patch_embed.proj.weight') {
    const [rows = 0, ...rest] = wanted.shape;
    return shape.join() === [rows, rest.reduce((product, size) => product * size, 1)].join();
  }
  // NaFlex keeps the table of positions as rows and columns.
  if (wanted.name === 'pos_embed' && shape.length === 4) {
    const [one = 0, rows = 0, columns = 0, length = 0] = shape;
    return fits([one, rows * columns, length], wanted);
  }
  return /token$|pos_embed$|latent$/.test(wanted.name) && squeezed(shape) === squeezed(wanted.shape);
}

function shapeFinding(wanted: CanonicalTensor, actual: number[], subject: string): Finding {
  const reversed = actual.length === 2 && fits([...actual].reverse(), wanted);
  const shapes = `[${actual.join(', ')}]`;
  return reversed
    ? {
        severity: 'error',
        code: 'transposed',
        ...sentence(
          'Tensor {0} is transposed: its shape is {1}, the architecture needs [{2}].',
          subject,
          shapes,
          wanted.shape.join(', '),
        ),
        subject,
      }
    : {
        severity: 'error',
        code: 'shape',
        ...sentence(
          'Tensor {0} has shape {1}, the architecture needs [{2}].',
          subject,
          shapes,
          wanted.shape.join(', '),
        ),
        subject,
      };
}

/** A file may be wrong in a million places: the first ones are said, the rest are counted. */
function capped(findings: Finding[], furtherOnes: (rest: Sentence) => Sentence): Finding[] {
  const rest = findings.slice(MOST_FINDINGS);
  const [first] = rest;
  if (!first) return findings;
  const said = furtherOnes(count(rest.length, 'further tensor or block'));
  return [...findings.slice(0, MOST_FINDINGS), { severity: 'error', code: first.code, ...said }];
}

function missingFindings(
  missing: { wanted: CanonicalTensor; key: string }[],
  leftover: string[],
  depth: number,
): Finding[] {
  const findings: Finding[] = [];
  const byBlock = new Map<string, typeof missing>();
  const single: typeof missing = [];
  for (const entry of missing) {
    const block = /^blocks\.(\d+)\./.exec(entry.wanted.name)?.[1];
    if (block === undefined) single.push(entry);
    else byBlock.set(block, [...(byBlock.get(block) ?? []), entry]);
  }
  const perBlock = Math.max(0, ...[...byBlock.values()].map((entries) => entries.length));
  for (const [block, entries] of byBlock) {
    // Four tensors are the least a block can lose before it is simpler to say that it is not there.
    const whole =
      entries.length === perBlock &&
      entries.some(
        (entry) => entry.wanted.name.endsWith('attn.qkv.weight') || entry.wanted.name.endsWith('in_proj.weight'),
      ) &&
      entries.length > 4;
    if (!whole) for (const entry of entries) single.push(entry);
    else {
      findings.push({
        severity: 'error',
        code: 'missing-block',
        ...sentence(
          'Block {0} of {1} is missing ({2}, {3} and on).',
          block,
          depth,
          count(entries.length, 'tensor'),
          entries[0]!.key,
        ),
        subject: `blocks.${block}`,
      });
    }
  }
  for (const [i, { wanted, key }] of single.entries()) {
    const near = i < MOST_SUGGESTIONS ? nearest(key, leftover) : undefined;
    const shape = `[${wanted.shape.join(', ')}]`;
    findings.push({
      severity: 'error',
      code: 'missing-tensor',
      ...(near
        ? sentence('Tensor {0} {1} is missing; the nearest the file has is {2}.', key, shape, near)
        : sentence('Tensor {0} {1} is missing.', key, shape)),
      subject: key,
    });
  }
  return findings;
}

function unexpectedFindings(leftover: string[], found: number): Finding[] {
  if (leftover.length === 0) return [];
  // Nothing of the family fits: one sentence says more than a list of the whole file.
  if (found === 0) {
    const said = sentence(
      "None of the file's {0} is known to this family: {1}.",
      count(leftover.length, 'tensor'),
      listed(leftover),
    );
    return [{ severity: 'error', code: 'unexpected-tensor', ...said }];
  }
  return leftover.map((key) => ({
    severity: 'error',
    code: 'unexpected-tensor',
    ...sentence('Tensor {0} has no place in the architecture.', key),
    subject: key,
  }));
}

/** The candidate with the smallest edit distance, if it is near enough to be a likely slip: of a short name at least half the letters are right. */
export function nearest(name: string, candidates: string[]): string | undefined {
  let best: string | undefined;
  let least = Math.min(Math.max(3, Math.floor(name.length * 0.4)), Math.floor(name.length / 2)) + 1;
  for (const candidate of candidates.slice(0, 2000)) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}
