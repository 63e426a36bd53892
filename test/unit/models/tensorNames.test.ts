/** Tensor names by name alone: what a release calls them, what has no part in the forward pass, which of several copies is opened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '../../../extension/models/config/fields';
import type { Family } from '../../../extension/models/config/family';
import { familyTitle, recognise, recogniseConfig } from '../../../extension/models/families';
import { headOf } from '../../../extension/models/families/headNames';
import { unwrapped } from '../../../extension/models/families/names';
import { perception } from '../../../extension/models/families/timm/perception';
import { listed, unreadParts } from '../../../extension/models/unread';
import { tensorsOf, type Shapes } from './described';

const familyOf = (config: Record<string, unknown>): Family => recogniseConfig(new Fields('config.json', config))!;
const shapes = (names: string[]): Shapes => Object.fromEntries(names.map((name) => [name, [4]]));

test('names of other releases, and what is none', () => {
  const of: [config: Record<string, unknown>, names: Record<string, string>][] = [
    [
      { model_type: 'vit' },
      {
        'layers.3.relative_position_bias.table': 'encoder.layer.3.attention.attention.relative_position_bias.table',
        'shared_position_bias.table': 'encoder.relative_position_bias.table',
        'encoder.interpolation.mid_position_embeddings': 'encoder.mid_position_embeddings',
        'layers.0.attention.q_proj.weight': 'encoder.layer.0.attention.attention.query.weight',
        'layer.10.attention.k_proj.bias': 'encoder.layer.10.attention.attention.key.bias',
        'encoder.layers.1.attention.v_proj.bias': 'encoder.layer.1.attention.attention.value.bias',
        'layers.11.attention.o_proj.weight': 'encoder.layer.11.attention.output.dense.weight',
        'layers.2.attention.out_proj.weight': 'encoder.layer.2.attention.output.dense.weight',
        'encoder.layer.2.output.dense.weight': 'encoder.layer.2.output.dense.weight',
        'layers.2.mlp.fc1.weight': 'encoder.layer.2.mlp.fc1.weight',
        // none of these
        'decoder.layers.0.mlp.fc1.weight': 'decoder.layers.0.mlp.fc1.weight',
        'decoder.layers.3.relative_position_bias.table': 'decoder.layers.3.relative_position_bias.table',
        'my.shared_position_bias.table': 'my.shared_position_bias.table',
        'my.encoder.interpolation.x': 'my.encoder.interpolation.x',
        'layers.norm.weight': 'layers.norm.weight',
        'attention.q_proj.weight': 'attention.q_proj.weight',
        'x.attention.q_proj.weight': 'x.attention.q_proj.weight',
        'x.attention.out_proj.weight': 'x.attention.out_proj.weight',
        'mylayers.0.mlp.fc1.weight': 'mylayers.0.mlp.fc1.weight',
      },
    ],
    [
      { model_type: 'dinov3_vit' },
      {
        'model.layer.0.norm1.weight': 'layer.0.norm1.weight',
        'encoder.layer.0.norm1.weight': 'layer.0.norm1.weight',
        'layer.0.norm1.weight': 'layer.0.norm1.weight',
        'my.model.layer.0.norm1.weight': 'my.model.layer.0.norm1.weight',
      },
    ],
    [
      { architecture: 'naflexvit_base_patch16_gap' },
      {
        'embeds.proj.weight': 'patch_embed.proj.weight',
        'embeds.norm.bias': 'patch_embed.norm.bias',
        'embeds.pos_embed': 'pos_embed',
        'embeds.cls_token': 'cls_token',
        'blocks.0.embeds.proj.weight': 'blocks.0.embeds.proj.weight',
        'embeds.projection.weight': 'projection.weight',
      },
    ],
    [
      { architecture: 'PE-Core-L14-336' },
      {
        'attn_pool.attn.in_proj_weight': 'attn_pool.qkv.weight',
        'attn_pool.attn.out_proj.bias': 'attn_pool.proj.bias',
        'attn_pool.layernorm.weight': 'attn_pool.norm.weight',
        'attn_pool.probe': 'attn_pool.latent',
        'attn_pool.mlp.c_fc.weight': 'attn_pool.mlp.fc1.weight',
        'attn_pool.mlp.c_proj.weight': 'attn_pool.mlp.fc2.weight',
        'conv1.weight': 'patch_embed.proj.weight',
        class_embedding: 'cls_token',
        positional_embedding: 'pos_embed',
        'ln_pre.weight': 'norm_pre.weight',
        'ln_post.bias': 'norm.bias',
        'transformer.resblocks.3.ln_1.weight': 'blocks.3.norm1.weight',
        'transformer.resblocks.12.ln_2.bias': 'blocks.12.norm2.bias',
        'transformer.resblocks.0.ls_1.gamma': 'blocks.0.gamma_1',
        'transformer.resblocks.0.attn.in_proj_bias': 'blocks.0.attn.qkv.bias',
        'transformer.resblocks.0.attn.out_proj.weight': 'blocks.0.attn.proj.weight',
        'transformer.resblocks.0.mlp.c_fc.weight': 'blocks.0.mlp.fc1.weight',
        'transformer.resblocks.0.mlp.c_proj.weight': 'blocks.0.mlp.fc2.weight',
        'text.transformer.resblocks.0.ln_1.weight': 'text.transformer.resblocks.0.ln_1.weight',
        'text.conv1.weight': 'text.conv1.weight',
        'my.positional_embedding': 'my.positional_embedding',
        class_embeddings: 'class_embeddings',
        'my.ln_pre.weight': 'my.ln_pre.weight',
        'my.ln_post.weight': 'my.ln_post.weight',
        'transformer.resblocks.0.ls_1.gammas': 'blocks.0.ls_1.gammas',
        my_class_embedding: 'my_class_embedding',
        positional_embedding_2: 'positional_embedding_2',
      },
    ],
  ]; // prettier-ignore
  for (const [config, names] of of) {
    const { rename } = familyOf(config);
    for (const [name, wanted] of Object.entries(names)) assert.equal(rename?.(name), wanted);
  }
});

test('what has no part in the forward pass, by family, and what only resembles it', () => {
  const tower = ['text_model.encoder.x', 'text_projection.weight', 'visual_projection.weight', 'logit_scale', 'logit_bias', 'embeddings.position_ids'];
  const notTower = ['my.text_model.x', 'my_text_projection.weight', 'logit_scales', 'my.logit_scale', 'position_ids.x'];
  const of: [config: Record<string, unknown>, ignored: string[], others: string[]][] = [
    [{ model_type: 'vit' }, ['pooler.dense.weight', 'embeddings.mask_token', 'decoder.0.weight'], ['my.pooler.x', 'embeddings.mask_tokens', 'my.embeddings.mask_token', 'encoder.decoder.0']],
    [{ model_type: 'deit' }, ['pooler.dense.weight', 'embeddings.mask_token', 'decoder.0.weight'], ['my.pooler.x', 'embeddings.mask_tokens', 'my.embeddings.mask_token', 'encoder.decoder.0']],
    [{ model_type: 'ijepa' }, ['pooler.dense.weight', 'embeddings.mask_token'], ['my.pooler.x', 'embeddings.mask_tokens', 'my.embeddings.mask_token', 'decoder.0.weight']],
    [{ model_type: 'dinov2' }, ['embeddings.mask_token'], ['my.embeddings.mask_token', 'embeddings.mask_tokens', 'pooler.x']],
    [{ model_type: 'dinov2_with_registers' }, ['embeddings.mask_token'], ['my.embeddings.mask_token', 'embeddings.mask_tokens', 'pooler.x']],
    [{ model_type: 'dinov3_vit' }, ['embeddings.mask_token', 'rope_embeddings.inv_freq'], ['my.embeddings.mask_token', 'embeddings.mask_tokens', 'my.rope_embeddings.x']],
    [{ model_type: 'beit' }, ['embeddings.mask_token', 'a.relative_position_index', 'lm_head.weight', 'layernorm.weight', 'decode_head.x', 'auxiliary_head.x', 'fpn1.0.weight'], ['my.embeddings.mask_token', 'embeddings.mask_tokens', 'relative_position_index.x', 'my.lm_head.x', 'my.layernorm.weight', 'my.decode_head.x', 'fpn.0', 'my.fpn1.0']],
    [{ model_type: 'yolos' }, ['pooler.dense.weight', 'class_labels_classifier.layers.0.weight', 'bbox_predictor.layers.0.weight'], ['my.bbox_predictor.x', 'my.pooler.x', 'embeddings.mask_token']],
    [{ model_type: 'clip' }, [...tower, 'post_layernorm.weight'], [...notTower, 'my.post_layernorm.weight', 'head.x']],
    [{ model_type: 'siglip' }, [...tower, 'head.probe'], [...notTower, 'my.head.x', 'post_layernorm.weight']],
    [{ model_type: 'aimv2' }, [...tower, 'head.k_proj.weight'], [...notTower, 'my.head.x']],
    [{ model_type: 'mlcd' }, [...tower, 'vision_rotary_embedding.inv_freq'], [...notTower, 'my.vision_rotary_embedding.x']],
    [{ model_type: 'owlvit' }, [...tower, 'class_head.x', 'box_head.x', 'layer_norm.weight', 'objectness_head.x', 'box_bias', 'a.box_bias'], [...notTower, 'my.class_head.x', 'box_biases', 'mybox_bias']],
    [{ model_type: 'blip' }, [...tower, 'text_encoder.x', 'text_decoder.x', 'vision_proj.weight', 'text_proj.weight', 'itm_head.weight'], [...notTower, 'my.text_encoder.x', 'itm_heads.x']],
    [{ model_args: {} }, ['mask_token'], ['my.mask_token', 'mask_tokens']],
    [{ architecture: 'eva02_base_patch14_224' }, ['mask_token', 'rope.freqs_embed', 'rope_embed.periods', 'blocks.0.attn.rope.freqs', 'blocks.0.attn.qkv.bias_mask', 'blocks.0.attn.k_bias', 'lm_head.weight', 'local_cls_norm.weight', 'projectors.0', 'text.x', 'logit_scale'], ['my.mask_token', 'mask_tokens', 'rope.freqs', 'my.rope.x', 'attn.rope', 'bias_mask.x', 'k_biases', 'my.lm_head.x', 'my.local_cls_norm.x', 'my.projectors.x', 'texts.x', 'my.logit_scale', 'rope_embed.freqs']],
    [{ architecture: 'beit_base_patch16_224' }, ['mask_token', 'a.relative_position_index', 'lm_head.weight', 'blocks.0.attn.k_bias'], ['my.mask_token', 'mask_tokens', 'relative_position_index.x', 'my.lm_head.x', 'k_bias.x']],
    [{ architecture: 'vit_relpos_base_patch16_224' }, ['a.relative_position_index', 'a.rel_coords_log'], ['relative_position_index.x', 'rel_coords_log.x', 'mask_token']],
    [{ architecture: 'PE-Core-L14-336' }, ['text.x', 'logit_scale', 'logit_bias', 'token_embedding.weight', 'ln_final.weight', 'text_projection', 'attn_mask', 'rope.freqs'], ['my.text.x', 'texts.x', 'my.rope.x', 'logit_scales']],
    [{ vision_cfg: {} }, ['input_resolution', 'context_length', 'vocab_size', 'attn_mask'], ['my.attn_mask', 'attn_masks']],
    [{ architecture: 'vit_b_16' }, [], ['mask_token', 'head.x']],
  ]; // prettier-ignore
  for (const [config, ignored, others] of of) {
    const family = familyOf(config);
    const isIgnored = (name: string) => family.ignored.some((pattern) => pattern.test(name));
    assert.deepEqual(ignored.filter((name) => !isIgnored(name)), [], family.name);
    assert.deepEqual(others.filter(isIgnored), [], family.name);
  }
}); // prettier-ignore

test('a title for every family, and its name where it has none', () => {
  assert.equal(familyTitle('onnx').message, 'ONNX graph');
  assert.equal(familyTitle('unheard-of').message, 'unheard-of');
  assert.equal(familyTitle(perception.name).message, "Perception Encoder (Meta's own file)");
  for (const model_type of ['clip', 'siglip', 'siglip2', 'mlcd', 'owlvit', 'owlv2', 'blip', 'aimv2'])
    assert.match(familyTitle(familyOf({ model_type }).name).message, /^Hugging Face .+ vision tower$/);
});

const prefixes = (names: string[]) => unwrapped(tensorsOf(shapes(names)), 'a.weight').map(({ prefix }) => prefix);

test('of several copies the one that evaluation uses comes first', () => {
  const two = (one: string, other: string) => prefixes([`${one}a.weight`, `${other}a.weight`]);
  for (const trained of ['student.', 'my.student.', 'momentum.', 'momentum_encoder.', 'target.', 'target_net.', 'online_target.', 'encoder_k.', 'model_student.'])
    assert.deepEqual(two(trained, 'net.'), ['net.', trained], trained);
  for (const [one, other] of [['students.', 'net.'], ['my_encoder_ks.', 'net.'], ['mymomentum.', 'net.']] as const)
    assert.deepEqual(two(one, other), [one, other]);
  for (const average of ['ema.', 'ema_model.', 'model_ema.', 'my.ema.', 'swa_model.', 'averaged_model.', 'state_dict_ema.'])
    assert.deepEqual(two('net.', average), [average, 'net.'], average);
  for (const other of ['schema.', 'swa.', 'ema2.', 'averaged_models.']) assert.deepEqual(two('net.', other), ['net.', other]);
  assert.deepEqual(two('model_ema.', ''), ['', 'model_ema.']);
  assert.deepEqual(two('student.', 'student.ema.'), ['student.', 'student.ema.']);
  // an average of a small part is no average of the model
  const part = ['ema.a.weight', ...['a', 'b', 'c', 'd'].map((name) => `net.${name}.weight`)];
  assert.deepEqual(prefixes(part), ['net.', 'ema.']);
  // exactly half is not more than half
  assert.deepEqual(prefixes(['ema.a.weight', 'net.a.weight', 'net.b.weight']), ['net.', 'ema.']);
  assert.deepEqual(prefixes(['ema.a.weight', 'ema.b.weight', 'net.a.weight', 'net.b.weight', 'net.c.weight']), ['ema.', 'net.']);
  assert.deepEqual(prefixes(['xa.weight', 'a.weights']), []);
}); // prettier-ignore

const namesOf = (names: string[], anchor = 'a.weight') => {
  const [first] = unwrapped(tensorsOf(shapes(names)), anchor);
  return first && { names: [...first.tensors.keys()], outside: Object.fromEntries(first.outside) };
};

test('what stands outside the prefix is beside the model, or in a copy of it', () => {
  assert.deepEqual(namesOf(['net.a.weight', 'net.b', 'fc.weight']), { names: ['a.weight', 'b', 'fc.weight'], outside: { 'fc.weight': 'beside' } });
  assert.deepEqual(namesOf(['m.net.a.weight', 'm.fc.weight'])?.names, ['a.weight', 'fc.weight']);
  // both have a b: the model's own is that under the prefix
  assert.deepEqual(namesOf(['net.a.weight', 'net.b', 'b']), { names: ['a.weight', 'b'], outside: {} });
  // a list of layers of its own
  assert.deepEqual(namesOf(['net.a.weight', 'net.l.0.x', 'l.1.x', 'k.1.x'])?.names, ['a.weight', 'l.0.x', 'k.1.x']);
  assert.deepEqual(namesOf(['a.weight', 'student.a.weight', 'student.b']), {
    names: ['a.weight', 'student.a.weight', 'student.b'],
    outside: { 'student.a.weight': 'copy', 'student.b': 'copy' },
  });
  assert.deepEqual(namesOf(['net.a.weight', 'student.a.weight'])?.outside, { 'student.a.weight': 'copy' });
  assert.deepEqual(namesOf(['a.weight', 'xnet.b'])?.outside, {});
}); // prettier-ignore

test('wrappers around inner modules go; names that only hold such a word stay', () => {
  const inner = ['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module', '_forward_module'];
  for (const wrapper of inner)
    assert.deepEqual(namesOf([`${wrapper}.a.weight`, `b.${wrapper}.${wrapper}.c`, `b.my${wrapper}.c`])?.names, ['a.weight', 'b.c', `b.my${wrapper}.c`]);
}); // prettier-ignore

test('blocks in chunks are counted through; lists with one linear layer lose their number', () => {
  const chunked = ['a.weight', 'blocks.0.0.x', 'blocks.0.1.x', 'blocks.1.2.x'];
  assert.deepEqual(namesOf(chunked)?.names, ['a.weight', 'blocks.0.x', 'blocks.1.x', 'blocks.2.x']);
  const each = ['a.weight', 'blocks.1.0.x', 'blocks.0.1.x', 'blocks.0.0.x', 'blocks.10.0.x', 'blocks.2.0.x'];
  assert.deepEqual(namesOf(each)?.names, ['a.weight', 'blocks.2.x', 'blocks.1.x', 'blocks.0.x', 'blocks.4.x', 'blocks.3.x']);
  for (const others of [['blocks.0.0.x', 'blocks.0.norm.x'], ['blocks.12345.0.x'], ['my.blocks.0.0.x'], ['blocks.0.0']])
    assert.deepEqual(namesOf(['a.weight', ...others])?.names, ['a.weight', ...others]);
  for (const base of ['head', 'classifier'])
    for (const place of ['1', '12', 'fc', 'linear'])
      assert.deepEqual(namesOf(['a.weight', `${base}.${place}.weight`, `${base}.${place}.bias`])?.names, ['a.weight', `${base}.weight`, `${base}.bias`]);
  for (const others of [['head.0.weight', 'head.2.weight'], ['head.1.gamma'], ['head.1234.weight'], ['heads.1.weight'], ['head.1.weight', 'head.1.bias', 'head.3.x'], ['head.norm.weight'], ['head.1.weight.x'], ['my.head.1.weight']])
    assert.deepEqual(namesOf(['a.weight', ...others])?.names, ['a.weight', ...others]);
}); // prettier-ignore

test('a classifier of another name is one linear layer over the features, alone', () => {
  const vit = familyOf({ model_type: 'vit' });
  const head = (rest: Shapes, family = vit) => headOf(tensorsOf({ [family.anchor]: [8, 3, 4, 4], ...rest }), family)?.headFrom;
  for (const name of ['cls', 'classification_head', 'cls_head', 'mlp_head', 'linear_head', 'fc', 'lin', 'linear', 'head', 'heads', 'fc.1', 'fc.fc', 'head.linear', 'heads.head', 'cls.classifier'])
    assert.equal(head({ [`${name}.weight`]: [5, 8], [`${name}.bias`]: [5] }), name, name);
  for (const name of ['my_fc', 'my.fc', 'fcs', 'fc.12', 'fc.norm', 'decoder', 'lins', 'fc.1.2'])
    assert.equal(head({ [`${name}.weight`]: [5, 8] }), undefined, name);
  assert.equal(head({ 'fc.weight': [5, 7] }), undefined);
  assert.equal(head({ 'fc.weight': [5, 8, 1] }), undefined);
  assert.equal(head({ 'fc.weights': [5, 8] }), undefined);
  assert.equal(head({ 'fc.weight': [5, 8], 'classifier.weight': [5, 8] }), undefined);
  assert.equal(head({ 'fc.weight': [5, 8], 'lin.weight': [5, 8] }), undefined);
  assert.equal(head({ 'fc.0.weight': [5, 8], 'fc.1.weight': [5] }), undefined);
  assert.equal(head({ 'fc.weight': [5, 8], 'fcx.weight': [5] }), 'fc');
  assert.equal(head({ 'fc.weight': [5, 8] }, familyOf({ model_type: 'dinov2' })), undefined);
  const { tensors } = recognise(new Fields('c', { model_type: 'vit' }), tensorsOf({ [vit.anchor]: [8, 3, 4, 4], 'fc.weight': [5, 8], 'fc.bias': [5], fcx: [1] }));
  assert.deepEqual([...tensors!.keys()], [vit.anchor, 'classifier.weight', 'classifier.bias', 'fcx']);
}); // prettier-ignore

test('what no forward pass reads, by its name', () => {
  const parts: Record<string, string[]> = {
    'a pre-training decoder': ['decoder.x', 'decode_head.x', 'decoder_blocks.0', 'pixel_decoder.x', 'decoder_pos_embed', 'decoder'],
    'a mask token': ['mask_token', 'x.mask_token'],
    'a projection head': ['dino_head.x', 'ibot_head.x', 'mlp_head.x', 'contrastive_head.x', 'head.mlp.0', 'head.last_layer.x', 'head.layers.0', 'head.projection.x', 'head_moco.x', 'headdino.x', 'projector.0', 'projection_x.0', 'proj_head.0', 'predictor.x', 'prediction.x', 'prototypes.x', 'queue', 'queue_ptr', 'center'],
    'the other tower of a pair': ['text.x', 'text_model.x', 'text_tower.x', 'transformer.x', 'token_embedding.x', 'ln_final.x', 'language_model.x', 'text_projection', 'visual_projection.x', 'logit_scale', 'logit_bias', 'positional_embedding'],
    'training state': ['optimizer.x', 'scheduler.x', 'lr_scheduler.x', 'scaler', 'loss_fn.x', 'criterion.x', 'epoch', 'step', 'global_step', 'num_updates', 'n_averaged', 'lr', 'iter', 'iteration', 'best_acc', 'train_acc', 'val_acc.x', 'valid_x', 'test_x', 'metric.x', 'metrics', 'x.num_batches_tracked', 'x._extra_state', 'x.total_ops', 'x.total_params', 'x.position_ids', 'total_ops', 'total_params', 'position_ids'],
    'further heads': ['my_head.x', 'heads2.x', 'aux_classifier.x', 'classifiers.x', 'fc.x', 'fc12.x', 'neck.x', 'auxiliary.x', 'pooler.x', 'last_layer.x'],
  }; // prettier-ignore
  for (const [what, names] of Object.entries(parts))
    for (const name of names) {
      const { findings, rest } = unreadParts([name], new Map());
      assert.deepEqual(rest, [], name);
      assert.equal(findings[0]?.message, `The file also holds ${what}, which is not read: ${name}.`, name);
      assert.deepEqual([findings[0].severity, findings[0].code], ['warning', 'unread-tensors']);
    }
  const others = ['blocks.0.x', 'mydecoder.x', 'decoders.x', 'mask_tokens', 'xmask_token', 'x.dino_head.x', 'centers', 'x.text.x', 'texts.x', 'x.optimizer', 'optimizers', 'steps', 'x.epoch', 'lrs', 'num_batches_tracked', 'x.total_opsx', 'xposition_ids', 'x.fc.x', 'fcs.x', 'necks.x', 'x.pooler.x', 'norm.weight', 'logit_scales']; // prettier-ignore
  for (const name of others) assert.deepEqual(unreadParts([name], new Map()).rest, [name]);
});

test('of what stood outside a word is said where its name says none', () => {
  const said = (name: string, where: 'beside' | 'copy') => unreadParts([name], new Map([[name, where]])).findings[0]?.message;
  assert.match(said('x.norm', 'beside') ?? '', /parts beside the encoder/);
  assert.match(said('x.norm', 'copy') ?? '', /another copy of the model/);
  assert.match(said('decoder.x', 'beside') ?? '', /a pre-training decoder/);
  assert.match(said('decoder.x', 'copy') ?? '', /another copy of the model/);
  assert.deepEqual(listed(['a', 'b', 'c', 'd']), ['a', 'b', 'c', 'd']);
  const { findings } = unreadParts(['fc.a', 'fc.b', 'fc.c', 'fc.d', 'fc.e'], new Map());
  assert.match(findings[0]?.message ?? '', /fc\.a, fc\.b, fc\.c and 2 more\.$/);
}); // prettier-ignore
