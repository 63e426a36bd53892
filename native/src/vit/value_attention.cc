#include <algorithm>

#include "vit/encoding.h"

// |sum_h A[h, query, j] v_j^h W_o^h| of every kind of block (Kobayashi et al. 2020, eq. 5).

namespace vit {

void Attention::add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums, Pass& pass) const {
  const int64_t length = heads * head_dim, ld = 3 * length;
  float* q = pass.scratch.get(Scratch::qkv, tokens * ld);
  qkv->apply(x, qkv->in(), tokens, q, ld);
  normalise_qk(q, q + length, ld, tokens);
  add_weighted_values(q, q + length, q + 2 * length, ld, tokens, query, sums, pass);
}

void Attention::add_weighted_values(float* q, float* k, const float* v, int64_t ld, int64_t tokens, int64_t query,
                                    float* sums, Pass& pass) const {
  const int64_t length = heads * head_dim, dim = proj->out();
  if (positions.rotary) {
    positions.rotary->turn(q, ld, 1, tokens, heads);
    positions.rotary->turn(k, ld, 1, tokens, heads);
  }
  float* weighted = pass.scratch.get(Scratch::context, tokens * length);
  float* row = pass.scratch.get(Scratch::scores, tokens);
  for (int64_t h = 0; h < heads; h++) {
    const int64_t at = h * head_dim;
    map_rows(pass.by, q + at, k + at, ld, tokens, h, query, 1, row);
    for (int64_t j = 0; j < tokens; j++)
      for (int64_t d = 0; d < head_dim; d++) weighted[j * length + at + d] = row[j] * v[j * ld + at + d];
  }
  // The layer adds its bias, beside which these products may be small: its weight is taken instead.
  Floats weight(static_cast<size_t>(dim * length));
  proj->weight_rows(0, dim, weight.data());
  gemm(pass.by, Transpose::no, Transpose::yes, tokens, dim, length, 1, weighted, length, weight.data(), length, 1, sums,
       dim);
}

void SequentialEncoding::add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums,
                                             Pass& pass) const {
  if (order != Block::Order::pre) return attn.add_weighted_values(x, tokens, query, sums, pass);
  const int64_t dim = attn.qkv->in();
  float* normed = pass.scratch.get(Scratch::normed, tokens * dim);
  apply_norm(norm1, x, dim, tokens, dim, normed, dim);
  attn.add_weighted_values(normed, tokens, query, sums, pass);
}

void ParallelEncoding::add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums,
                                           Pass& pass) const {
  const int64_t dim = attns.front().attn.proj->out();
  float* normed = pass.scratch.get(Scratch::normed, tokens * dim);
  for (const AttentionBranch& branch : attns) {
    apply_norm(branch.norm, x, dim, tokens, dim, normed, dim);
    branch.attn.add_weighted_values(normed, tokens, query, sums, pass);
  }
}

void ScalingEncoding::add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums,
                                          Pass& pass) const {
  const int64_t dim = in_proj->in(), length = attn.heads * attn.head_dim, ld = in_proj->out();
  float* normed = pass.scratch.get(Scratch::normed, tokens * dim);
  apply_norm(in_norm, x, dim, tokens, dim, normed, dim);
  float* hidden = pass.scratch.get(Scratch::qkv, tokens * ld);
  in_proj->apply(normed, dim, tokens, hidden, ld);
  float* q = hidden + mlp_hidden;
  attn.normalise_qk(q, q + length, ld, tokens);
  attn.add_weighted_values(q, q + length, q + 2 * length, ld, tokens, query, sums, pass);
}

}  // namespace vit
