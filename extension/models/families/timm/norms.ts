/** The norms of a timm model that its file names anew. */
import type { Fields } from '../../config/fields';

/** What a name implies, without its eps where the file says norm_layer (None too): timm makes that layer with its own eps, 1e-6. */
export function withoutNamesNorm(config: Fields, named: Record<string, unknown>): Record<string, unknown> {
  if (!config.inner('model_args').names().includes('norm_layer') && !config.has('norm_layer')) return named;
  const { norm_eps: _eps, ...others } = named;
  return others;
}
