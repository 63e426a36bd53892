/** Tensor names under wrappers, in chunks, of other releases, and what stands beside the model. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertRunnable } from '../../../extension/models/runnable';
import { tensors, unpack, write, type Entry } from './files';
import { changed, errorsOf, folder, golden, open, refuses } from './opening';
import { join } from 'node:path';

type Entries = Map<string, Entry>;

function rename(entries: Entries, to: (name: string) => string): void {
  const all = [...entries];
  entries.clear();
  for (const [name, entry] of all) entries.set(to(name), entry);
}

const some = (shape: number[]): Entry => ({
  dtype: 'F32',
  shape,
  bytes: Buffer.alloc(shape.reduce((product, side) => product * side, 4)),
});

async function same(path: string, name: string): Promise<void> {
  const [model, reference] = [await open(path), await open(golden(name))];
  assertRunnable(model);
  assert.deepEqual(model.architecture, reference.architecture);
  assert.ok(model.weights.kind === 'tensors' && reference.weights.kind === 'tensors');
  assert.deepEqual(Object.keys(model.weights.tensors), Object.keys(reference.weights.tensors));
}

test('any number of wrappers goes from body and head alike', async () => {
  const wrappers = [
    'module.', '_orig_mod.', 'model.', 'net.', 'teacher.', 'student.', 'backbone.', 'trunk.', 'visual.', 'encoder.',
    'module._orig_mod.model.', 'my_lightning_module.net.',
  ]; // prettier-ignore
  for (const [i, wrapper] of wrappers.entries()) {
    for (const name of ['hf-vit', 'timm-plain', 'torchvision', 'hf-clip-classifier']) {
      await same(
        changed(name, `wrapped-${i}-${name}`, (entries) => rename(entries, (key) => wrapper + key)),
        name,
      );
    }
  }
});

test('the head may stand beside a wrapped body', async () => {
  const beside = changed('timm-plain', 'beside', (entries) =>
    rename(entries, (key) => (key.startsWith('head.') ? `model.${key}` : `model.backbone.${key}`)),
  );
  await same(beside, 'timm-plain');
});

test('what compiling, sharding and checkpointing put around inner modules goes too', async () => {
  for (const wrapper of ['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module'])
    for (const name of ['hf-vit', 'timm-plain', 'torchvision', 'hf-clip', 't2t-official'])
      await same(
        changed(name, `inner-${wrapper}-${name}`, (entries) =>
          rename(entries, (key) => `${wrapper}.${key.replace(/(\.(?:encoder_layer_)?\d+)\./, `$1.${wrapper}.`)}`),
        ),
        name,
      );
});

test('of a model and its moving average the average is opened, and the other named', async () => {
  for (const [training, average] of [
    ['model.', 'model_ema.'],
    ['net.', 'ema_model.module.'],
    ['module.', 'swa_model.module.'],
  ]) {
    const path = changed('timm-plain', `average-${training}`, (entries) => {
      const all = [...entries];
      entries.clear();
      for (const [name, entry] of all) {
        entries.set(`${training}${name}`, { ...entry, bytes: Buffer.alloc(entry.bytes.length) });
        entries.set(`${average}${name}`, entry);
      }
    });
    await same(path, 'timm-plain');
    const { findings, weights } = await open(path);
    const said = findings.find(({ code }) => code === 'unread-tensors')?.message;
    assert.match(said ?? '', /another copy of the model/);
    assert.ok(said?.includes(`${training}cls_token`), said);
    assert.ok(weights.kind === 'tensors');
    const source = weights.tensors['cls_token'];
    const [part] = source && 'parts' in source ? source.parts : [];
    assert.ok(part && 'file' in part);
    const bytes = readFileSync(join(path, 'model.safetensors')).subarray(part.begin, part.end);
    assert.ok(bytes.some((byte) => byte !== 0));
  }
});

test('a copy beside a model without a wrapper is named', async () => {
  const path = changed('timm-plain', 'bare-and-copy', (entries) => {
    for (const [name, entry] of [...entries]) entries.set(`momentum_encoder.${name}`, entry);
  });
  await same(path, 'timm-plain');
  assert.ok((await open(path)).findings.some(({ message }) => message.includes('another copy of the model')));
});

test('a classifier of another name beside the body is taken, and it is said', async () => {
  for (const name of ['timm-plain', 'timm-eva02', 'timm-relpos', 'hf-vit']) {
    const own = name === 'hf-vit' ? 'classifier.' : 'head.';
    for (const [i, other] of ['fc.', 'linear.', 'cls_head.fc.', 'mlp_head.1.'].entries()) {
      const path = changed(name, `other-head-${i}-${name}`, (entries) =>
        rename(entries, (key) => (key.startsWith(own) ? key.replace(own, other) : `model.backbone.${key}`)),
      );
      await same(path, name);
      assert.ok(
        (await open(path)).findings.some(({ code, severity }) => code === 'head-name' && severity === 'warning'),
      );
    }
  }
  // a head of two layers is not one that the family has
  const two = changed('timm-plain', 'two-layer-head', (entries) => {
    rename(entries, (key) => key.replace(/^head\./, 'fc.0.'));
    entries.set('fc.2.weight', some([4, 10]));
  });
  assert.ok((await errorsOf(two)).length > 0);
});

test('the layers of a deeper text tower are not layers of the picture tower', async () => {
  for (const name of ['official-pe-core', 'official-openai-clip']) {
    const pair = changed(name, `pair-${name}`, (entries) => {
      for (let i = 0; i < 5; i++) entries.set(`transformer.resblocks.${i}.attn.in_proj_weight`, some([12, 4]));
      entries.set('positional_embedding', some([7, 4]));
      entries.set('text_projection', some([4, 5]));
    });
    await same(pair, name);
  }
});

test('of a teacher and a student the teacher is opened, and the student named', async () => {
  const both = changed('timm-plain', 'both', (entries) => {
    const all = [...entries];
    entries.clear();
    for (const [name, entry] of all) {
      entries.set(`student.backbone.${name}`, { ...entry, bytes: Buffer.alloc(entry.bytes.length) });
      entries.set(`teacher.backbone.${name}`, entry);
    }
  });
  await same(both, 'timm-plain');
  const { findings, weights } = await open(both);
  assert.ok(findings.some(({ code, severity, message }) => code === 'unread-tensors' && severity === 'warning' && message.includes('student'))); // prettier-ignore
  const file = unpack(join(both, 'model.safetensors'));
  const source = weights.kind === 'tensors' ? weights.tensors['cls_token'] : undefined;
  assert.ok(source && 'parts' in source);
  const [part] = source.parts;
  assert.ok(part && 'file' in part);
  const { begin, end } = part;
  const bytes = readFileSync(join(both, 'model.safetensors')).subarray(begin, end);
  assert.deepEqual(bytes, file.get('teacher.backbone.cls_token')?.bytes);
});

test("blocks in chunks, as DINOv2's training keeps them", async () => {
  const chunk = (renumber: boolean) => (key: string) =>
    key.replace(/^blocks\.(\d+)\./, (_, i: string) => {
      const block = Number(i);
      return `blocks.${block >> 1}.${renumber ? block % 2 : block}.`;
    });
  for (const renumber of [false, true])
    await same(
      changed('timm-plain', `chunks-${renumber}`, (entries) => rename(entries, chunk(renumber))),
      'timm-plain',
    );
});

test('names of transformers 5', async () => {
  const five = (key: string) =>
    key
      .replace(/encoder\.layer\.(\d+)\./, 'layers.$1.')
      .replace('attention.attention.query', 'attention.q_proj')
      .replace('attention.attention.key', 'attention.k_proj')
      .replace('attention.attention.value', 'attention.v_proj')
      .replace('attention.output.dense', 'attention.o_proj')
      .replace('intermediate.dense', 'mlp.fc1')
      .replace(/(\d)\.output\.dense/, '$1.mlp.fc2');
  for (const name of ['hf-vit', 'hf-deit', 'hf-deit-teacher', 'hf-dinov2', 'hf-dinov2-registers', 'hf-dinov2-swiglu'])
    await same(
      changed(name, `five-${name}`, (entries) => rename(entries, five)),
      name,
    );
});

test('names of transformers 5 for models that differ from ViT', async () => {
  const blocks = (key: string) =>
    key
      .replace(
        /encoder\.layer\.(\d+)\.attention\.attention\.relative_position_bias\./,
        'layers.$1.relative_position_bias.',
      )
      .replace('encoder.relative_position_bias.', 'shared_position_bias.')
      .replace(/encoder\.layer\.(\d+)\./, 'layers.$1.')
      .replace('attention.attention.query', 'attention.q_proj')
      .replace('attention.attention.key', 'attention.k_proj')
      .replace('attention.attention.value', 'attention.v_proj')
      .replace('attention.output.dense', 'attention.o_proj')
      .replace('intermediate.dense', 'mlp.fc1')
      .replace(/(\d)\.output\.dense/, '$1.mlp.fc2');
  const names: Record<string, (key: string) => string> = {
    'hf-published-beit': blocks,
    'hf-published-beit-shared': blocks,
    'hf-published-beit-absolute': blocks,
    'hf-published-data2vec': blocks,
    'hf-published-ijepa': blocks,
    'hf-published-yolos': (key) => key.replace('encoder.mid_', 'encoder.interpolation.mid_'),
    'hf-published-dinov3': (key) => key.replace(/(^|\.)layer\./, '$1model.layer.'),
    'hf-published-dinov3-gated': (key) => key.replace(/(^|\.)layer\./, '$1model.layer.'),
  };
  for (const [name, five] of Object.entries(names)) {
    let renamed = 0;
    const path = changed(name, `five-${name}`, (entries) =>
      rename(entries, (key) => {
        if (five(key) !== key) renamed++;
        return five(key);
      }),
    );
    assert.ok(renamed > 0, name);
    await same(path, name);
  }
});

test("transformers 5 keeps the halves of DINOv2's SwiGLU apart", async () => {
  const path = changed('hf-dinov2-swiglu', 'five-halves', (entries) => {
    for (const [name, { dtype, shape, bytes }] of [...entries]) {
      if (!name.includes('.mlp.weights_in.')) {
        if (name.includes('.mlp.weights_out.')) {
          entries.delete(name);
          entries.set(name.replace('weights_out', 'down_proj'), { dtype, shape, bytes });
        }
        continue;
      }
      entries.delete(name);
      const half = [(shape[0] ?? 0) / 2, ...shape.slice(1)];
      const middle = bytes.length / 2;
      entries.set(name.replace('weights_in', 'gate_proj'), { dtype, shape: half, bytes: bytes.subarray(0, middle) });
      entries.set(name.replace('weights_in', 'up_proj'), { dtype, shape: half, bytes: bytes.subarray(middle) });
    }
  });
  await same(path, 'hf-dinov2-swiglu');
});

test("the width of a block's network is not that of its positions' network", async () => {
  const narrow = changed('timm-relpos-rpn', 'narrow-positions', (entries) => {
    const all = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    entries.clear();
    for (const [key, entry] of all) {
      const shape = entry.shape.map((side) => (key.includes('rel_pos.mlp.') && side === 128 ? 24 : side));
      entries.set(key, shape.join() === entry.shape.join() ? entry : some(shape));
    }
  });
  const { architecture } = await open(narrow);
  assert.equal(architecture?.block.mlpHidden, (await open(golden('timm-relpos-rpn'))).architecture?.block.mlpHidden);
  assertRunnable(await open(narrow));
});

test("LingBot's backbones are DINOv3's by another name", async () => {
  const named = changed(
    'timm-dinov3',
    'lingbot',
    () => undefined,
    (config) => Object.assign(config, { architecture: 'vit_small_patch16_lingbot' }),
  );
  await same(named, 'timm-dinov3');
});

test('a head in a list of its own', async () => {
  await same(
    changed('timm-plain', 'listed-head', (entries) => rename(entries, (key) => key.replace(/^head\./, 'head.1.'))),
    'timm-plain',
  );
});

test('what no forward pass reads is named, and does not stand in the way', async () => {
  const beside: Record<string, RegExp> = {
    'decoder_blocks.0.attn.qkv.weight': /pre-training decoder/,
    decoder_pos_embed: /pre-training decoder/,
    mask_token: /mask token|no part/,
    'projector.0.weight': /projection head/,
    'dino_head.last_layer.weight_g': /projection head/,
    'aux_classifier.weight': /further heads/,
    'text_model.embeddings.token_embedding.weight': /other tower/,
    'optimizer.state': /training state/,
  };
  for (const [key, said] of Object.entries(beside)) {
    const path = changed('timm-plain', `beside-${key}`, (entries) => entries.set(key, some([1, 1, 4])));
    assert.deepEqual(await errorsOf(path), [], key);
    assert.ok(
      (await open(path)).findings.some(({ message }) => said.test(message) && message.includes(key)),
      key,
    );
  }
  // what belongs to the body and has no place there still is an error
  for (const key of ['blocks.0.attn.rel_thing', 'norm_extra.weight', 'fc_norm.weight']) {
    const path = changed('timm-plain', `body-${key}`, (entries) => entries.set(key, some([4])));
    assert.ok((await errorsOf(path)).length > 0, key);
  }
});

test('adapters are named as such', async () => {
  const lora = changed('hf-vit', 'lora', (entries) => {
    rename(entries, (key) => `base_model.model.${key.replace('query.weight', 'query.base_layer.weight')}`);
    entries.set('base_model.model.vit.encoder.layer.0.attention.attention.query.lora_A.default.weight', some([4, 32]));
  });
  await refuses(lora, 'unsupported', /holds a LoRA adapter.*merge/);
  const others: Record<string, RegExp> = {
    'base_model.model.encoder.layer.0.attention.attention.query.hada_w1_a':
      /model\.safetensors holds an adapter .*merge/,
    'base_model.model.encoder.layer.0.attention.attention.query.ia3_l': /holds an adapter .*merge/,
    'base_model.model.encoder.layer.0.attention.attention.query.lora_magnitude_vector.default.weight':
      /holds a LoRA adapter .*merge/,
    'encoder.layer.0.adaptmlp.down_proj.weight': /holds adapters inside its blocks .*\.onnx/,
    prompt_embeddings: /holds trained prompts .*\.onnx/,
  };
  for (const [i, [key, said]] of Object.entries(others).entries())
    await refuses(
      changed('hf-vit', `adapter-${i}`, (entries) => entries.set(key, some([4, 32]))),
      'unsupported',
      said,
    );
  const alone = changed('hf-vit', 'adapter-alone', (entries) => {
    entries.clear();
    entries.set('base_model.model.vit.layers.0.attention.q_proj.of_a_kind_to_come', some([4]));
  });
  await refuses(alone, 'unsupported', /holds an adapter .*merge/);
  write(folder, 'adapter/adapter_config.json', '{}');
  await refuses(join(folder, 'adapter'), 'missing', /adapter/);
});

test("open_clip's widest towers have 16 heads where no config says how many", async () => {
  for (const [dim, heads] of [
    [768, 12],
    [1024, 16],
    [1280, 16],
    [1408, 16],
    [1664, 16],
  ] as const) {
    const shapes: Record<string, number[]> = {
      'visual.conv1.weight': [dim, 3, 1, 1],
      'visual.class_embedding': [dim],
      'visual.positional_embedding': [5, dim],
      'visual.ln_post.weight': [dim],
      'visual.transformer.resblocks.0.attn.in_proj_weight': [1, dim],
    };
    write(folder, `wide-${dim}/model.safetensors`, tensors(shapes));
    assert.equal((await open(join(folder, `wide-${dim}`))).architecture?.block.heads, heads);
  }
});
