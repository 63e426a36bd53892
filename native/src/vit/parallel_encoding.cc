#include <algorithm>

#include "kernels/activations.h"
#include "vit/encoding.h"
#include "weights/weight_store.h"

namespace vit {

void ParallelEncoding::forward(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
                               Pass& pass) const {
  const int64_t rows = batch * tokens, dim = attns.front().attn.proj->out();
  const int64_t map = attns.front().attn.heads * tokens * tokens;
  float* normed = pass.scratch.get(Scratch::normed, rows * dim);
  // Every branch reads what came in, so the sum grows beside it.
  float* sum = pass.scratch.get(Scratch::stage, rows * dim);

  std::copy_n(x, rows * dim, sum);
  Floats maps(kept.maps && attns.size() > 1 ? static_cast<size_t>(batch * map) : 0);
  for (size_t p = 0; p < attns.size(); p++) {
    const auto& branch = attns[p];
    std::string outer;
    if (pass.trace) outer = pass.trace->enter(pass.trace->scope() + "attns." + std::to_string(p) + ".");
    apply_norm(branch.norm, x, dim, rows, dim, normed, dim);
    VIT_STEP(pass.trace, "parallel.attns:norm", (Shape{tokens, dim}), normed, dim);
    AttentionKept own = kept;
    if (p > 0 && kept.maps) {
      own.maps = maps.data();
      own.maps_stride = map;
    }
    branch.attn.forward(normed, batch, tokens, sum, scale_and_add(branch.ls, sum, dim), own, pass);
    if (pass.trace) pass.trace->enter(outer);
    if (p > 0 && kept.maps)
      for (int64_t b = 0; b < batch; b++)
        for (int64_t i = 0; i < map; i++) kept.maps[b * kept.maps_stride + i] += maps[b * map + i];
  }
  if (kept.maps && attns.size() > 1)
    for (int64_t b = 0; b < batch; b++)
      for (int64_t i = 0; i < map; i++) kept.maps[b * kept.maps_stride + i] /= static_cast<float>(attns.size());
  VIT_STEP(pass.trace, "parallel:attn.residual", (Shape{tokens, dim}), sum, dim);

  std::copy_n(sum, rows * dim, y);
  for (size_t p = 0; p < ffns.size(); p++) {
    const auto& branch = ffns[p];
    std::string outer;
    if (pass.trace) outer = pass.trace->enter(pass.trace->scope() + "ffns." + std::to_string(p) + ".");
    apply_norm(branch.norm, sum, dim, rows, dim, normed, dim);
    VIT_STEP(pass.trace, "parallel.ffns:norm", (Shape{tokens, dim}), normed, dim);
    branch.mlp.forward(normed, rows, y, scale_and_add(branch.ls, y, dim), pass);
    if (pass.trace) pass.trace->enter(outer);
  }
  VIT_STEP(pass.trace, "parallel:mlp.residual", (Shape{tokens, dim}), y, dim);
}

std::unique_ptr<Encoding> ScalingEncoding::load(const Block& block, const std::string& name, WeightStore& weights,
                                                const AttentionPositions& positions) {
  auto made = std::make_unique<ScalingEncoding>();
  const int64_t dim = block.dim, length = block.qkv_dim();
  made->mlp_hidden = block.mlp_hidden;
  made->in_norm = weights.norm(block.norm, name + "in_norm", dim);
  Floats bias;
  if (block.qkv_bias) {
    bias = weights.values(name + "in_proj.bias", {block.mlp_hidden + 3 * length});
  } else {
    // Rows are MLP, Q, K, V; mlp_bias is the MLP's, as timm has it since 1.0.25 (before, it reached the wrong rows).
    bias.assign(static_cast<size_t>(block.mlp_hidden + 3 * length), 0.0f);
    const Floats mlp = weights.values(name + "mlp_bias", {block.mlp_hidden});
    std::copy(mlp.begin(), mlp.end(), bias.begin());
  }
  made->in_proj = weights.linear(name + "in_proj.weight", std::move(bias), block.mlp_hidden + 3 * length, dim);
  Attention& attn = made->attn;
  attn.positions = positions;
  attn.heads = block.heads;
  attn.head_dim = block.head_dim;
  attn.scale = block.scale;
  attn.value_skip = false;
  attn.has_qk_norm = block.qk_norm.has_value();
  if (attn.has_qk_norm) {
    attn.q_norm = weights.norm(*block.qk_norm, name + "q_norm", block.head_dim);
    attn.k_norm = weights.norm(*block.qk_norm, name + "k_norm", block.head_dim);
  }
  attn.proj =
      weights.linear(name + "attn_out_proj.weight", block.proj_bias ? name + "attn_out_proj.bias" : "", dim, length);
  made->activation = block.activation;
  made->mlp_out = weights.linear(name + "mlp_out_proj.weight", block.mlp_bias ? name + "mlp_out_proj.bias" : "", dim,
                                 block.mlp_hidden);
  if (block.layer_scale) made->ls = weights.values(name + "ls.gamma", {dim});
  return made;
}

void ScalingEncoding::forward(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
                              Pass& pass) const {
  const int64_t rows = batch * tokens, dim = attn.proj->out(), length = attn.heads * attn.head_dim;
  const int64_t ld = in_proj->out();
  float* normed = pass.scratch.get(Scratch::normed, rows * dim);
  apply_norm(in_norm, x, dim, rows, dim, normed, dim);
  VIT_STEP(pass.trace, "parallel-scaling:in_norm", (Shape{tokens, dim}), normed, dim);
  float* hidden = pass.scratch.get(Scratch::qkv, rows * ld);
  in_proj->apply(normed, dim, rows, hidden, ld);
  VIT_STEP(pass.trace, "parallel-scaling:in_proj", (Shape{tokens, ld}), hidden, ld);
  float* q = hidden + mlp_hidden;
  attn.normalise_qk(q, q + length, ld, rows);
  float* context = pass.scratch.get(Scratch::context, rows * length);
  attn.attend(q, q + length, q + 2 * length, ld, batch, tokens, context, kept, pass);

  for (int64_t i = 0; i < rows; i++) activate(activation, hidden + i * ld, mlp_hidden);
  VIT_STEP(pass.trace, "parallel-scaling:mlp.act", (Shape{tokens, mlp_hidden}), hidden, ld);

  float* sum = pass.scratch.get(Scratch::branch, rows * dim);
  attn.proj->apply(context, length, rows, sum, dim);
  VIT_STEP(pass.trace, "parallel-scaling:attn.proj", (Shape{tokens, dim}), sum, dim);
  // The MLP's rows of `hidden` are apart by ld; Linear reads strided rows.
  mlp_out->apply(hidden, ld, rows, sum, dim, scale_and_add(Floats(), sum, dim));
  VIT_STEP(pass.trace, "parallel-scaling:sum", (Shape{tokens, dim}), sum, dim);
  finish_rows(sum, dim, rows, dim, nullptr, scale_and_add(ls, x, dim));
  std::copy_n(sum, rows * dim, y);
  VIT_STEP(pass.trace, "parallel-scaling:residual", (Shape{tokens, dim}), y, dim);
}

}  // namespace vit
