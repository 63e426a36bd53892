#include "vit/encoding.h"

#include <algorithm>

#include "weights/weight_store.h"

namespace vit {

namespace {

Floats load_scale(bool exists, const std::string& name, int64_t dim, WeightStore& weights) {
  return exists ? weights.values(name, {dim}) : Floats();
}

}  // namespace

Epilogue scale_and_add(const Floats& gamma, const float* residual, int64_t dim) {
  Epilogue e;
  e.gamma = gamma.empty() ? nullptr : gamma.data();
  e.residual = residual;
  e.ldr = dim;
  return e;
}

std::unique_ptr<Encoding> Encoding::load(const Block& block, const std::string& name, WeightStore& weights,
                                         const AttentionPositions& positions) {
  if (block.order == Block::Order::parallel) {
    auto made = std::make_unique<ParallelEncoding>();
    for (int64_t p = 0; p < block.branches; p++) {
      const std::string attn = name + "attns." + std::to_string(p) + ".",
                        ffn = name + "ffns." + std::to_string(p) + ".";
      made->attns.push_back({weights.norm(block.norm, attn + "norm", block.dim),
                             Attention::load(block, attn + "attn.", weights, positions),
                             load_scale(block.layer_scale, attn + "ls.gamma", block.dim, weights)});
      made->ffns.push_back({weights.norm(block.norm, ffn + "norm", block.dim),
                            NeuralNet::load(block, ffn + "mlp.", weights),
                            load_scale(block.layer_scale, ffn + "ls.gamma", block.dim, weights)});
    }
    return made;
  }
  if (block.order == Block::Order::parallel_scaling) return ScalingEncoding::load(block, name, weights, positions);
  auto made = std::make_unique<SequentialEncoding>();
  made->order = block.order;
  made->attn_residual = block.attn_residual;
  // A pre-norm block normalises what comes in; the others what attention made.
  made->norm1 = weights.norm(block.norm, name + "norm1", block.order == Block::Order::pre ? block.dim_in : block.dim);
  made->attn = Attention::load(block, name + "attn.", weights, positions);
  made->ls1 = load_scale(block.layer_scale, name + "ls1.gamma", block.dim, weights);
  made->norm2 = weights.norm(block.norm, name + "norm2", block.dim);
  made->mlp = NeuralNet::load(block, name + "mlp.", weights);
  made->ls2 = load_scale(block.layer_scale, name + "ls2.gamma", block.dim, weights);
  return made;
}

void SequentialEncoding::forward(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
                                 Pass& pass) const {
  if (order == Block::Order::pre) return forward_pre(x, batch, tokens, y, kept, pass);
  forward_post(x, batch, tokens, y, kept, pass);
}

void SequentialEncoding::forward_pre(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
                                     Pass& pass) const {
  const int64_t rows = batch * tokens, dim_in = attn.qkv->in(), dim = attn.proj->out();
  float* normed = pass.scratch.get(Scratch::normed, rows * std::max(dim_in, dim));
  {
    const Timed timed(pass, "norm");
    apply_norm(norm1, x, dim_in, rows, dim_in, normed, dim_in);
    VIT_STEP(pass.trace, "pre:norm1", (Shape{tokens, dim_in}), normed, dim_in);
  }
  attn.forward(normed, batch, tokens, y, scale_and_add(ls1, attn_residual ? x : nullptr, dim), kept, pass);
  VIT_STEP(pass.trace, "pre:attn.residual", (Shape{tokens, dim}), y, dim);
  {
    const Timed timed(pass, "norm");
    apply_norm(norm2, y, dim, rows, dim, normed, dim);
    VIT_STEP(pass.trace, "pre:norm2", (Shape{tokens, dim}), normed, dim);
  }
  mlp.forward(normed, rows, y, scale_and_add(ls2, y, dim), pass);
  VIT_STEP(pass.trace, "pre:mlp.residual", (Shape{tokens, dim}), y, dim);
}

void SequentialEncoding::forward_post(const float* x, int64_t batch, int64_t tokens, float* y,
                                      const AttentionKept& kept, Pass& pass) const {
  const int64_t rows = batch * tokens, dim = attn.proj->out();
  const bool inside = order == Block::Order::post;  // norm(x + f x); otherwise x + norm(f x)
  float* part = pass.scratch.get(Scratch::normed, rows * dim);

  attn.forward(x, batch, tokens, part, scale_and_add(ls1, inside ? x : nullptr, dim), kept, pass);
  if (inside) {
    VIT_STEP(pass.trace, "post:attn.residual", (Shape{tokens, dim}), part, dim);
    apply_norm(norm1, part, dim, rows, dim, y, dim);
    VIT_STEP(pass.trace, "post:norm1", (Shape{tokens, dim}), y, dim);
  } else {
    apply_norm(norm1, part, dim, rows, dim, part, dim);
    VIT_STEP(pass.trace, "res-post:norm1", (Shape{tokens, dim}), part, dim);
    for (int64_t i = 0; i < rows * dim; i++) y[i] = x[i] + part[i];
    VIT_STEP(pass.trace, "res-post:attn.residual", (Shape{tokens, dim}), y, dim);
  }

  mlp.forward(y, rows, part, scale_and_add(ls2, inside ? y : nullptr, dim), pass);
  if (inside) {
    VIT_STEP(pass.trace, "post:mlp.residual", (Shape{tokens, dim}), part, dim);
    apply_norm(norm2, part, dim, rows, dim, y, dim);
    VIT_STEP(pass.trace, "post:norm2", (Shape{tokens, dim}), y, dim);
  } else {
    apply_norm(norm2, part, dim, rows, dim, part, dim);
    VIT_STEP(pass.trace, "res-post:norm2", (Shape{tokens, dim}), part, dim);
    for (int64_t i = 0; i < rows * dim; i++) y[i] += part[i];
    VIT_STEP(pass.trace, "res-post:mlp.residual", (Shape{tokens, dim}), y, dim);
  }
}

}  // namespace vit
