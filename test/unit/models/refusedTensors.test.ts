/** Models of another build are known by a tensor that only they have, and adapters by theirs; a name that only resembles it is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '../../../extension/models/config/fields';
import { refuseByName, refusedAs, refuseType } from '../../../extension/models/families/refused';
import { refused, tensorsOf } from './described';

const config = (values: Record<string, unknown> = {}) => new Fields('config.json', values);
/** What every patch embedding has. */
const VIT = { 'patch_embed.proj.weight': [8, 3, 4, 4], 'blocks.0.attn.qkv.weight': [24, 8] };
const holding = (name: string) => () => refuseByName(config(), tensorsOf({ ...VIT, [name]: [8] }));

/** Tensors of timm's, transformers' and the official models, and what stands for them in the refusal. */
const TENSORS: [title: string, names: string[], others: string[]][] = [
  ['an MViT', ['stages.0.blocks.0.attn.pool_q.weight', 'blocks.3.attn.norm_k.weight', 'blocks.0.attn.pool_v.weight'], ['attn.pool_q', 'blocks.0.attn.pool_x.weight']],
  ['a ViTamin', ['patch_embed.backbone.stages.0.blocks.0.norm1.weight'], ['my.patch_embed.backbones.stages.0']],
  ['a Swin Transformer', ['layers.0.blocks.1.attn.relative_position_bias_table', 'layers.3.downsample.norm.weight', 'swin.encoder.layers.0.blocks.0.attention.x'], ['layer.0.blocks.1.attn.relative_position_bias_table']],
  ['a SAM Vision Transformer', ['blocks.0.attn.rel_pos_h', 'vision_encoder.layers.1.attn.rel_pos_w'], ['blocks.0.attn.rel_pos_h.weight', 'rel_pos_h', 'blocks.0.attn.rel_pos_d']],
  ['a Hiera', ['blocks.2.proj.weight', 'trunk.blocks.12.proj.weight'], ['blocks.2.attn.proj.weight', 'my.blocks.2.proj.weight', 'blocks.2.proj.weights', 'blocks.proj.weight']],
  ['a hybrid of a convolutional network', ['patch_embed.backbone.stem.conv.weight', 'vit.embeddings.patch_embeddings.backbone.bit.embedder'], ['x.patch_embed.backbone.stem', 'patch_embed.backbones.']],
  ['a Vision Transformer with differential attention', ['blocks.0.attn.lambda_q1', 'blocks.0.attn.lambda_a'], ['encoder.layer.0.lambda_1', 'blocks.0.attn.lambda_q12', 'lambda_a']],
  ['a CaiT', ['blocks_token_only.0.gamma_1'], ['blocks_token_only']],
  ['an XCiT', ['blocks.0.local_mp.conv1.weight'], ['local_mp.conv1.weight', 'blocks.0.local_mp.conv2.weight']],
  ['a CrossViT', ['blocks.0.fusion.0.attn.wq.weight'], ['blocks.fusion.0.attn', 'my.blocks.0.fusion.0']],
  ['a ConViT', ['blocks.0.attn.gating_param'], ['blocks.0.attn.gating_param.weight']],
  ['a CoaT', ['serial_blocks1.0.norm1.weight', 'parallel_blocks.0.norm.weight'], ['my.serial_blocks1.0', 'serial_block.0']],
  ['a DaViT', ['stages.0.blocks.0.1.channel_attn.qkv.weight', 'stages.0.blocks.0.0.cpe1.proj.weight'], ['channel_attn.qkv.weight']],
  ['a GC ViT', ['stages.0.global_block.to_q_global.0.weight'], ['stages.global_block.x', 'my.stages.0.global_block.x']],
  ['a NesT', ['levels.0.transformer_encoder.0.norm1.weight'], ['levels.transformer_encoder.0', 'my.levels.0.transformer_encoder.0']],
  ['a PiT', ['transformers.0.blocks.0.norm1.weight', 'transformers.1.pool.fc.weight'], ['transformer.0.blocks.0.norm1.weight', 'my.transformers.0.blocks.0']],
  ['a PVT', ['stages.0.blocks.0.attn.sr.weight', 'stages.0.blocks.0.attn.kv.weight'], ['attn_pool.kv.weight', 'blocks.0.attn.kv.weights']],
  ['a TNT', ['pixel_embed.proj.weight'], ['my.pixel_embed.proj.weight']],
  ['a Twins', ['pos_block.0.proj.0.weight'], ['pos_block.proj', 'my.pos_block.0.proj']],
  ['a VOLO', ['network.0.0.attn.attn.weight', 'network.0.12.attn.v.weight'], ['network.0.attn.attn.weight', 'network.0.0.attn.v.weights', 'my.network.0.0.attn.v.weight']],
  ['a LeViT', ['stages.0.blocks.0.attn.attention_biases', 'stages.0.attn.attention_bias_idxs'], ['blocks.0.attn.attention_biases.weight']],
  ['a MaxViT', ['stages.0.blocks.0.attn_block.rel_pos.mlp.fc1.weight', 'stages.0.attn_grid.norm.weight'], ['attn_blocks.rel_pos', 'attn_grids.x']],
  ['a FocalNet', ['layers.0.focal.modulation.f.weight'], ['modulation.f.weight', 'layers.0.modulation.ff.weight']],
  ['an MLP network', ['blocks.0.mlp_tokens.fc1.weight'], ['blocks.0.mlp_tokens.fc2.weight']],
  ['a ConvNeXt', ['stages.0.blocks.0.conv_dw.weight', 'convnext.encoder.stages.0.layers.0.dwconv.weight', 'downsample_layers.0.0.weight', 'stages.0.1.dwconv.weight'], ['my.stages.0.blocks.0.conv_dw.weight', 'stages.dwconv']],
  ['a ResNet', ['layer1.0.conv1.weight', 'resnet.encoder.stages.0.layers.0'], ['layer1.0.conv1.bias', 'my.layer1.0.conv1.weight']],
  ['an EfficientNet', ['conv_stem.weight', 'blocks.0.0.conv_pw.weight'], ['my.conv_stem.weight', 'blocks.0.conv_pw.weight']],
]; // prettier-ignore

test('a tensor that only another build has is the reason of a refusal', () => {
  for (const [title, names, others] of TENSORS) {
    for (const name of names) refused(holding(name), new RegExp(`^config\\.json looks like ${title}\\b.*\\.onnx`), 'unsupported');
    for (const name of others) assert.doesNotThrow(holding(name), `${title}: ${name}`);
  }
  assert.doesNotThrow(() => refuseByName(config(), tensorsOf(VIT)));
  assert.doesNotThrow(() => refuseByName(config(), null));
}); // prettier-ignore

test('a config goes before the tensors, and the tag behind a name says nothing', () => {
  const both = (values: object) => () => refuseByName(config(values as Record<string, unknown>), tensorsOf({ 'blocks.0.attn.gating_param': [1] })); // prettier-ignore
  refused(both({ architecture: 'cait_s24_224.fb_dist_in1k' }), /looks like a CaiT/);
  refused(both({ model_type: 'levit' }), /looks like a LeViT/);
  refused(both({ architecture: 'vit_base_patch16_224' }), /looks like a ConViT/);
  assert.doesNotThrow(() => refuseByName(config({ architecture: 'vit_base_patch16_224.convnext_teacher' }), null));
});

test('names of any case are refused, and those that only hold such a name are not', () => {
  for (const name of ['SWIN_tiny', 'Cait_s24_224', 'MViTv2_tiny', 'ViT_base_R50_s16_224', 'VIT_BASE_RESNET26D_224', 'Gemma4_vit_150m', 'Test_MambaOut', 'LambdaNet', 'XResNeXt'])
    assert.ok(refusedAs(name, ''), name);
  for (const name of ['my_swin_tiny', 'xcait_s24', 'vit_base_patch16_224', 'vit_base_mci', 'my_convnext', 'vit_tnt_', 'beit_base_patch16_224', 'deit3_base_patch16_224', 'my_dla34', 'vit_little_patch16_reg1_gap_256', 'vit_xlittle_patch16', 'naflexvit_base_patch16_gap', 'naflexvit_base_parts_gap', 'my_vgg16', 'eva02_base_patch14_224'])
    assert.equal(refusedAs(name, ''), null, name);
}); // prettier-ignore

test('model types of another build are refused, and those that only hold such a type are not', () => {
  const types: Record<string, string[]> = {
    'a Swin': ['swin', 'swinv2', 'donut-swin', 'maskformer-swin'],
    'a SAM': ['sam', 'sam_vision_model', 'sam_hq', 'sam_hq_vision_model'],
    'a Hiera': ['hiera', 'sam2', 'sam2_video', 'edgetam'],
    'a Gemma': ['gemma3n', 'gemma4_vision'],
    'a hybrid': ['vit_hybrid'],
    'a PVT': ['pvt', 'pvt_v2'],
    'a FastViT': ['fastvit', 'fast_vit'],
    'a ConvNeXt': ['convnext', 'convnextv2', 'dinov3_convnext'],
    'a ResNet': ['resnet', 'bit', 'rt_detr_resnet'],
    'a MobileNet': ['mobilenet_v1', 'mobilenet_v2'],
    'an EfficientNet': ['efficientnet', 'align_vision_model'],
  };
  for (const [title, names] of Object.entries(types))
    for (const type of names) assert.ok(refusedAs('', type)?.message.startsWith(title), type);
  for (const type of ['', 'vit', 'my-swin', 'sam_hq_text', 'xsam', 'vit_hybrids', 'levits', 'clip', 'my_resnet', 'resnets', 'rabbit', 'bits', 'align_text_model', 'mobilenet_v', 'gemma3', 'xhiera', 'poolformers', 'focalnets', 'xpvt', 'regnets', 'hgnet_v22'])
    assert.equal(refusedAs('', type), null, type);
}); // prettier-ignore

test('a model type nobody claims is refused with its name, cut to a length', () => {
  assert.doesNotThrow(() => refuseType(config()));
  refused(
    () => refuseType(config({ model_type: 'x'.repeat(200) })),
    new RegExp(`says model_type "x{80}",`),
    'unsupported',
  );
});

/** What PEFT and others write, and whether it can be merged. */
const ADAPTERS: [title: string, merges: boolean, names: string[]][] = [
  ['a LoRA adapter', true, ['lora_A.weight', 'lora_B.default.weight', 'lora_up.weight', 'lora_down.weight', 'lora_embedding_A', 'lora_embedding_B.default', 'lora_magnitude_vector']],
  ['an adapter', true, ['hada_w1_a', 'hada_w2_b', 'lokr_w1', 'lokr_w2_a', 'lokr_w2_b', 'ia3_l', 'oft_r', 'oft_R.default', 'boft_s', 'fourierft_spectrum', 'ln_tuning_layers.weight', 'vera_lambda_b', 'vera_lambda_d', 'linear_a_q.weight', 'linear_b_v.weight', 'base_layer.weight']],
  ['trained prompts', false, ['prompt_embeddings', 'deep_prompt_embeddings', 'prompt_tokens.weight']],
  ['adapters inside its blocks', false, ['adaptmlp.down_proj.weight', 'adapter.up.weight', 'adapter1.layers.0.down_proj.weight']],
]; // prettier-ignore

test('adapters are named by their tensor, with what can be done', () => {
  for (const [title, merges, names] of ADAPTERS)
    for (const name of names) {
      const way = merges ? 'merge it into its base model' : 'export the whole model to \\.onnx';
      const said = new RegExp(`^m holds ${title} \\(blocks\\.0\\.attn\\.${name.replaceAll('.', '\\.')}\\), .*${way}`);
      refused(holding(`blocks.0.attn.${name}`), said, 'unsupported');
    }
  refused(holding('prompt_embeddings'), /holds trained prompts \(prompt_embeddings\)/);
  for (const name of ['blocks.0.lora_Ax.weight', 'flora_A', 'blocks.0.hada_w1_c', 'blocks.0.ia3_long', 'my_prompt_embeddings', 'blocks.0.prompt_embeddings2', 'adapter.down.weight', 'blocks.0.adapter.down.bias', 'blocks.0.base_layers.weight', 'blocks.0.lora_A_weight'])
    assert.doesNotThrow(holding(name), name);
}); // prettier-ignore

test("under PEFT's wrapper tensors of any kind are changes, unless a patch embedding is among them", () => {
  const wrapped = (names: string[]) => () =>
    refuseByName(config(), tensorsOf(Object.fromEntries(names.map((name) => [`base_model.model.${name}`, [1]]))));
  refused(wrapped(['layers.0.q_proj.unheard_of']), /holds an adapter \(base_model\.model\.layers\.0\.q_proj\.unheard_of\)/);
  assert.doesNotThrow(wrapped(['layers.0.q_proj.weight', 'embeddings.patch_embeddings.weight']));
  assert.doesNotThrow(wrapped(['layers.0.q_proj.weight', 'conv1.weight']));
  assert.doesNotThrow(() => refuseByName(config(), tensorsOf({ 'base_model.model.a': [1], b: [1] })));
  assert.doesNotThrow(() => refuseByName(config(), tensorsOf({ 'my.base_model.model.a': [1] })));
}); // prettier-ignore
