/** Each method in PyTorch, as the panel computes it (docs/evidence.md). Lines of Python that define `values`. */
import type { MethodId } from '../../../extension/engine/methods';
import type { Architecture } from '../../../extension/architecture/description';
import type { ViewState } from '../../../extension/protocol/panel';

export interface MethodCode {
  lines: readonly string[];
  /** `values` are one a token, prefix tokens first; else one a patch. */
  overTokens: boolean;
  /** Uses a part of the model that not every library has in one place. */
  uses?: 'lastNorm' | 'embedding';
}

/** Of a class, or of one against another. */
const y = 'y = sum(weight * logits[0, index] for index, weight in TARGET.items())';

/** The rows of all heads as one: `rows` (heads, ...) */
const fused = (head: ViewState['head'], rows: string): string =>
  typeof head === 'number'
    ? `${rows}[HEAD]`
    : { mean: `${rows}.mean(0)`, max: `${rows}.amax(0)`, min: `${rows}.amin(0)` }[head];

/** Relevance's first row: the tokens that the classifier reads. */
function start(pool: Architecture['pool']): string[] {
  const patches = 'start[PREFIX:] = 1 / (tokens - PREFIX)';
  switch (pool) {
    case 'token':
      return ['start[0] = 1'];
    case 'distilled':
      return ['start[:2] = 0.5'];
    case 'class-avg':
      return [patches.replace('1 /', '0.5 /'), 'start[0] += 0.5'];
    default:
      return [patches];
  }
}

/** Sums over the channels and pixels of each patch; pixels beyond the last whole patch are left out. */
const patchSums = [
  '',
  '',
  'def patch_sums(pixels):',
  '    (rows, columns), (height, width) = GRID, PATCH',
  '    whole = pixels[:, : rows * height, : columns * width]',
  '    return whole.reshape(-1, rows, height, columns, width).sum((0, 2, 4)).flatten()',
  '',
  '',
];

/** Null for methods without a few lines of their own. */
export function methodCode(method: MethodId, { head }: ViewState, { pool }: Architecture): MethodCode | null {
  switch (method) {
    case 'attention':
      return {
        overTokens: true,
        lines: [
          '_, maps = run(x)',
          'rows = maps[LAYER][0, :, QUERY]  # (heads, tokens)',
          `values = ${fused(head, 'rows')}`,
        ],
      };
    case 'rollout':
      return {
        overTokens: true,
        lines: [
          '_, maps = run(x)',
          'identity = torch.eye(maps[0].shape[-1])',
          'rollout = identity',
          'for layer_map in maps[: LAYER + 1]:',
          `    step = ${fused(typeof head === 'number' ? 'mean' : head, 'layer_map[0]')} + identity`,
          '    rollout = step / step.sum(-1, keepdim=True) @ rollout',
          'values = rollout[QUERY]',
        ],
      };
    case 'relevance':
      return {
        overTokens: true,
        lines: [
          'logits, maps = run(x.requires_grad_())',
          y,
          'gradients = torch.autograd.grad(y, maps)',
          'tokens = maps[0].shape[-1]',
          'start = torch.zeros(tokens)',
          ...start(pool),
          'values = start',
          'for layer_map, gradient in reversed(list(zip(maps, gradients))):',
          '    values = values + values @ (layer_map[0] * gradient[0]).clamp(min=0).mean(0)',
        ],
      };
    case 'grad-cam':
      return {
        overTokens: false,
        uses: 'lastNorm',
        lines: [
          'kept = []',
          'last_norm.register_forward_hook(lambda module, inputs, output: kept.append(output))',
          'logits, _ = run(x.requires_grad_())',
          y,
          '(gradient,) = torch.autograd.grad(y, kept[-1])',
          'weights = gradient[0, PREFIX:].mean(0)',
          'values = (kept[-1][0, PREFIX:] @ weights).clamp(min=0)',
        ],
      };
    case 'input-gradient':
      return {
        overTokens: false,
        lines: [
          ...patchSums,
          'logits, _ = run(x.requires_grad_())',
          y,
          '(gradient,) = torch.autograd.grad(y, x)',
          'values = patch_sums((x * gradient)[0])',
        ],
      };
    case 'integrated-gradients':
      return {
        overTokens: false,
        lines: [
          ...patchSums,
          'total = torch.zeros_like(x)',
          'for k in range(STEPS):',
          '    point = (x * (k + 0.5) / STEPS).requires_grad_()',
          '    logits, _ = run(point)',
          `    ${y}`,
          '    total += torch.autograd.grad(y, point)[0]',
          'values = patch_sums((x * total / STEPS)[0])',
        ],
      };
    case 'leave-one-out':
      return {
        overTokens: false,
        uses: 'embedding',
        lines: [
          'def score(hidden):',
          '    HIDDEN[:] = hidden',
          '    logits, _ = run(x)',
          `    ${y}`,
          '    return y',
          '',
          '',
          'always = list(HIDDEN)',
          'with torch.no_grad():',
          '    whole = score(always)',
          '    values = torch.stack([whole - score(always + [patch]) for patch in range(GRID[0] * GRID[1])])',
        ],
      };
    case 'value-attention':
    case 'token-sampling':
    case 'similarity':
      return null;
  }
}
