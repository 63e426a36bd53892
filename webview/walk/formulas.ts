/** The formula of a step, as MathML of our own making: only where it holds for this model as it stands. */
import type { Activation, Architecture, Block } from '../../extension/architecture/description';
import type { Scores } from '../../extension/architecture/scores';

/** A MathML element and what is in it. */
export type Formula = readonly [tag: string, ...content: (Formula | string)[]];

const id = (name: string): Formula => ['mi', name];
const op = (sign: string): Formula => ['mo', sign];
const number = (digits: string): Formula => ['mn', digits];
const row = (...parts: Formula[]): Formula => ['mrow', ...parts];
const sub = (base: Formula, below: Formula): Formula => ['msub', base, below];
const sup = (base: Formula, above: Formula): Formula => ['msup', base, above];
const fraction = (over: Formula, under: Formula): Formula => ['mfrac', over, under];
const bracketed = (...parts: Formula[]): Formula => row(op('('), ...parts, op(')'));
const call = (name: string, ...parts: Formula[]): Formula => row(id(name), op('\u2061'), bracketed(...parts));
const equal = (left: Formula, ...right: Formula[]): Formula => row(left, op('='), ...right);
const exponential = (...power: Formula[]): Formula => sup(id('e'), row(...power));
const total = (index: string, ...parts: Formula[]): Formula => row(['munder', op('∑'), id(index)], ...parts);

const [x, y, h, A, K, O, Q, S, V] = ['x', 'y', 'h', 'A', 'K', 'O', 'Q', 'S', 'V'].map(id) as [
  ...[Formula, Formula, Formula, Formula, Formula, Formula, Formula, Formula, Formula],
];
const W = (name: string): Formula => sub(id('W'), id(name));
const transposed = (of: Formula): Formula => sup(of, id('T'));

const linear = (out: Formula, into: Formula, weight: string, hasBias: boolean): Formula =>
  equal(out, into, transposed(W(weight)), ...(hasBias ? [op('+'), sub(id('b'), id(weight))] : []));

const norms: Record<Block['norm']['kind'], Formula | null> = {
  layer: equal(
    y,
    fraction(row(x, op('−'), id('μ')), ['msqrt', sup(id('σ'), number('2')), op('+'), id('ε')]),
    op('⊙'),
    id('γ'),
    op('+'),
    id('β'),
  ),
  rms: equal(y, fraction(x, ['msqrt', ['mover', sup(x, number('2')), op('¯')], op('+'), id('ε')]), op('⊙'), id('γ')),
  identity: null,
};

const sigmoid = (of: Formula): Formula => fraction(number('1'), row(number('1'), op('+'), exponential(op('−'), of)));

const activations: Partial<Record<Activation, Formula>> = {
  gelu: equal(y, h, id('Φ'), op('\u2061'), bracketed(h)),
  quick_gelu: equal(y, h, op('·'), call('σ', number('1.702'), h)),
  relu: equal(y, call('max', number('0'), op(','), h)),
  silu: equal(y, h, op('·'), call('σ', h), op('='), h, op('·'), sigmoid(h)),
};

interface Model {
  architecture: Architecture | null;
  block: Block | null;
  scores: Scores | null;
}

/** Inside a block, by the end of the step's name. */
const inside: Record<string, (block: Block, model: Model) => Formula | Formula[] | null> = {
  norm1: ({ norm }) => norms[norm.kind],
  norm2: ({ norm }) => norms[norm.kind],
  'attn.q': ({ qkvBias, qkNorm }) =>
    qkNorm ? null : [linear(Q, x, 'Q', qkvBias), linear(K, x, 'K', qkvBias), linear(V, x, 'V', qkvBias)],
  'attn.scores': ({ scale }, { architecture }) =>
    equal(
      S,
      number(String(Number(scale.toPrecision(4)))),
      op('·'),
      // turned by their places
      architecture?.rotary ? id('Q′') : Q,
      transposed(architecture?.rotary ? id('K′') : K),
      ...(architecture?.relativeBias ? [op('+'), id('B')] : []),
    ),
  'attn.weights': ({ performer }) =>
    performer
      ? null
      : equal(
          sub(A, id('ij')),
          call('softmax', sub(S, id('i'))),
          op('='),
          fraction(exponential(sub(S, id('ij'))), total('k', exponential(sub(S, id('ik'))))),
        ),
  'attn.context': ({ performer }) => (performer ? null : equal(O, A, V)),
  'attn.proj': ({ projBias }) => linear(y, O, 'O', projBias),
  'attn.residual': (block) => residual(block),
  'mlp.fc1': ({ mlpBias }) => linear(h, x, '1', mlpBias),
  'mlp.act': ({ mlp, activation }) => (mlp === 'mlp' ? (activations[activation] ?? null) : null),
  'mlp.fc2': ({ mlpBias }) => linear(y, h, '2', mlpBias),
  'mlp.residual': (block) => residual(block),
};

/** What entered, and what was made of it. */
const residual = ({ order, layerScale }: Block): Formula | null =>
  order === 'pre' ? row(x, op('+'), ...(layerScale ? [id('γ'), op('⊙')] : []), call('f', x), op('='), y) : null;

/** Pages with a name of their own. */
const whole: Record<string, (model: Model) => Formula | Formula[] | null> = {
  pos_embed: ({ architecture }) => (architecture?.position.kind === 'sinusoid' ? sinusoid : null),
  prediction: ({ scores }) =>
    scores === 'softmax'
      ? equal(sub(id('p'), id('c')), fraction(exponential(sub(y, id('c'))), total('k', exponential(sub(y, id('k'))))))
      : scores === 'sigmoid'
        ? equal(sub(id('p'), id('c')), call('σ', sub(y, id('c'))), op('='), sigmoid(sub(y, id('c'))))
        : null,
};

const angle = fraction(id('p'), sup(number('10000'), row(number('2'), id('i'), op('/'), id('D'))));
const sinusoid = [
  equal(sub(id('P'), row(id('p'), op(','), number('2'), id('i'))), call('sin', angle)),
  equal(sub(id('P'), row(id('p'), op(','), number('2'), id('i'), op('+'), number('1'))), call('cos', angle)),
];

/** Of a page, by its id (./pages.ts); empty where none is known to hold. */
export function formulasOf(page: string, architecture: Architecture | null, scores: Scores | null): Formula[] {
  const found = lookUp(page, architecture, scores);
  if (found === null) return [];
  return isList(found) ? found : [found];
}

const isList = (found: Formula | Formula[]): found is Formula[] => typeof found[0] !== 'string';

function lookUp(page: string, architecture: Architecture | null, scores: Scores | null): Formula | Formula[] | null {
  const stage = /^tokenizer\.stages\.(\d+)\./.exec(page);
  const stages = architecture?.tokenizer.kind === 'soft-split' ? architecture.tokenizer.stages : [];
  const block = (stage ? stages[Number(stage[1])] : architecture?.block) ?? null;
  const model = { architecture: stage ? null : architecture, block, scores };
  if (Object.hasOwn(whole, page)) return whole[page]!(model);
  if (!block || !/^(blocks|tokenizer)\./.test(page)) return null;
  const parts = page.split('.');
  const known = [parts.slice(-2).join('.'), parts.at(-1)!].find((name) => Object.hasOwn(inside, name));
  return known === undefined ? null : inside[known]!(block, model);
}

const MATHML = 'http://www.w3.org/1998/Math/MathML';

/** As an element, large as on a line of its own. */
export function mathElement(formula: Formula): Element {
  const math = document.createElementNS(MATHML, 'math');
  math.setAttribute('display', 'block');
  math.append(element(formula));
  return math;
}

function element([tag, ...content]: Formula): Element {
  const made = document.createElementNS(MATHML, tag);
  made.append(...content.map((part) => (typeof part === 'string' ? part : element(part))));
  return made;
}
