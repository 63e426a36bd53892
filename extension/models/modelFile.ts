/**
 * What a .vit.json file says, and what is wrong with it: for squiggles while it is written. No weights, no vscode. Unknown
 * parameters and excess are found here; the rules on values are the constructors' (families/articles.ts).
 */
import { findNodeAtLocation, getNodeValue, parseTree, type Node } from 'jsonc-parser';
import { nearest } from './bind';
import type { Architecture } from '../architecture/description';
import { parameterCount, tooManyToDraw } from './describe';
import { grouped } from '../errors/count';
import { ModelError } from '../errors/modelError';
import { sentence, type Argument, type Sentence } from '../errors/sentence';
import { MOST_JSON_BYTES, MOST_NESTING, nestedTooDeep } from '../files/jsonLimits';
import { isObject } from './files/safetensors';
import { recogniseConfig } from './families';
import { Fields } from './config/fields';
import { articleModel } from './families/articles';
import { prefixCount } from '../architecture/tensors';
import { gridOf, grids } from '../architecture/grid';
import type { Problem } from './problem';
import schema from './vit.schema.json';

export interface Check {
  problems: Problem[];
  /** Null while there are problems, or when the file is no config of the articles' models. */
  architecture: Architecture | null;
  /** The picture it names, as written. */
  picture: string | null;
}

/** More than this many wrong fields are not all said at once. */
const MOST_PROBLEMS = 8;

const NOTHING: Check = { problems: [], architecture: null, picture: null };

/** Syntax errors are left to the JSON language: a text that does not parse has no problems here. Takes time by its length. */
export function checkModelFile(text: string, file: string): Check {
  const excess = excessOf(text);
  if (excess) return { ...NOTHING, problems: [excess] };
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const value: unknown = tree && getNodeValue(tree);
  if (!tree || !isObject(value)) return NOTHING;
  const config = new Fields(file, value);
  const picture = config.word('image') || null;
  if (!recogniseConfig(config)?.seeded) return { ...NOTHING, picture };
  return { ...checkFields(tree, config), picture };
}

/** What keeps a text from being parsed at all. */
function excessOf(text: string): Problem | null {
  if (text.length > MOST_JSON_BYTES)
    return { offset: 0, length: 1, ...sentence('This is longer than {0} characters.', MOST_JSON_BYTES) };
  const offset = nestedTooDeep(text);
  return offset === null
    ? null
    : { offset, length: 1, ...sentence('This is nested deeper than {0} levels.', MOST_NESTING) };
}

function checkFields(tree: Node, given: Fields): Omit<Check, 'picture'> {
  const problems = unknownFields(tree, given);
  let config = given;
  // Each wrong field is set aside for its default, so that the ones behind it are seen too.
  while (problems.length < MOST_PROBLEMS) {
    try {
      const architecture = articleModel(config);
      const excess = config.has('weights') ? null : tooManyToDraw(architecture);
      if (excess) problems.push({ ...place(tree, config.has('depth') ? 'depth' : 'token_len'), ...excess });
      return { problems, architecture: problems.length === 0 ? architecture : null };
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      const isGiven = error.field !== undefined && config.get(error.field) !== undefined;
      // what is left then is wrong with a default, which the reader did not write
      if (!isGiven && problems.length > 0) break;
      problems.push({ ...place(tree, error.field), ...withoutFile(error) });
      if (!isGiven || error.field === undefined) break;
      config = config.with({ [error.field]: undefined });
    }
  }
  return { problems, architecture: null };
}

/** Throws for a field no constructor has: the model that runs would not be the one that was meant. */
export function assertKnownFields(config: Fields): void {
  const [first] = unknownFields(null, config);
  if (!first) return;
  const { message, template, args } = first;
  const inFile = { message, template, args };
  throw new ModelError('config', sentence('{0}: {1}', config.source, inFile), undefined, inFile);
}

/** Fields no constructor has: a slip of the pen is nearly always near a real name. */
function unknownFields(tree: Node | null, config: Fields): Problem[] {
  const t2t = config.get('architecture') === 'T2T_ViT';
  const [condition] = schema.allOf;
  const own = Object.keys(t2t ? condition!.then.properties : condition!.else.properties);
  const foreign = t2t ? ['patch_size'] : ['softsplit_kernels', 'token_chan', 'T2T_hidden_chan_mul'];
  const known = [...Object.keys(schema.properties), ...own].filter((name) => !foreign.includes(name));
  const unknown = config.names().filter((name) => !known.includes(name) && !foreign.includes(name));
  const rest = unknown.length - MOST_PROBLEMS;
  return unknown.slice(0, MOST_PROBLEMS).map((name, i) => {
    const near = nearest(name, known);
    const more = i === MOST_PROBLEMS - 1 && rest > 0 ? rest : 0;
    const { offset, length } = (tree && (keyOf(tree, name) ?? tree)) ?? { offset: 0, length: 0 };
    const model = config.text('architecture') ?? sentence('this model');
    return { offset, length, ...unknownField(name, model, near, more) };
  });
}

/** Where a field's value stands; its absence is shown on the architecture's name. */
function place(tree: Node, field = 'architecture'): { offset: number; length: number } {
  const node = findNodeAtLocation(tree, [field]) ?? findNodeAtLocation(tree, ['architecture']) ?? tree;
  return { offset: node.offset, length: node.length };
}

function keyOf(tree: Node, name: string): Node | undefined {
  return tree.children?.find((property) => property.children?.[0]?.value === name)?.children?.[0];
}

function unknownField(name: string, model: Argument, near: string | undefined, more: number): Sentence {
  const others = grouped(more);
  if (near === undefined) {
    return more === 0
      ? sentence('{0} is no parameter of {1}.', name, model)
      : sentence('{0} is no parameter of {1}. (and {2} more)', name, model, others);
  }
  return more === 0
    ? sentence('{0} is no parameter of {1}; did you mean {2}?', name, model, near)
    : sentence('{0} is no parameter of {1}; did you mean {2}? (and {3} more)', name, model, near, others);
}

/** In the file itself its name says nothing. */
function withoutFile(error: ModelError): Sentence {
  const { message, template, args } = error.inFile ?? error;
  return { message, template, args };
}

/** "15 patches of 20 × 20 · 16 tokens of 768 · 12 blocks · 85.1 M parameters" */
export function summary(architecture: Architecture): Sentence {
  const { tokenizer, dim, depth, prefix } = architecture;
  const [rows, columns] = gridOf(architecture);
  const made =
    tokenizer.kind === 'patch'
      ? sentence('{0} patches of {1}', rows * columns, tokenizer.patch.join(' × '))
      : sentence(
          'soft splits into {0} tokens',
          grids(architecture)
            .map(([down, across]) => down * across)
            .join(' → '),
        );
  const tokens = rows * columns + prefixCount(prefix);
  const parameters = parameterCount(architecture);
  const millions = parameters >= 1e6 ? `${(parameters / 1e6).toFixed(1)} M` : grouped(parameters);
  return sentence('{0} · {1} tokens of {2} · {3} blocks · {4} parameters', made, tokens, dim, depth, millions);
}
