/** What goes into a step: the steps before it whose values it takes. */

/** Of a block or a token transformer: 'blocks.3.', 'tokenizer.stages.0.'. */
const SCOPE = /^(?:blocks\.\d+|tokenizer\.stages\.\d+)\./;

/**
 * The steps whose values go into `step`, in the order of its formula; `names` are those of all steps, in the order of the computation.
 * Empty where it takes the picture itself, or nothing.
 */
export function inputsOf(names: readonly string[], step: string): string[] {
  const at = names.indexOf(step);
  if (at < 0) return [];
  const before = names[at - 1];
  const scope = SCOPE.exec(step)?.[0];
  if (scope === undefined) return outside(names, step, before);
  const inside = names.filter((name) => name.startsWith(scope));
  const entered = enteredBy(names, inside[0]!);
  // the norm, the attention or the network of one branch among several
  const branch = /^(?:attns|ffns)\.\d+\./.exec(step.slice(scope.length))?.[0] ?? '';
  const local = step.slice(scope.length + branch.length);
  const find = (...choices: string[]) =>
    choices.map((name) => scope + branch + name).find((name) => inside.includes(name));
  const given = (...found: (string | undefined)[]) => found.filter((name) => name !== undefined);
  const query = find('attn.q_features', 'attn.q_rotated', 'attn.q');
  const key = find('attn.k_features', 'attn.k_rotated', 'attn.k');
  switch (local) {
    case 'pos_embed':
    case 'attn.bias':
      return [];
    case 'norm':
      // each branch begins with what enters all of them
      return branch.startsWith('ffns') ? [`${scope}attn.residual`] : entered;
    case 'attn.q':
    case 'attn.k':
    case 'attn.v': {
      const first = names[names.indexOf(scope + branch + 'attn.q') - 1];
      return inside.includes(first!) && !first!.endsWith('.pos_embed') ? [first!] : entered;
    }
    case 'attn.q_rotated':
    case 'attn.k_rotated':
      return given(find(local.replace('_rotated', '')));
    case 'attn.q_features':
    case 'attn.k_features':
      return given(find(local.replace('features', 'rotated'), local.replace('_features', '')));
    case 'attn.scores':
      return given(query, key, find('attn.bias'));
    case 'attn.weights':
      return given(...(find('attn.scores') ? [find('attn.scores')] : [query, key]));
    case 'attn.context':
      return given(find('attn.weights'), find('attn.v'));
    case 'attn.proj':
      return given(find('attn.norm', 'attn.context'));
    case 'attn.value_skip':
      return given(find('attn.v'), before);
    case 'attn.residual':
      return [...entered, ...changes(inside, scope, 'attns', before)];
    case 'mlp.residual':
      return [...given(enteredNetwork(inside, scope)), ...changes(inside, scope, 'ffns', before)];
    case 'mlp.act':
      return given(find('in_proj') ?? before);
    case 'sum':
      return given(find('attn.proj'), find('mlp.act'));
    case 'residual':
      return [...entered, ...given(before)];
    default:
      return before === undefined ? [] : inside.includes(before) && !before.endsWith('.pos_embed') ? [before] : entered;
  }
}

function outside(names: readonly string[], step: string, before: string | undefined): string[] {
  if (step === 'pos_embed') return [];
  if (step === 'prefix' || step === 'tokens') {
    const embedded = names.filter((name) => name === 'patch_embed' || name === 'patch_embed.norm').slice(-1);
    return step === 'prefix' ? embedded : ['prefix', 'pos_embed'].filter((name) => names.includes(name));
  }
  return before === undefined ? [] : [before];
}

/** What enters a block whose first step is `first`: what left the one before, and the block's own positions. */
function enteredBy(names: readonly string[], first: string): string[] {
  const before = names[names.indexOf(first) - 1];
  return [...(before === undefined ? [] : [before]), ...(first.endsWith('.pos_embed') ? [first] : [])];
}

/** What the split connection around the network adds again. */
function enteredNetwork(inside: readonly string[], scope: string): string | undefined {
  const network = inside.findIndex((name) => name.startsWith(`${scope}mlp.`) || name.startsWith(`${scope}ffns.`));
  const before = inside[network - 1];
  return before?.endsWith('.norm2') === true ? inside[network - 2] : before;
}

/** What is added to what entered: the last step of each branch, or the step before. */
function changes(
  inside: readonly string[],
  scope: string,
  kind: 'attns' | 'ffns',
  before: string | undefined,
): string[] {
  const branches = inside.filter((name) => name.startsWith(`${scope}${kind}.`));
  const numbers = [...new Set(branches.map((name) => name.slice(scope.length).split('.')[1]))];
  const last = numbers.map((number) =>
    branches.filter((name) => name.startsWith(`${scope}${kind}.${number}.`)).at(-1)!,
  );
  return last.length > 0 ? last : before === undefined ? [] : [before];
}
