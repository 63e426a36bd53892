/** What the addon refuses crosses as a sentence: template and arguments, with a translation, and plain text at the end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toErrorShape } from '../../extension/errors/engineError';
import { isSentence, render } from '../../extension/errors/sentence';
import { architecture, binding, block, load, picture, ROOT } from './support';

const bundle = (language: string) =>
  JSON.parse(readFileSync(join(ROOT, `l10n/bundle.l10n${language}.json`), 'utf8')) as Record<string, string>;
const [english, chinese] = [bundle(''), bundle('.zh-cn')];

const tensors = (name: string) => ({ tensors: { [name]: { dtype: 'F32', shape: [1], values: new Float32Array(1) } } });

const refusals: Record<string, { code: string; says: string; chinese: string; make: () => Promise<unknown> }> = {
  'an architecture with an argument': {
    code: 'ERR_ARCHITECTURE',
    says: 'The image height 12 is smaller than the patch height 16.',
    chinese: '图像高度 12 小于补丁高度 16。',
    make: () => load(architecture({ tokenizer: { kind: 'patch', patch: [16, 4], bias: true, norm: null } })),
  },
  'a clause in a clause': {
    code: 'ERR_ARCHITECTURE',
    says: 'The encoding block: the number of heads 5000 is larger than 1024.',
    chinese: '编码块：头数 5000 大于 1024。',
    make: () => load(architecture({ block: block(24, { heads: 5000 }) })),
  },
  'a tensor': {
    code: 'ERR_TENSOR',
    says: 'The tensor patch_embed.proj.bias (24,) is missing.',
    chinese: '缺少张量 patch_embed.proj.bias (24,)。',
    make: () => load(architecture(), { weights: tensors('x') as never }),
  },
  memory: {
    code: 'ERR_MEMORY',
    says: 'This model needs 0 MB of memory for its weights; the limit is 0 MB.',
    chinese: '该模型的权重需要 0 MB 内存；上限为 0 MB。',
    make: () => load(architecture(), { memoryLimit: 1 }),
  },
  'an argument': {
    code: 'ERR_ARGUMENT',
    says: 'There is no layer 9; there are 3, counted from 0.',
    chinese: '没有层 9；共有 3 个，从 0 数起。',
    make: async () => {
      const arch = architecture();
      const run = await (await load(arch)).forward(picture(arch), 1, { attention: true, tokens: false });
      return run.attention(0, 9);
    },
  },
};

for (const [name, { code, says, chinese: translated, make }] of Object.entries(refusals)) {
  test(`${name}: ${says}`, async () => {
    const error = await make().then(
      () => assert.fail('it was not refused'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Error && isSentence(error));
    assert.ok(error.template in english, error.template);
    const shape = toErrorShape(error);
    assert.deepEqual([shape.code, shape.message, error.message], [code, says, says]);
    assert.equal(
      render(shape, (template) => chinese[template] ?? template),
      translated,
    );
  });
}

test('a refusal that is thrown at once is a sentence too', () => {
  assert.throws(
    () => binding.sinusoid(-1, 4),
    (error) => isSentence(error) && error.message === `tokens must be between 1 and ${1 << 20}.`,
  );
});

test("a tensor's name with control characters ends as plain text", async () => {
  const arch = architecture();
  const model = await load(arch);
  assert.throws(
    () => model.tensor('a\u001b[31m\nb'),
    (error) => /^This model has no tensor a\P{Cc}*b\.$/u.test(toErrorShape(error).message),
  );
});
