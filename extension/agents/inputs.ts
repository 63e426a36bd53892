/**
 * What agents' tools take, as JSON schemas. `languageModelTools` of package.json repeats them, but for the methods' names
 * (test/unit/manifest.test.ts compares).
 */
import { methodIds } from '../engine/methods';
import { DEFAULT_TOP_K } from '../engine/predictions';

interface Text {
  type: 'string';
  description: string;
  minLength?: number;
  maxLength?: number;
  enum?: readonly string[];
}
interface Integer {
  type: 'integer';
  description: string;
  minimum: number;
  maximum: number;
}
interface Schema {
  type: 'object';
  properties: Record<string, Text | Integer>;
  required: readonly string[];
  additionalProperties: false;
}

/** More are no answer that is read. */
const MOST_CLASSES = 50;

const pathOf = (description: string) => ({ type: 'string', description, minLength: 1, maxLength: 4096 }) as const;
const image = pathOf('Path of the picture file.');
const model = pathOf(
  'A model directory, a .safetensors, .onnx or .vit.json file, or "embedded". Default: the one in use.',
);

export const inputs = {
  classify_image: {
    type: 'object',
    properties: {
      image,
      model,
      topK: {
        type: 'integer',
        description: `How many classes, the most probable first. Default: ${DEFAULT_TOP_K}.`,
        minimum: 1,
        maximum: MOST_CLASSES,
      },
    },
    required: ['image'],
    additionalProperties: false,
  },
  explain_image: {
    type: 'object',
    properties: {
      image,
      model,
      method: {
        type: 'string',
        description:
          'How it is explained. Default: relevance, or rollout where the model gives attention only. The answer to an unknown one lists them.',
        enum: methodIds,
      },
      class: {
        type: 'string',
        description: 'Index or label of the class that is explained. Default: the most probable one.',
        minLength: 1,
        maxLength: 400,
      },
    },
    required: ['image'],
    additionalProperties: false,
  },
  inspect_checkpoint: {
    type: 'object',
    properties: { model: pathOf('A model directory, a .safetensors, .onnx or .vit.json file, or "embedded".') },
    required: ['model'],
    additionalProperties: false,
  },
  summarise_results: {
    type: 'object',
    properties: { file: pathOf('Path of a .vitresults.jsonl file.') },
    required: ['file'],
    additionalProperties: false,
  },
} as const satisfies Record<string, Schema>;

export type ToolName = keyof typeof inputs;

type Value<P> = P extends { type: 'integer' } ? number : string;
type Required<S extends Schema> = S['required'][number];
type Input<S extends Schema> = { [K in keyof S['properties'] & Required<S>]: Value<S['properties'][K]> } & {
  [K in Exclude<keyof S['properties'], Required<S>>]?: Value<S['properties'][K]>;
};
export type ToolInput<K extends ToolName> = Input<(typeof inputs)[K]>;

/** The input, or why it is none: throws a plain Error with one line. */
export function checkInput<K extends ToolName>(name: K, value: unknown): ToolInput<K> {
  const { properties, required }: Schema = inputs[name];
  if (typeof value !== 'object' || value === null) throw new Error('the input is no object');
  const given = Object.entries(value);
  for (const [key, one] of given) {
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    const wrong = schema ? whyNot(schema, one) : 'there is no such property';
    if (wrong !== null) throw new Error(`${key}: ${wrong}`);
  }
  for (const key of required) if (!Object.hasOwn(value, key)) throw new Error(`${key}: it is missing`);
  return Object.fromEntries(given) as ToolInput<K>;
}

function whyNot(schema: Text | Integer, value: unknown): string | null {
  if (schema.type === 'integer') {
    const { minimum, maximum } = schema;
    const fits = Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
    return fits ? null : `it must be a whole number from ${minimum} to ${maximum}`;
  }
  if (typeof value !== 'string') return 'it must be a text';
  const { minLength = 0, maxLength = Infinity, enum: allowed } = schema;
  if (value.length < minLength) return 'it is empty';
  if (value.length > maxLength) return `it is longer than ${maxLength} characters`;
  return allowed && !allowed.includes(value) ? `it must be one of ${allowed.join(', ')}` : null;
}
