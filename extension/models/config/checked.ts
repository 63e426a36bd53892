/** What a family made of a file, with every number in its bounds. */
import { outOfBounds, type OutOfBounds } from '../../architecture/bounds';
import type { Architecture } from '../../architecture/description';
import { ConfigError } from '../../errors/configError';
import { wrongPreprocessing } from '../../architecture/preprocessingBounds';
import type { Preprocessing } from '../../image/preprocessing';
import type { Family, FamilyInput } from './family';
import type { Fields } from './fields';
import { sentence } from '../../errors/sentence';

/** Throws ModelError naming the field, its value and the limit. */
export function architectureOf(family: Family, input: FamilyInput): Architecture {
  const architecture = family.architecture(input);
  assertInBounds(outOfBounds(architecture), input.config);
  return architecture;
}

/** The same for how pictures are fed. */
export function preprocessingOf(family: Family, input: FamilyInput, architecture: Architecture): Preprocessing {
  const { source } = input.processor ?? input.config;
  return checkedPreprocessing(family.preprocessing(input, architecture), source);
}

export function checkedPreprocessing(preprocessing: Preprocessing, source: string): Preprocessing {
  const wrong = wrongPreprocessing(preprocessing);
  if (wrong === null) return preprocessing;
  throw new ConfigError('config', source, wrong);
}

/** Places of a config where its numbers stand. */
const INNER = ['model_args', 'pretrained_cfg', 'vision_config', 'rope_parameters'];

export function assertInBounds(found: OutOfBounds | null, config: Fields): void {
  if (found === null) return;
  const places = [config, ...INNER.filter((name) => config.holdsObject(name)).map((name) => config.inner(name))];
  const field = found.fields.find((name) => places.some((place) => place.has(name)));
  const said = field === undefined ? found.said : sentence('{0} (from {1})', found.said, field);
  throw new ConfigError('config', config.source, said, field);
}
