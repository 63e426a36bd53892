/** What agents may ask, as VS Code checks it (ours) and as the Model Context Protocol's server does (zod): the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { checkInput, inputs, type ToolName } from '../../extension/agents/inputs';

const schema = (name: ToolName) => z.fromJSONSchema(inputs[name] as unknown as z.core.JSONSchema.JSONSchema);

const given: [ToolName, unknown, RegExp | null][] = [
  ['classify_image', { image: 'a.png' }, null],
  ['classify_image', { image: 'a.png', model: 'm', topK: 50 }, null],
  ['classify_image', {}, /^image: it is missing$/],
  ['classify_image', { image: '' }, /^image: it is empty$/],
  ['classify_image', { image: 7 }, /^image: it must be a text$/],
  ['classify_image', { image: 'a'.repeat(4097) }, /^image: it is longer than 4096 characters$/],
  ['classify_image', { image: 'a.png', topK: 0 }, /^topK: it must be a whole number from 1 to 50$/],
  ['classify_image', { image: 'a.png', topK: 51 }, /^topK: /],
  ['classify_image', { image: 'a.png', topK: 1.5 }, /^topK: /],
  ['classify_image', { image: 'a.png', topK: NaN }, /^topK: /],
  ['classify_image', { image: 'a.png', topK: '5' }, /^topK: /],
  ['classify_image', { image: 'a.png', constructor: 'x' }, /^constructor: there is no such property$/],
  ['classify_image', null, /^the input is no object$/],
  ['classify_image', 'a.png', /^the input is no object$/],
  ['classify_image', ['a.png'], /./],
  ['explain_image', { image: 'a.png', method: 'rollout', class: '3' }, null],
  ['explain_image', { image: 'a.png', method: 'guessing' }, /^method: it must be one of .*rollout/],
  ['inspect_checkpoint', { model: 'm' }, null],
  ['inspect_checkpoint', { model: null }, /^model: /],
  ['summarise_results', { file: 'a.vitresults.jsonl' }, null],
  ['summarise_results', { image: 'a' }, /^image: /],
];

for (const [name, input, message] of given) {
  test(`${name} ${JSON.stringify(input)?.slice(0, 60)} is ${message ? 'refused' : 'taken'}`, () => {
    assert.equal(schema(name).safeParse(input).success, message === null);
    if (message) assert.throws(() => checkInput(name, input), { name: 'Error', message });
    else assert.deepEqual(checkInput(name, input), input);
  });
}
