/** What a config leaves out is read off the tensors: every golden case, without all that its tensors tell. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CASES, changed, folder, golden, json, open, refuses } from './opening';
import { write } from './files';

/** What no tensor's name or shape tells: arguments of timm, and the names of objects that hold them. */
const NEEDED = ['architecture', 'model_args', 'img_size', 'num_heads', 'act_layer', 'norm_layer', 'global_pool'];
/** What else these cases say in their config alone. */
const SAID: Record<string, string[]> = {
  't2t-official-scale': ['block.scale'],
  'timm-glu': ['block.mlp'],
  'timm-no-final-norm': ['finalNorm'],
  'timm-no-positions': ['position.covers', 'position.grid', 'position.kind', 'position.resample'],
  'timm-pe-core': ['mapPool.heads'],
  'timm-pe-core-gigantic': ['mapPool.heads'],
  'timm-pool-includes-prefix': ['poolIncludesPrefix'],
  'timm-relpos-swin': ['relativeBias.network.distances'],
  'timm-res-post': ['block.order'],
  'timm-scale-norm-glu': ['block.activation'],
  'timm-swiglu': ['block.activation'],
  'timm-swiglu-packed': ['block.activation'],
};
/** Of a name of timm that says other sizes than the tensors have, so that these are asked for where nothing else is said. */
const NAMED = ['timm-aimv2', 'timm-aimv2-huge', 'timm-clip-eps'];

/** Paths of the values that are not the same. */
function differences(a: unknown, b: unknown, at = ''): string[] {
  if (a === b) return [];
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return [at];
  const [left, right] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return keys.flatMap((key) => differences(left[key], right[key], at === '' ? key : `${at}.${key}`)).sort();
}

function reduced(config: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(config).filter(([key]) => NEEDED.includes(key));
  return Object.fromEntries(
    kept.map(([key, value]) => [key, key === 'model_args' ? reduced(value as Record<string, unknown>) : value]),
  );
}

/** The case's tensors in a folder of their own, with that config or none. */
function withConfig(name: string, as: string, config: object | null): string {
  if (config !== null) write(folder, `${as}/${name}/config.json`, JSON.stringify(config));
  else write(folder, `${as}/${name}/nothing`, '');
  symlinkSync(join(golden(name), 'model.safetensors'), join(folder, as, name, 'model.safetensors'));
  return join(folder, as, name);
}

const cases = readdirSync(CASES).filter((name) => existsSync(join(golden(name), 'model.safetensors')));

test('of a config of timm, T2T-ViT or torchvision the sizes, biases and norms may be left out', async () => {
  const configured = cases.filter((name) => /^(timm|deit|t2t|torchvision)/.test(name) && !NAMED.includes(name));
  assert.ok(configured.length > 80);
  for (const name of configured) {
    const [known, found] = [
      golden(name),
      withConfig(name, 'reduced', reduced(json(join(golden(name), 'config.json')))),
    ];
    const { architecture, family } = await open(found);
    const wanted = await open(known);
    assert.equal(family, wanted.family, name);
    assert.deepEqual(differences(wanted.architecture, architecture), SAID[name] ?? [], name);
  }
});

test('arguments of timm mean the same beside model_args as in it', async () => {
  const configured = cases.filter((name) => /^(timm|deit)/.test(name) && 'model_args' in json(join(golden(name), 'config.json')));
  assert.ok(configured.length > 60);
  for (const name of configured) {
    const { model_args: args, ...config } = json(join(golden(name), 'config.json'));
    const wanted = await open(golden(name));
    const { architecture } = await open(withConfig(name, 'beside', { ...config, ...(args as object) }));
    assert.deepEqual(differences(wanted.architecture, architecture), [], name);
  }
}); // prettier-ignore

test('arguments beside model_args that make another forward pass are refused or followed too', async () => {
  const beside = (name: string, fields: object) =>
    changed(name, `beside-${name}-${Object.keys(fields).join('-')}`, () => undefined, (config) => Object.assign(config, fields)); // prettier-ignore
  await refuses(beside('timm-plain', { attn_layer: 'diff' }), 'unsupported', /attention of kind "diff" is not supported/);
  await refuses(beside('timm-plain', { embed_norm_layer: 'layernorm' }), 'unsupported', /embed_norm_layer/);
  await refuses(beside('timm-naflex-gap', { attn_type: 'rope' }), 'unsupported', /attn_type/);
  const of = async (name: string, fields: object) => (await open(beside(name, fields))).architecture!;
  assert.equal((await of('timm-plain', { norm_eps: 1e-3 })).block.norm.eps, 1e-3);
  assert.equal((await of('timm-eva02-clip', { norm_eps: 1e-3 })).block.norm.eps, 1e-3);
  assert.equal((await of('timm-eva-giant', { act_layer: 'quick_gelu' })).block.activation, 'quick_gelu');
}); // prettier-ignore

test("what is said of Perception Encoder's own files holds over what their tensors show", async () => {
  const { architecture: found } = await open(withConfig('official-pe-core', 'shown', null));
  for (const fields of [{ model_args: { rope_temperature: 500 } }, { rope_temperature: 500 }]) {
    const path = withConfig('official-pe-core', `said-${'model_args' in fields}`, { architecture: 'PE-Core-T16', ...fields });
    assert.deepEqual(differences(found, (await open(path)).architecture), ['rotary.theta']);
  }
}); // prettier-ignore

test('a table of positions has the grid of the pictures that the config says, where it has as many rows', async () => {
  const { architecture } = await open(golden('timm-beit'));
  const { dim, tokenizer } = architecture!;
  const [high, wide] = tokenizer.kind === 'patch' ? tokenizer.patch : assert.fail();
  const grid = async (rows: number, columns: number) => {
    const bytes = Buffer.alloc(4 * 37 * dim);
    const path = changed('timm-beit', `positions-${rows}`, (entries) => entries.set('pos_embed', { dtype: 'F32', shape: [1, 37, dim], bytes }), (config) =>
      Object.assign((config['model_args'] ??= {}), { img_size: [rows * high, columns * wide] }));
    const { position } = (await open(path)).architecture!;
    return position.kind === 'learned' ? position.grid : null;
  };
  assert.deepEqual(await grid(4, 9), [4, 9]);
  assert.deepEqual(await grid(6, 6), [6, 6]);
  // trained at another size, which the square says
  assert.deepEqual(await grid(3, 3), [6, 6]);
}); // prettier-ignore

test('without a config all of a square model but its heads is read off the tensors', async () => {
  const names = [
    ...['hf-clip', 'hf-clip-classifier', 'hf-deit', 'hf-deit-teacher', 'hf-dinov2', 'hf-dinov2-features', 'hf-dinov2-registers'],
    ...['hf-published-aimv2', 'hf-published-beit', 'hf-published-beit-absolute', 'hf-published-beit-shared', 'hf-published-data2vec'],
    ...['hf-published-ijepa', 'hf-published-owlvit', 'hf-published-siglip2', 'hf-published-yolos-plain', 'hf-siglip'],
    ...['hf-siglip-classifier', 'hf-vit', 'hf-vit-bf16', 'hf-vit-features', 'hf-vit-no-qkv-bias', 't2t-official'],
    ...['t2t-published-performer', 't2t-published-transformer', 'timm-eva-giant', 'timm-eva02', 'timm-eva02-clip', 'timm-eva02-fused'],
  ]; // prettier-ignore
  const heads = ['block.headDim', 'block.heads', 'block.scale'];
  for (const name of names) {
    const [found, wanted] = [await open(withConfig(name, 'bare', null)), await open(golden(name))];
    assert.equal(found.family, wanted.family, name);
    const others = wanted.architecture?.mapPool ? ['mapPool.heads'] : [];
    assert.deepEqual(differences(wanted.architecture, found.architecture), [...heads, ...others], name);
    assert.ok(found.findings.some(({ code }) => code === 'assumed-heads'), name); // prettier-ignore
  }
  // its tables of positions say how many
  for (const name of ['timm-beit', 'timm-beit-both-swiglu', 'timm-beit-shared', 'timm-beitv2']) {
    const [found, wanted] = [await open(withConfig(name, 'bare', null)), await open(golden(name))];
    assert.deepEqual(found.architecture, wanted.architecture, name);
  }
});

test('tables of relative positions are there where the tensors have them: of each block, of all, both or none', async () => {
  const own = /^blocks\.\d+\.attn\.relative_position/;
  const shared = /^rel_pos_bias\./;
  const cases: [name: string, left: RegExp | null, tables: string | undefined][] = [
    ['timm-beit', null, 'block'],
    ['timm-beit-shared', null, 'shared'],
    ['timm-beit-both-swiglu', null, 'both'],
    ['timm-beit-both-swiglu', own, 'shared'],
    ['timm-beit-both-swiglu', shared, 'block'],
    ['timm-beit', own, undefined],
    ['timm-beit-shared', shared, undefined],
  ];
  for (const [i, [name, left, tables]] of cases.entries()) {
    const path = changed(name, `tables-${i}`, (entries) => {
      for (const key of [...entries.keys()]) if (left?.test(key)) entries.delete(key);
    });
    const { architecture } = await open(path);
    assert.equal(architecture?.relativeBias?.tables, tables, `${name} without ${String(left)}`);
  }
});

test('coordinates of rotary positions: DINOv3 takes rows first, however its grid is indexed', async () => {
  for (const [type, first] of [
    ['cat', 'column'],
    ['dinov3', 'row'],
  ] as const) {
    const path = changed('timm-dinov3', `indexed-${type}`, () => undefined, (config) => {
      Object.assign(config['model_args'] as object, { rope_type: type, rope_rotate_half: type === 'dinov3', rope_grid_indexing: 'xy' });
    }); // prettier-ignore
    assert.equal((await open(path)).architecture?.rotary?.first, first, type);
  }
});

test('rows that are a square without the class token and an oblong with it are said to be read one way', async () => {
  let times = 0;
  const of = async (name: string, config: object | null) => {
    const { findings, architecture } = await open(withConfig(name, `rows-${++times}`, config));
    const position = architecture?.position;
    const grid = position?.kind === 'learned' ? [position.covers, ...position.grid] : [];
    return [
      ...grid,
      findings.find(({ code }) => code === 'assumed-positions')?.message.match(/\d+ rows.*patches/)?.[0],
    ];
  };
  // 3 x 5 patches and a class token
  assert.deepEqual(await of('timm-nonsquare', null), ['patches', 4, 4, '16 rows of the position table are taken for 4 x 4 patches']); // prettier-ignore
  assert.deepEqual(await of('timm-nonsquare', { model_args: { img_size: [12, 20] } }), ['all', 3, 5, undefined]);
  assert.deepEqual(await of('timm-nonsquare', { pretrained_cfg: { input_size: [3, 12, 20] } }), [
    'all',
    3,
    5,
    undefined,
  ]);
});

test("Perception Encoder's own files: pictures as its own transforms feed them", async () => {
  const { preprocessing, architecture } = await open(withConfig('official-pe-core', 'alone', null));
  const { height, width } = architecture!.image;
  assert.deepEqual(preprocessing, {
    channels: 3,
    resize: { kind: 'exact', height, width },
    interpolation: 'bilinear',
    crop: null,
    rescale: 1 / 255,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  });
});

test('colour statistics that nothing says are assumed, and it is said, unless a name stands for them', async () => {
  const of = async (as: string, config: object | null) => {
    const { findings, preprocessing } = await open(withConfig('torchvision', as, config));
    const assumed = findings.some(({ code }) => code === 'assumed-mean-std');
    return { assumed, mean: preprocessing.mean.map((value) => Number(value.toFixed(3))) };
  };
  const { mean: _mean, std: _std, ...config } = json(join(golden('torchvision'), 'config.json'));
  const { architecture: _name, ...nameless } = config;
  const imagenet = [0.485, 0.456, 0.406];
  assert.deepEqual(await of('unnamed', nameless), { assumed: true, mean: imagenet });
  assert.deepEqual(await of('named', { ...nameless, architecture: 'vit_b_16' }), { assumed: false, mean: imagenet });
  assert.deepEqual(await of('said', { ...nameless, mean: [0.5, 0.25, 0.125], std: [1, 1, 1] }), { assumed: false, mean: [0.5, 0.25, 0.125] }); // prettier-ignore
});
