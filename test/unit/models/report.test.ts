import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { plainArchitecture, plainBlock } from '../../../extension/architecture/plain';
import { Fields } from '../../../extension/models/config/fields';
import { publishedHeads, usualHeads } from '../../../extension/models/config/heads';
import { either, sentence } from '../../../extension/errors/sentence';
import { oddHeads } from '../../../extension/models/headCount';
import { parameterCount, reportOf } from '../../../extension/models/describe';
import { modelReport } from '../../../extension/reports/modelReport';
import { assertRunnable } from '../../../extension/models/runnable';
import { tensors, unpack, write, type Entry } from './files';
import { ROOT, changed, errorsOf, folder, open, refuses } from './opening';

test('the report: a missing block', async () => {
  const path = changed('timm-plain', 'missing-block', (entries) => {
    for (const name of [...entries.keys()]) if (name.startsWith('blocks.1.')) entries.delete(name);
  });
  const errors = await errorsOf(path);
  assert.deepEqual(
    errors.map(({ code, subject }) => [code, subject]),
    [['missing-block', 'blocks.1']],
  );
  assert.match(errors[0]?.message ?? '', /Block 1 of 3 is missing/);
  await assert.rejects(
    async () => assertRunnable(await open(path)),
    /missing-block does not fit the architecture: Block 1 of 3 is missing/,
  );
});

test('the report: a missing tensor and the nearest one', async () => {
  const path = changed('timm-plain', 'misspelt', (entries) => {
    const entry = entries.get('blocks.0.attn.proj.weight') as Entry;
    entries.delete('blocks.0.attn.proj.weight');
    entries.set('blocks.0.attn.porj.weight', entry);
  });
  const errors = await errorsOf(path);
  assert.deepEqual(
    errors.map(({ code, subject }) => [code, subject]),
    [
      ['missing-tensor', 'blocks.0.attn.proj.weight'],
      ['unexpected-tensor', 'blocks.0.attn.porj.weight'],
    ],
  );
  assert.match(
    errors[0]?.message ?? '',
    /\[36, 36\] is missing; the nearest the file has is blocks\.0\.attn\.porj\.weight/,
  );
  await assert.rejects(async () => assertRunnable(await open(path)), /\(and 1 more problem\)\.$/);
});

test('the report: a missing bias, a missing class token, a missing Q', async () => {
  const without = (name: string, tensor: string) =>
    changed(name, `without-${tensor}`, (entries) => assert.ok(entries.delete(tensor)));
  assert.equal((await errorsOf(without('timm-plain', 'blocks.2.attn.qkv.bias')))[0]?.subject, 'blocks.2.attn.qkv.bias');
  assert.equal((await errorsOf(without('timm-plain', 'cls_token')))[0]?.subject, 'cls_token');
  assert.equal((await errorsOf(without('timm-plain', 'head.weight')))[0]?.subject, 'head.weight');
  const query = 'vit.encoder.layer.1.attention.attention.query.weight';
  const errors = await errorsOf(without('hf-vit', query));
  assert.deepEqual(
    errors.map(({ subject }) => subject),
    ['encoder.layer.1.attention.attention.query.weight'],
  );
});

test('the report: a transposed matrix, a wrong shape, a dtype that cannot be run', async () => {
  const transposed = changed('timm-plain', 'transposed', (entries) =>
    (entries.get('blocks.0.mlp.fc1.weight') as Entry).shape.reverse(),
  );
  const [first] = await errorsOf(transposed);
  assert.equal(first?.code, 'transposed');
  assert.match(
    first.message,
    /blocks\.0\.mlp\.fc1\.weight is transposed: its shape is \[36, 144\], the architecture needs \[144, 36\]/,
  );
  const wrong = changed('timm-plain', 'wrong-shape', (entries) =>
    entries.set('norm.bias', { dtype: 'F32', shape: [35], bytes: Buffer.alloc(140) }),
  );
  assert.match((await errorsOf(wrong))[0]?.message ?? '', /norm\.bias has shape \[35\], the architecture needs \[36\]/);
  const double = changed('timm-plain', 'double', (entries) =>
    entries.set('norm.bias', { dtype: 'F64', shape: [36], bytes: Buffer.alloc(288) }),
  );
  assert.match((await errorsOf(double))[0]?.message ?? '', /norm\.bias has dtype F64; F32, F16 and BF16 can be run/);
});

test('the report: wrong head counts', async () => {
  const heads = (n: number) => (c: Record<string, unknown>) =>
    void ((c['model_args'] as Record<string, number>)['num_heads'] = n);
  await refuses(
    changed('timm-plain', 'heads-5', () => undefined, heads(5)),
    'config',
    /36-wide tokens cannot be split over 5 heads/,
  );
  // With normalised queries the file itself says how wide a head is.
  const errors = await errorsOf(changed('timm-qk-norm', 'heads-4', () => undefined, heads(4)));
  assert.match(errors[0]?.message ?? '', /q_norm\.weight has shape \[10\], the architecture needs \[5\]/);
});

test('a name of timm says how many heads are published', () => {
  const codes = (architecture: string, heads: number) => {
    const model = plainArchitecture({
      image: { channels: 3, height: 224, width: 224 },
      tokenizer: { kind: 'patch', patch: [16, 16], bias: true, norm: null },
      dim: 768,
      depth: 12,
      block: plainBlock(768, heads, 3072, 1e-6),
      position: { kind: 'learned', covers: 'all', grid: [14, 14], resample: 'bicubic' },
      classes: 0,
    });
    return oddHeads(model, new Fields('config.json', { architecture })).map(({ code }) => code);
  };
  assert.deepEqual(codes('vit_base_patch16_gap_224.in1k', 16), []);
  assert.deepEqual(codes('vit_base_patch16_gap_224', 12), ['odd-heads']);
  assert.deepEqual(codes('vit_base_patch16_224', 12), []);
  assert.deepEqual(codes('vit_base_patch16_224', 16), ['odd-heads']);
  assert.deepEqual(codes('eva02_base_patch14_224', 12), []);
});

test('heads that nobody names are the usual ones of published models of that length', () => {
  // ViT-H's and SigLIP so400m's heads are 80 and 72 wide, not 64
  assert.deepEqual([192, 384, 768, 1024, 1152, 1280, 448, 36].map(usualHeads), [3, 6, 12, 16, 16, 16, 7, 1]);
  assert.equal(sentence('{0}', either(publishedHeads(1024)!)).message, '16 or 8');
});

test('the report: a head count that fits the tensors and no published model', async () => {
  const config = { architecture: 'ViT_Model', token_len: 768, img_size: [1, 8, 8], patch_size: 8, depth: 0 };
  assert.deepEqual(
    reportOf(await open(write(folder, 'articles.vit.json', JSON.stringify(config))), []).findings.map(
      ({ code }) => code,
    ),
    ['seeded-weights'],
  );
  const block = { norm1: [192], norm2: [192] };
  const shapes: Record<string, number[]> = {
    cls_token: [1, 1, 192],
    pos_embed: [1, 2, 192],
    'patch_embed.proj.weight': [192, 3, 8, 8],
    'patch_embed.proj.bias': [192],
    'norm.weight': [192],
    'norm.bias': [192],
  };
  for (const [name, shape] of Object.entries(block))
    for (const leaf of ['weight', 'bias']) shapes[`blocks.0.${name}.${leaf}`] = shape;
  for (const [name, rows, columns] of [
    ['attn.qkv', 576, 192],
    ['attn.proj', 192, 192],
    ['mlp.fc1', 768, 192],
    ['mlp.fc2', 192, 768],
  ] as const) {
    shapes[`blocks.0.${name}.weight`] = [rows, columns];
    shapes[`blocks.0.${name}.bias`] = [rows];
  }
  write(folder, 'six-heads/model.safetensors', tensors(shapes));
  write(
    folder,
    'six-heads/config.json',
    JSON.stringify({ architecture: 'vit_custom', model_args: { num_heads: 6 }, mean: [0, 0, 0], std: [1, 1, 1] }),
  );
  const model = await open('six-heads');
  assertRunnable(model);
  assert.match(model.findings[0]?.message ?? '', /^Tokens 192 long are published with 3 heads, here there are 6/);
});

test('the report: a config that says another size than the file', async () => {
  const path = changed(
    'timm-plain',
    'wider',
    () => undefined,
    (c) => void ((c['model_args'] as Record<string, number>)['embed_dim'] = 48),
  );
  const errors = await errorsOf(path);
  assert.ok(errors.length > 20);
  assert.ok(errors.every(({ code }) => code === 'shape'));
});

test('Swin, ConvNeXt and others are refused by their name', async () => {
  const swin = {
    'patch_embed.proj.weight': [96, 3, 4, 4],
    'layers.0.blocks.0.attn.relative_position_bias_table': [169, 3],
    'layers.0.downsample.norm.weight': [384],
  };
  const convnext = { 'stem.0.weight': [96, 3, 4, 4], 'stages.0.blocks.0.conv_dw.weight': [96, 1, 7, 7] };
  await refuses(
    write(folder, 'swin.safetensors', tensors(swin)),
    'unsupported',
    /swin\.safetensors looks like a Swin Transformer/,
  );
  await refuses(write(folder, 'convnext.safetensors', tensors(convnext)), 'unsupported', /looks like a ConvNeXt/);
  await refuses(
    write(folder, 'other.safetensors', tensors({ 'layers.0.weight': [2, 2] })),
    'unsupported',
    /no Vision Transformer known here: its tensors begin layers\.0\.weight/,
  );
});

test('the report counts parameters as PyTorch does and reads as text', async () => {
  const model = await open('embedded');
  assert.ok(model.architecture);
  const stored = [...unpack(join(ROOT, 'models/vit-cifar10/model.safetensors')).values()];
  const numbers = stored.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
  assert.equal(parameterCount(model.architecture), numbers);
  const text = modelReport(reportOf(model, []), { say: ({ message }) => message });
  assert.match(text, new RegExp(`${numbers.toLocaleString('en-US')} parameters`));
  assert.match(text, /tokens +65: class \+ 8 x 8 patches/);
  assert.match(text, /This model can be run\./);
  assert.deepEqual(JSON.parse(JSON.stringify(reportOf(model, []))), reportOf(model, []));
});
