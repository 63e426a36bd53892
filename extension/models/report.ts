/** What is known about a model, as an object (JSON) and as text for people. */
import type { Architecture, Finding, Norm } from '../architecture/description';
import type { ShapeOfStep } from '../architecture/steps';
import type { KindStatistics } from './weightKinds';
import type { Preprocessing } from '../image/preprocessing';
import { inWords } from '../image/preprocessingWords';
import { plainMessage, plainText } from '../errors/plainText';

export interface Report {
  id: string;
  name: string;
  path: string;
  family: string;
  /** For people: "Hugging Face DINOv2". */
  familyTitle: string;
  /** False when a finding is an error: the model is refused. */
  runnable: boolean;
  architecture: Architecture | null;
  /** Numbers learned; a sinusoid table is not counted. null for graphs whose weights are not described. */
  parameters: number | null;
  tokens: { total: number; prefix: string[]; grid: [rows: number, columns: number] } | null;
  weights: { source: 'tensors' | 'seed' | 'onnx'; dtypes: string[]; bytes: number; seed?: number };
  preprocessing: Preprocessing;
  classes: number | null;
  labels: string[] | null;
  noWeightDecay: string[];
  /** Every step of the walk-through. */
  shapes: ShapeOfStep[];
  /** What the values of each kind of weight are like; none where they were not read. */
  kinds: KindStatistics[];
  findings: Finding[];
}

/** `width`: characters to a line, where lines are to be broken. */
export function reportText(report: Report, width = Infinity): string {
  const rows: [string, string][] = [
    ['model', `${plainText(report.name)} (${plainText(report.path)})`],
    ['family', report.familyTitle],
    ['weights', weightsText(report)],
    ...(report.architecture ? architectureRows(report, report.architecture) : []),
    ['preprocessing', inWords(report.preprocessing).message],
  ];
  if (report.noWeightDecay.length > 0) rows.push(['no weight decay', plainMessage(report.noWeightDecay.join(', '))]);
  // what people came for stands first
  const sections = [findingsText(report, width), wrappedTable(rows, width)];
  if (report.kinds.length > 0) sections.push(kindsText(report.kinds));
  if (report.shapes.length > 0) {
    sections.push(
      `shapes, batch 1\n${table(report.shapes.map(({ step, shape }) => [`  ${step}`, `(${shape.join(', ')})`]))}`,
    );
  }
  return `${sections.join('\n\n')}\n`;
}

/** Of what cannot be opened as a model at all: the reason. */
export const refusalText = (reason: string, width = Infinity): string =>
  `${CANNOT_RUN}\n${wrapped(`  error: ${plainMessage(reason)}`, width, 4)}\n`;

const CANNOT_RUN = 'This model cannot be run.';

function findingsText({ findings, runnable }: Report, width: number): string {
  const order = { error: 0, warning: 1, info: 2 };
  const sorted = [...findings].sort((a, b) => order[a.severity] - order[b.severity]);
  const verdict = runnable ? 'This model can be run.' : CANNOT_RUN;
  const said = sorted.map(({ severity, message }) => wrapped(`  ${severity}: ${plainMessage(message)}`, width, 4));
  return [verdict, ...said].join('\n');
}

/** Words stay whole; lines after the first begin with `indent` blanks. */
function wrapped(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(indent) + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

function wrappedTable(rows: [string, string][], width: number): string {
  const first = Math.max(...rows.map(([key]) => key.length)) + 2;
  return table(rows)
    .split('\n')
    .map((line) => wrapped(line, width, first))
    .join('\n');
}

const KIND_COLUMNS = ['weights by kind', 'tensors', 'values', 'rms', 'largest', 'zeros', 'constant', 'not finite'];

function kindsText(kinds: readonly KindStatistics[]): string {
  const size = (value: number) => (value === 0 ? '0' : value.toPrecision(3));
  const share = (part: number, whole: number) =>
    part === 0 ? '0' : part < whole / 1000 ? '< 0.1 %' : `${((100 * part) / whole).toFixed(1)} %`;
  const rows = kinds.map(({ kind, tensors, values, rms, largest, zeros, constant, notFinite }) => [
    kind,
    String(tensors),
    values.toLocaleString('en-US'),
    size(rms),
    size(largest),
    share(zeros, values),
    String(constant),
    notFinite.toLocaleString('en-US'),
  ]);
  const all = [KIND_COLUMNS, ...rows];
  const widths = KIND_COLUMNS.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return all.map(line).join('\n');
}

function weightsText({ weights, parameters }: Report): string {
  const count = parameters === null ? '' : `${parameters.toLocaleString('en-US')} parameters, `;
  if (weights.source === 'seed') return `${count}drawn from seed ${weights.seed}`;
  return `${count}${(weights.bytes / 1e6).toFixed(1)} MB${weights.dtypes.length > 0 ? `, ${weights.dtypes.join(', ')}` : ''}`;
}

function architectureRows(report: Report, a: Architecture): [string, string][] {
  const { block } = a;
  const { tokens } = report;
  const prefix = tokens && tokens.prefix.length > 0 ? `${tokens.prefix.join(', ')} + ` : '';
  const cut =
    a.tokenizer.kind === 'patch'
      ? `patches of ${a.tokenizer.patch.join(' x ')}`
      : `soft splits ${a.tokenizer.splits.map(({ kernel, stride, padding }) => `k${kernel} s${stride} p${padding}`).join(', ')}`;
  const position =
    a.position.kind === 'none'
      ? 'none'
      : `${a.position.kind}, trained on ${a.position.grid.join(' x ')} patches, for ${a.position.covers}, resampled ${a.position.resample}`;
  const gate = block.mlp === 'mlp' ? '' : ` ${block.mlp}`;
  return [
    ['input', `${a.image.channels} x ${a.image.height} x ${a.image.width} (channels, height, width), ${cut}`],
    ['tokens', tokens ? `${tokens.total}: ${prefix}${tokens.grid.join(' x ')} patches, each ${a.dim} long` : ''],
    ['position', position],
    [
      'blocks',
      `${a.depth} (${block.order}), ${block.heads} heads of ${block.headDim}, MLP ${block.mlpHidden}${gate} with ${block.activation}`,
    ],
    [
      'attention',
      `scale ${scaleText(block)}, qkv bias ${block.qkvBias ? 'on' : 'off'}${block.qkNorm ? ', Q and K normalised' : ''}${block.valueSkip ? ', V added after the projection (value skip)' : ''}`,
    ],
    [
      'norm',
      normText(block.norm) + (block.layerScale ? ', layer scale' : '') + (a.preNorm ? ', before the blocks too' : ''),
    ],
    [
      'head',
      a.classes > 0
        ? `${a.pool} -> ${a.classes} classes${
            report.labels
              ? ` (${report.labels
                  .slice(0, 3)
                  .map((label) => plainText(label))
                  .join(', ')}${report.labels.length > 3 ? ', …' : ''})`
              : ', unnamed'
          }`
        : `${a.pool}, no classifier: features only`,
    ],
  ];
}

/** A scale that is a whole number's inverse root is shown as such. */
function scaleText({ scale, headDim }: Architecture['block']): string {
  const width = scale ** -2;
  const whole = Math.abs(width - Math.round(width)) < 1e-6 * width;
  const shown = whole ? `${Math.round(width)}^-0.5` : String(scale);
  return whole && Math.round(width) === headDim ? shown : `${shown} (not one head's ${headDim}^-0.5)`;
}

const normText = ({ kind, eps }: Norm) =>
  kind === 'identity' ? 'none' : `${kind === 'rms' ? 'RMSNorm' : 'LayerNorm'}, eps ${eps}`;

function table(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([key]) => key.length)) + 2;
  return rows.map(([key, value]) => key.padEnd(width) + value).join('\n');
}
