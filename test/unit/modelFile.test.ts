/** What the editor says about a .vit.json while it is written. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { checkModelFile, summary } from '../../extension/models/modelFile';
import schema from '../../extension/models/vit.schema.json';
import { TORCH_ACTIVATIONS } from '../../extension/architecture/activations';
import { TORCH_NORMS } from '../../extension/models/families/articles';

const root = path.resolve(__dirname, '../..');
const file = '/models/mine.vit.json';
const article = {
  architecture: 'ViT_Model',
  img_size: [1, 60, 100],
  patch_size: 20,
  token_len: 768,
  num_heads: 1,
  depth: 12,
};

/** Each problem as the text it underlines and what it says. */
function problemsOf(config: object): [text: string, message: string][] {
  const text = JSON.stringify(config, null, 2);
  return checkModelFile(text, file).problems.map(({ offset, length, message }) => [
    text.slice(offset, offset + length),
    message,
  ]);
}

test('the article’s model has no problems; its lens says what it is', () => {
  const { problems, architecture } = checkModelFile(JSON.stringify(article), file);
  assert.deepEqual(problems, []);
  assert.ok(architecture);
  // projection, class token, 12 blocks, norm, head; the sinusoids are no parameters
  const block = 2 * 768 + 3 * 768 * 768 + (768 * 768 + 768) + 2 * 768 + 2 * 4 * 768 * 768 + 4 * 768 + 768;
  const parameters = 400 * 768 + 768 + 768 + 12 * block + 2 * 768 + 769;
  assert.equal(
    summary(architecture).message,
    `15 patches of 20 × 20 · 16 tokens of 768 · 12 blocks · ${(parameters / 1e6).toFixed(1)} M parameters`,
  );
});

test("an indivisible size is underlined with the article's own sentence", () => {
  assert.deepEqual(problemsOf({ ...article, patch_size: 50 }), [
    ['50', 'Height of image must be evenly divisible by patch size. (60 pixels, patch_size 50)'],
  ]);
  const [[text, message] = []] = problemsOf({ ...article, patch_size: 30 });
  assert.equal(text, '30');
  assert.match(message ?? '', /^Width of image must be evenly divisible by patch size\./);
});

test('every wrong field is said at once, each at its place', () => {
  const problems = problemsOf({ ...article, depth: 'many', num_heads: 7, act_layer: 'GELLU' });
  assert.deepEqual(problems.map(([text]) => text).sort(), ['"GELLU"', '"many"', '7']);
  assert.match(
    problems.find(([text]) => text === '7')?.[1] ?? '',
    /"Chan" must be evenly divisible by "num_heads"\. \(768 channels, 7 heads\)/,
  );
  assert.match(problems.find(([text]) => text === '"GELLU"')?.[1] ?? '', /one of .*GELU/);
});

test('preds 0 leaves the head out, as the schema says', () => {
  const { problems, architecture } = checkModelFile(JSON.stringify({ ...article, preds: 0 }), file);
  assert.deepEqual(problems, []);
  assert.equal(architecture?.classes, 0);
});

test('a slip in a name is named', () => {
  assert.deepEqual(problemsOf({ ...article, patchsize: 10 }), [
    ['"patchsize"', 'patchsize is no parameter of ViT_Model; did you mean patch_size?'],
  ]);
  assert.deepEqual(problemsOf({ ...article, dept: 6 }), [
    ['"dept"', 'dept is no parameter of ViT_Model; did you mean depth?'],
  ]);
  // three letters away from "std", and none of it
  assert.deepEqual(problemsOf({ ...article, k0: 1 }), [['"k0"', 'k0 is no parameter of ViT_Model.']]);
});

test('kernels that leave nothing are underlined', () => {
  const config = { architecture: 'T2T_ViT', img_size: [1, 4, 4], softsplit_kernels: [31, 3, 3] };
  const [[text, message] = []] = problemsOf(config);
  assert.match(text ?? '', /^\[\s*31/);
  assert.match(message ?? '', /leaves no token after the soft splits/);
});

test('a field at its default is underlined where it would be: at the architecture', () => {
  const [[text] = []] = problemsOf({ architecture: 'ViT_Model', img_size: [1, 60, 100] });
  assert.equal(text, '"ViT_Model"');
});

test('comments and trailing commas are welcome; half-written text and other JSON are nobody’s problem', () => {
  assert.notEqual(checkModelFile(`// mine\n${JSON.stringify(article).slice(0, -1)},}`, file).architecture, null);
  for (const text of ['', '{', '[]', '{"architecture": "vit_base_patch16_224"}', '{"a": 1}', 'null']) {
    assert.deepEqual(checkModelFile(text, file), { problems: [], architecture: null, picture: null });
  }
});

test('the sample model files are sound', () => {
  for (const name of ['mountain-dusk.vit.json', 'tokens-to-token.vit.json']) {
    const text = readFileSync(path.join(root, 'samples', name), 'utf8');
    const { problems, architecture } = checkModelFile(text, name);
    assert.deepEqual(problems, []);
    assert.deepEqual(architecture?.image, { channels: 1, height: 60, width: 100 });
  }
});

test('the schema offers the activations and norms the models know', () => {
  assert.deepEqual([...schema.properties.act_layer.enum].sort(), Object.keys(TORCH_ACTIVATIONS).sort());
  assert.deepEqual([...schema.properties.norm_layer.enum].sort(), Object.keys(TORCH_NORMS).sort());
});

test("a default that the editor names is the constructor's own", () => {
  const [condition] = schema.allOf;
  const { then: t2t, else: vit } = condition as Required<NonNullable<typeof condition>>;
  for (const [architecture, own] of Object.entries({ ViT_Model: vit, T2T_ViT: t2t })) {
    const fields: Record<string, object> = { ...schema.properties, ...own.properties };
    const defaults = Object.entries(fields).flatMap(([name, field]) =>
      'default' in field ? [[name, field.default]] : [],
    );
    // the sizes must be given; every other field may be left out
    const needed = ['img_size', 'patch_size', 'softsplit_kernels'];
    const given = defaults.filter(([name]) => needed.includes(name as string));
    const read = (rest: unknown[][]) =>
      checkModelFile(JSON.stringify({ architecture, ...(Object.fromEntries([...given, ...rest]) as object) }), file);
    const plain = read([]);
    assert.deepEqual(plain.problems, []);
    assert.ok(plain.architecture && defaults.length > given.length + 8);
    for (const field of defaults) assert.deepEqual(read([field]).architecture, plain.architecture, String(field[0]));
  }
});
