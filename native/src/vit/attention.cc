#include "vit/attention.h"

#include <algorithm>

#include "kernels/softmax.h"
#include "weights/weight_store.h"

namespace vit {

Attention Attention::load(const Block& block, const std::string& name, WeightStore& weights) {
  Attention a{};
  a.heads = block.heads;
  a.head_dim = block.head_dim;
  a.scale = block.scale;
  a.value_skip = block.value_skip;
  a.qkv = weights.linear(name + "qkv.weight", block.qkv_bias ? name + "qkv.bias" : "", 3 * block.qkv_dim(), block.dim_in);
  a.proj = weights.linear(name + "proj.weight", block.proj_bias ? name + "proj.bias" : "", block.dim, block.qkv_dim());
  a.has_qk_norm = block.qk_norm.has_value();
  if (a.has_qk_norm) {
    a.q_norm = weights.norm(*block.qk_norm, name + "q_norm", block.head_dim);
    a.k_norm = weights.norm(*block.qk_norm, name + "k_norm", block.head_dim);
  }
  a.has_attn_norm = block.attn_norm.has_value();
  if (a.has_attn_norm) a.norm = weights.norm(*block.attn_norm, name + "norm", block.qkv_dim());
  return a;
}

void Attention::forward(const float* x, int64_t batch, int64_t tokens, float* y, const Epilogue& into,
                        const AttentionKept& kept, Pass& pass) const {
  const int64_t rows = batch * tokens;
  const int64_t length = heads * head_dim;  // of Q, of K, of V
  const int64_t ld = 3 * length;
  float* q = pass.scratch.get(Scratch::qkv, rows * ld);
  float* k = q + length;
  float* v = k + length;
  {
    const Timed timed(pass, "attn.qkv");
    qkv->apply(x, qkv->in(), rows, q, ld);
    normalise_qk(q, k, ld, rows);
  }
  float* context = pass.scratch.get(Scratch::context, rows * length);
  attend(q, k, v, ld, batch, tokens, context, kept, pass);

  const Timed timed(pass, "attn.proj");
  if (has_attn_norm) {
    apply_norm(norm, context, length, rows, length, context, length);
    VIT_STEP(pass.trace, "attn.norm", (Shape{tokens, length}), context, length);
  }
  const int64_t dim = proj->out();
  if (!pass.trace && !value_skip) return proj->apply(context, length, rows, y, dim, into);

  float* out = pass.scratch.get(Scratch::branch, rows * dim);
  proj->apply(context, length, rows, out, dim);
  VIT_STEP(pass.trace, "attn.proj", (Shape{tokens, dim}), out, dim);
  if (value_skip) {
    Epilogue skip;
    skip.residual = v;
    skip.ldr = ld;
    finish_rows(out, dim, rows, dim, nullptr, skip);
    VIT_STEP(pass.trace, "attn.value_skip", (Shape{tokens, dim}), out, dim);
  }
  finish_rows(out, dim, rows, dim, nullptr, into);
  std::copy_n(out, rows * dim, y);
}

void Attention::normalise_qk(float* q, float* k, int64_t ld, int64_t rows) const {
  if (!has_qk_norm) return;
  for (int64_t h = 0; h < heads; h++) {
    apply_norm(q_norm, q + h * head_dim, ld, rows, head_dim, q + h * head_dim, ld);
    apply_norm(k_norm, k + h * head_dim, ld, rows, head_dim, k + h * head_dim, ld);
  }
}

void Attention::attend(const float* q, const float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens,
                       float* context, const AttentionKept& kept, Pass& pass) const {
  const int64_t length = heads * head_dim;
  VIT_STEP(pass.trace, "attn.q", (Shape{tokens, length}), q, ld);
  VIT_STEP(pass.trace, "attn.k", (Shape{tokens, length}), k, ld);
  VIT_STEP(pass.trace, "attn.v", (Shape{tokens, length}), v, ld);
  if (kept.queries_keys)
    for (int64_t i = 0; i < batch * tokens; i++) {
      std::copy_n(q + i * ld, length, kept.queries_keys + i * 2 * length);
      std::copy_n(k + i * ld, length, kept.queries_keys + i * 2 * length + length);
    }

  // A kept map is written in place; otherwise rows of scores live in a few megabytes and are used up at once.
  const bool whole = kept.maps != nullptr || pass.trace != nullptr;
  const int64_t block = whole ? tokens : std::clamp<int64_t>((int64_t{1} << 19) / std::max<int64_t>(1, tokens), 16, tokens < 16 ? 16 : tokens);
  float* scratch = kept.maps ? nullptr : pass.scratch.get(Scratch::scores, (pass.trace ? heads : 1) * block * tokens);
  for (int64_t b = 0; b < batch; b++) {
    for (int64_t h = 0; h < heads; h++) {
      const int64_t at = b * tokens * ld + h * head_dim;
      for (int64_t row = 0; row < tokens; row += block) {
        const int64_t rows = std::min(block, tokens - row);
        float* scores = kept.maps ? kept.maps + b * kept.maps_stride + (h * tokens + row) * tokens
                                  : scratch + (pass.trace ? h * tokens * tokens : 0);
        {
          const Timed timed(pass, "attn.scores");
          gemm(pass.by, Transpose::no, Transpose::yes, rows, tokens, head_dim, scale, q + at + row * ld, ld, k + at, ld, 0,
               scores, tokens);
        }
        if (pass.trace) continue;
        {
          const Timed timed(pass, "attn.softmax");
          softmax(scores, rows, tokens, tokens);
        }
        const Timed timed(pass, "attn.context");
        gemm(pass.by, Transpose::no, Transpose::no, rows, head_dim, tokens, 1, scores, tokens, v + at, ld, 0,
             context + (b * tokens + row) * length + h * head_dim, length);
      }
    }
  }
  if (pass.trace) {
    // The walk-through sees all heads before and after the softmax, so they are done together.
    VIT_STEP(pass.trace, "attn.scores", (Shape{heads, tokens, tokens}), scratch, tokens);
    softmax(scratch, heads * tokens, tokens, tokens);
    VIT_STEP(pass.trace, "attn.weights", (Shape{heads, tokens, tokens}), scratch, tokens);
    for (int64_t h = 0; h < heads; h++)
      gemm(pass.by, Transpose::no, Transpose::no, tokens, head_dim, tokens, 1, scratch + h * tokens * tokens, tokens,
           v + h * head_dim, ld, 0, context + h * head_dim, length);
  }
  VIT_STEP(pass.trace, "attn.context", (Shape{tokens, length}), context, length);
}

}  // namespace vit
