#include "vit/attention.h"

#include <algorithm>

#include "kernels/softmax.h"
#include "weights/weight_store.h"

namespace vit {

Attention Attention::load(const Block& block, const std::string& name, WeightStore& weights,
                          const AttentionPositions& positions) {
  Attention a{};
  a.positions = positions;
  if (block.performer) a.performer = Performer::load(block, name, weights);
  a.heads = block.heads;
  a.head_dim = block.head_dim;
  a.scale = block.scale;
  a.value_skip = block.value_skip;
  a.qkv =
      weights.linear(name + "qkv.weight", block.qkv_bias ? name + "qkv.bias" : "", 3 * block.qkv_dim(), block.dim_in);
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

namespace {

/** Rows of Q, K or V with their heads side by side, as the articles draw them: (h, N, hd). */
Floats split_heads(const float* rows, int64_t ld, int64_t tokens, int64_t heads, int64_t head_dim) {
  Floats split(static_cast<size_t>(heads * tokens * head_dim));
  for (int64_t h = 0; h < heads; h++)
    for (int64_t i = 0; i < tokens; i++)
      std::copy_n(rows + i * ld + h * head_dim, head_dim, split.data() + (h * tokens + i) * head_dim);
  return split;
}

/** Rows of one head's scores that exist at a time when no map is kept: about two megabytes of them. */
int64_t rows_at_once(int64_t tokens) { return std::min(tokens, std::max<int64_t>(16, (int64_t{1} << 19) / tokens)); }

}  // namespace

void Attention::score_rows(Gemm by, const float* q, const float* k, int64_t ld, int64_t tokens, int64_t head,
                           int64_t row, int64_t rows, float* scores) const {
  gemm(by, Transpose::no, Transpose::yes, rows, tokens, head_dim, scale, q + row * ld, ld, k, ld, 0, scores, tokens);
  if (positions.bias) positions.bias->add(head, row, rows, scores, tokens);
}

void Attention::map_rows(Gemm by, const float* q, const float* k, int64_t ld, int64_t tokens, int64_t head, int64_t row,
                         int64_t rows, float* map) const {
  score_rows(by, q, k, ld, tokens, head, row, rows, map);
  softmax(map, rows, tokens, tokens);
}

void Attention::attend(float* q, float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens, float* context,
                       const AttentionKept& kept, Pass& pass) const {
  const int64_t length = heads * head_dim;
  VIT_STEP(pass.trace, "attn.q", (Shape{heads, tokens, head_dim}), split_heads(q, ld, tokens, heads, head_dim).data(),
           head_dim);
  VIT_STEP(pass.trace, "attn.k", (Shape{heads, tokens, head_dim}), split_heads(k, ld, tokens, heads, head_dim).data(),
           head_dim);
  VIT_STEP(pass.trace, "attn.v", (Shape{heads, tokens, head_dim}), split_heads(v, ld, tokens, heads, head_dim).data(),
           head_dim);
  if (positions.rotary) {
    const Timed timed(pass, "attn.rotary");
    positions.rotary->turn(q, ld, batch, tokens, heads);
    positions.rotary->turn(k, ld, batch, tokens, heads);
    VIT_STEP(pass.trace, "attn.q_rotated", (Shape{heads, tokens, head_dim}),
             split_heads(q, ld, tokens, heads, head_dim).data(), head_dim);
    VIT_STEP(pass.trace, "attn.k_rotated", (Shape{heads, tokens, head_dim}),
             split_heads(k, ld, tokens, heads, head_dim).data(), head_dim);
  }
  if (positions.bias && pass.trace && pass.trace->wants("attn.bias")) {
    Floats bias(static_cast<size_t>(heads * tokens * tokens), 0.0f);
    for (int64_t h = 0; h < heads; h++) positions.bias->add(h, 0, tokens, bias.data() + h * tokens * tokens, tokens);
    VIT_STEP(pass.trace, "attn.bias", (Shape{heads, tokens, tokens}), bias.data(), tokens);
  }
  if (performer) {
    const Timed timed(pass, "attn.scores");
    performer->attend(q, k, v, ld, batch, tokens, context, kept.queries_keys, pass);
    VIT_STEP(pass.trace, "attn.context", (Shape{tokens, length}), context, length);
    return;
  }
  if (kept.queries_keys)
    for (int64_t i = 0; i < batch * tokens; i++) {
      std::copy_n(q + i * ld, length, kept.queries_keys + i * 2 * length);
      std::copy_n(k + i * ld, length, kept.queries_keys + i * 2 * length + length);
    }

  // Whoever looks at the scores sees all heads before and after the softmax; otherwise a head's rows are used up at
  // once.
  const bool look = pass.trace && (pass.trace->wants("attn.scores") || pass.trace->wants("attn.weights"));
  const int64_t block = kept.maps || look ? tokens : rows_at_once(tokens);
  float* scratch = kept.maps ? nullptr : pass.scratch.get(Scratch::scores, (look ? heads : 1) * block * tokens);
  for (int64_t b = 0; b < batch; b++)
    for (int64_t h = 0; h < heads; h++) {
      const int64_t at = b * tokens * ld + h * head_dim;
      for (int64_t row = 0; row < tokens; row += block) {
        const int64_t rows = std::min(block, tokens - row);
        float* scores = kept.maps ? kept.maps + b * kept.maps_stride + h * tokens * tokens
                                  : scratch + (look ? h * tokens * tokens : 0);
        {
          const Timed timed(pass, "attn.scores");
          gemm(pass.by, Transpose::no, Transpose::yes, rows, tokens, head_dim, scale, q + at + row * ld, ld, k + at, ld,
               0, scores, tokens);
          if (positions.bias) positions.bias->add(h, row, rows, scores, tokens);
        }
        if (look) continue;
        {
          const Timed timed(pass, "attn.softmax");
          softmax(scores, rows, tokens, tokens);
        }
        const Timed timed(pass, "attn.context");
        gemm(pass.by, Transpose::no, Transpose::no, rows, head_dim, tokens, 1, scores, tokens, v + at, ld, 0,
             context + (b * tokens + row) * length + h * head_dim, length);
      }
      pass.stop_if_cancelled();
    }
  if (look) {
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
