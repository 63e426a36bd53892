/** What a family makes of a config and of tensors that are names and shapes only: no files, so that hundreds of configs take no time. */
import assert from 'node:assert/strict';
import type { Architecture, Finding } from '../../../extension/architecture/description';
import { ModelError } from '../../../extension/errors/modelError';
import type { Preprocessing } from '../../../extension/image/preprocessing';
import { architectureOf, preprocessingOf } from '../../../extension/models/config/checked';
import type { Tensors } from '../../../extension/models/config/family';
import { Fields } from '../../../extension/models/config/fields';
import { recognise } from '../../../extension/models/families';

export interface Described {
  family: string;
  architecture: Architecture;
  preprocessing: Preprocessing;
  findings: Finding[];
}

export type Shapes = Record<string, number[]>;

export const tensorsOf = (shapes: Shapes, dtype = 'F32'): Tensors =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, { name, dtype, shape, file: 'm', begin: 0, end: 0 }]));

export function described(config: object, shapes: Shapes | null = null, processor: object | null = null): Described {
  const fields = new Fields('config.json', config as Record<string, unknown>);
  const { family, tensors } = recognise(fields, shapes && tensorsOf(shapes));
  const findings: Finding[] = [];
  const given = processor && new Fields('preprocessor_config.json', processor as Record<string, unknown>);
  const input = { config: fields, processor: given, tensors, findings };
  const architecture = architectureOf(family, input);
  return { family: family.name, architecture, preprocessing: preprocessingOf(family, input, architecture), findings };
}

export const codes = ({ findings }: Described): string[] => findings.map(({ code }) => code);

/** The value at a path such as "block.norm.eps". */
export const at = (value: object, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key], value);

export function refused(make: () => unknown, said: RegExp, code?: string): void {
  assert.throws(make, (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.match(error.message, said);
    if (code !== undefined) assert.equal(error.code, code);
    return true;
  });
}
