import type { ModelDescription } from '../architecture/description';
import { ModelError, count } from '../errors/modelError';

/** Throws ModelError naming the first problem and how many there are, unless the model can be run as it is. */
export function assertRunnable({ path, findings }: Pick<ModelDescription, 'path' | 'findings'>): void {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const [first] = errors;
  if (!first) return;
  const more = errors.length > 1 ? ` (and ${count(errors.length - 1, 'more problem')})` : '';
  throw new ModelError(
    'mismatch',
    `${path} does not fit the architecture: ${first.message.replace(/\.$/, '')}${more}.`,
  );
}
