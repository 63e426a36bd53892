/** What is known about a model, as text for people, in the language that `say` speaks. */
import { className } from '../architecture/className';
import type { Architecture, Norm } from '../architecture/description';
import { grouped } from '../errors/count';
import { sentence, verbatim, type Sentence } from '../errors/sentence';
import { inWords } from '../image/preprocessingWords';
import type { Report } from '../models/report';
import { columns, definitions, wrapped } from './layout';

/** Puts a sentence into the reader's language. */
export type Say = (sentence: Sentence) => string;

export interface Style {
  say: Say;
  /** Characters to a line, where lines are to be broken. */
  width?: number;
}

/** What a model is, as rows of a name and what it says. */
export function modelFacts(report: Report): [name: Sentence, text: Sentence][] {
  const { architecture, noWeightDecay } = report;
  return [
    [sentence('model'), sentence('{0} ({1})', report.name, report.path)],
    [sentence('family'), report.familyTitle],
    [sentence('weights'), weightsOf(report)],
    ...(architecture ? architectureRows(report, architecture) : []),
    [sentence('preprocessing'), inWords(report.preprocessing)],
    ...(noWeightDecay.length > 0
      ? [[sentence('no weight decay'), sentence('{0}', noWeightDecay)] satisfies [Sentence, Sentence]]
      : []),
  ];
}

export function modelReport(report: Report, { say, width = Infinity }: Style): string {
  const { kinds, shapes } = report;
  const said = modelFacts(report).map(([name, text]): [string, string] => [say(name), say(text)]);
  // what people came for stands first
  const sections = [findingsOf(report, say, width), definitions(said, width)];
  if (kinds.length > 0) sections.push(columns(kindTable(kinds, say)));
  if (shapes.length > 0) {
    const steps = shapes.map(({ step, shape }): [string, string] => [`  ${step}`, `(${shape.join(', ')})`]);
    sections.push(`${say(sentence('shapes, batch 1'))}\n${definitions(steps)}`);
  }
  return `${sections.join('\n\n')}\n`;
}

/** The weights by kind: a row of headings, then one for each kind. */
export const kindTable = (kinds: Report['kinds'], say: Say): string[][] => [
  KIND_COLUMNS.map(say),
  ...kinds.map((kind) => kindRow(kind, say)),
];

/** Of what cannot be opened as a model at all: the reason. */
export const refusal = (reason: Sentence, { say, width = Infinity }: Style): string =>
  `${say(CANNOT_RUN)}\n${severityLine('error', reason, say, width)}\n`;

const CANNOT_RUN = sentence('This model cannot be run.');

const SEVERITIES = {
  error: sentence('error'),
  warning: sentence('warning'),
  info: sentence('info'),
};

/** Whether it can be run, in a sentence. */
export const verdictOf = ({ runnable }: Pick<Report, 'runnable'>): Sentence =>
  runnable ? sentence('This model can be run.') : CANNOT_RUN;

/** Errors first. */
export function bySeverity(findings: Report['findings']): Report['findings'] {
  const order = Object.keys(SEVERITIES);
  return [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function findingsOf(report: Report, say: Say, width: number): string {
  const sorted = bySeverity(report.findings);
  return [say(verdictOf(report)), ...sorted.map((finding) => severityLine(finding.severity, finding, say, width))].join(
    '\n',
  );
}

function severityLine(severity: keyof typeof SEVERITIES, said: Sentence, say: Say, width: number): string {
  return wrapped(`  ${say(sentence('{0}: ', SEVERITIES[severity]))}${say(said)}`, width, 4);
}

const KIND_COLUMNS = [
  sentence('weights by kind'),
  sentence('tensors'),
  sentence('values'),
  sentence('rms'),
  sentence('largest'),
  sentence('zeros'),
  sentence('constant'),
  sentence('not finite'),
];

function kindRow(
  { kind, tensors, values, rms, largest, zeros, constant, notFinite }: Report['kinds'][number],
  say: Say,
): string[] {
  const size = (value: number) => (value === 0 ? '0' : value.toPrecision(3));
  const share = (part: number) =>
    part === 0 ? '0' : part < values / 1000 ? '< 0.1 %' : `${((100 * part) / values).toFixed(1)} %`;
  return [
    say(kind),
    String(tensors),
    grouped(values),
    size(rms),
    size(largest),
    share(zeros),
    String(constant),
    grouped(notFinite),
  ];
}

/** What there is of it, with commas between. */
const list = (parts: readonly (Sentence | false | null)[]): Sentence =>
  sentence(
    '{0}',
    parts.filter((part) => !!part),
  );

function weightsOf({ weights, parameters }: Report): Sentence {
  return list([
    parameters !== null && sentence('{0} parameters', grouped(parameters)),
    weights.source === 'seed' && sentence('drawn from seed {0}', weights.seed ?? 0),
    weights.source !== 'seed' && verbatim(`${(weights.bytes / 1e6).toFixed(1)} MB`),
    ...(weights.source === 'seed' ? [] : weights.dtypes.map(verbatim)),
  ]);
}

function architectureRows(report: Report, a: Architecture): [name: Sentence, text: Sentence][] {
  const { block } = a;
  return [
    [
      sentence('input'),
      list([
        sentence('{0} x {1} x {2} (channels, height, width)', a.image.channels, a.image.height, a.image.width),
        a.tokenizer.kind === 'patch'
          ? sentence('patches of {0} x {1}', ...a.tokenizer.patch)
          : sentence(
              'soft splits {0}',
              a.tokenizer.splits.map(({ kernel, stride, padding }) => `k${kernel} s${stride} p${padding}`),
            ),
      ]),
    ],
    [sentence('tokens'), tokensOf(report, a)],
    [sentence('position'), positionOf(a)],
    [
      sentence('blocks'),
      sentence(
        '{0} ({1}), {2} heads of {3}, MLP {4} with {5}',
        a.depth,
        block.order,
        block.heads,
        block.headDim,
        block.mlp === 'mlp' ? block.mlpHidden : `${block.mlpHidden} ${block.mlp}`,
        block.activation,
      ),
    ],
    [
      sentence('attention'),
      list([
        scaleOf(block),
        block.qkvBias ? sentence('qkv bias on') : sentence('qkv bias off'),
        block.qkNorm && sentence('Q and K normalised'),
        block.valueSkip && sentence('V added after the projection (value skip)'),
      ]),
    ],
    [
      sentence('norm'),
      list([
        ...normOf(block.norm),
        block.layerScale && sentence('layer scale'),
        a.preNorm && sentence('before the blocks too'),
      ]),
    ],
    [sentence('head'), headOf(report, a)],
  ];
}

function tokensOf({ tokens }: Report, { dim, prefix }: Architecture): Sentence {
  if (!tokens) return verbatim('');
  const numbered = (count: number, name: (n: number) => Sentence) =>
    Array.from({ length: count }, (_, i) => name(i + 1));
  const names = [
    ...(prefix.class ? [sentence('class')] : []),
    ...(prefix.distillation ? [sentence('distillation')] : []),
    ...numbered(prefix.registers, (n) => sentence('register {0}', n)),
    ...numbered(prefix.detection ?? 0, (n) => sentence('detection {0}', n)),
  ];
  const [rows, across] = tokens.grid;
  return names.length > 0
    ? sentence('{0}: {1} + {2} x {3} patches, each {4} long', tokens.total, names, rows, across, dim)
    : sentence('{0}: {1} x {2} patches, each {3} long', tokens.total, rows, across, dim);
}

const COVERS = { patches: sentence('patches'), class: sentence('class'), all: sentence('all tokens') };
const POSITIONS = {
  learned: sentence('learned'),
  sinusoid: sentence('sinusoids'),
  'sinusoid-2d': sentence('two-dimensional sinusoids'),
};

function positionOf({ position }: Architecture): Sentence {
  if (position.kind === 'none') return sentence('none');
  const [rows, across] = position.grid;
  return sentence(
    '{0}, trained on {1} x {2} patches, for {3}, resampled {4}',
    POSITIONS[position.kind],
    rows,
    across,
    COVERS[position.covers],
    position.resample,
  );
}

function headOf({ labels }: Report, { classes, pool }: Architecture): Sentence {
  if (classes === 0) return sentence('{0}, no classifier: features only', pool);
  if (!labels) return sentence('{0} -> {1} classes, unnamed', pool, classes);
  const first = labels.slice(0, 3).map((label, i) => className(label, i));
  return labels.length > first.length
    ? sentence('{0} -> {1} classes ({2}, …)', pool, classes, first)
    : sentence('{0} -> {1} classes ({2})', pool, classes, first);
}

/** A scale that is a whole number's inverse root is shown as such. */
function scaleOf({ scale, headDim }: Architecture['block']): Sentence {
  const width = scale ** -2;
  const whole = Math.abs(width - Math.round(width)) < 1e-6 * width;
  const shown = whole ? `${Math.round(width)}^-0.5` : String(scale);
  return whole && Math.round(width) === headDim
    ? sentence('scale {0}', shown)
    : sentence("scale {0} (not one head's {1}^-0.5)", shown, headDim);
}

const normOf = ({ kind, eps }: Norm): Sentence[] =>
  kind === 'identity'
    ? [sentence('none')]
    : [verbatim(kind === 'rms' ? 'RMSNorm' : 'LayerNorm'), sentence('eps {0}', eps)];
