import type { ModelDescription } from '../architecture/description';
import { ModelError } from '../errors/modelError';
import { count } from '../errors/count';
import { sentence } from '../errors/sentence';

/** Throws ModelError naming the first problem and how many there are, unless the model can be run as it is. */
export function assertRunnable({ path, findings }: Pick<ModelDescription, 'path' | 'findings'>): void {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const [first] = errors;
  if (!first) return;
  throw new ModelError(
    'mismatch',
    errors.length > 1
      ? sentence(
          '{0} does not fit the architecture: {1} (and {2}).',
          path,
          first,
          count(errors.length - 1, 'more problem'),
        )
      : sentence('{0} does not fit the architecture: {1}.', path, first),
  );
}
