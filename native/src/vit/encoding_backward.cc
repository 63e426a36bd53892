#include <algorithm>

#include "kernels/activations.h"
#include "vit/encoding.h"

// The backward passes of the blocks of encoding.cc and parallel_encoding.cc.

namespace vit {

namespace {

/** Leaves what norm1 made, and its gradient, where somebody looks. */
void show_norm(const BlockLook& look, const float* made, const float* gradient, int64_t values) {
  if (look.norm) std::copy_n(made, values, look.norm);
  if (look.norm_gradient) std::copy_n(gradient, values, look.norm_gradient);
}

/** Rows of dy (rows, dim) up to the last that is not zero; at least one. */
int64_t live_rows(const float* dy, int64_t rows, int64_t dim) {
  int64_t values = rows * dim;
  while (values > dim && dy[values - 1] == 0) values--;
  return (values + dim - 1) / dim;
}

void add(const float* from, int64_t values, float* to) {
  for (int64_t i = 0; i < values; i++) to[i] += from[i];
}

}  // namespace

void SequentialEncoding::backward(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx,
                                  const BlockLook& look, Backward& back) const {
  if (order == Block::Order::pre) return backward_pre(x, dy, batch, tokens, dx, look, back);
  backward_post(x, dy, batch, tokens, dx, look, back);
}

void SequentialEncoding::backward_pre(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx,
                                      const BlockLook& look, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t rows = batch * tokens, dim_in = attn.qkv->in(), dim = attn.proj->out();
  float* const normed = scope.take(rows * dim_in);
  back.norm(norm1, x, rows, dim_in, normed);
  float* const middle = scope.take(rows * dim);  // between attention and neural network
  // A prediction reads few tokens, often one: behind them the last block has nothing to pass back.
  const int64_t live = batch == 1 && !attn.performer ? live_rows(dy, rows, dim) : tokens, read = batch * live;
  const auto made = attn.recall(normed, batch, tokens, live, middle,
                                scale_and_add(ls1, attn_residual ? x : nullptr, dim), scope, back);

  float* const dmiddle = scope.take(rows * dim);
  std::copy_n(dy, rows * dim, dmiddle);
  {
    Arena::Scope inner(back.arena);
    float* const middle_normed = inner.take(read * dim);
    back.norm(norm2, middle, read, dim, middle_normed);
    float* const dnormed = inner.take(read * dim);
    mlp.backward(middle_normed, back.scaled(ls2, dy, read, dim, inner), read, dnormed, back);
    back.norm_back(norm2, middle, dnormed, read, dim, dmiddle, true);
  }
  const bool input = look.input || look.norm_gradient;
  float* const dnormed = scope.take(input ? rows * dim_in : 0);
  attn.backward(made, back.scaled(ls1, dmiddle, read, dim, scope), batch, tokens, dnormed, input, look.maps, back);
  show_norm(look, normed, dnormed, rows * dim_in);
  if (!look.input) return;
  if (attn_residual) std::copy_n(dmiddle, rows * dim, dx);
  back.norm_back(norm1, x, dnormed, rows, dim_in, dx, attn_residual);
}

void SequentialEncoding::backward_post(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx,
                                       const BlockLook& look, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t rows = batch * tokens, dim = attn.proj->out();
  const bool inside = order == Block::Order::post;  // norm(x + f x); otherwise x + norm(f x)
  float* const read1 = scope.take(rows * dim);      // by norm1, and what it made
  float* const made1 = scope.take(rows * dim);
  const auto made =
      attn.recall(x, batch, tokens, tokens, read1, scale_and_add(ls1, inside ? x : nullptr, dim), scope, back);
  back.norm(norm1, read1, rows, dim, made1);
  float* middle = made1;
  if (!inside) {
    middle = scope.take(rows * dim);
    for (int64_t i = 0; i < rows * dim; i++) middle[i] = x[i] + made1[i];
  }

  float* const dmiddle = scope.take(rows * dim);
  {
    Arena::Scope inner(back.arena);
    float* const read2 = inner.take(rows * dim);
    mlp.forward(middle, rows, read2, scale_and_add(ls2, inside ? middle : nullptr, dim), back.pass);
    float* const dread2 = inner.take(rows * dim);
    back.norm_back(norm2, read2, dy, rows, dim, dread2, false);
    mlp.backward(middle, back.scaled(ls2, dread2, rows, dim, inner), rows, dmiddle, back);
    add(inside ? dread2 : dy, rows * dim, dmiddle);
  }
  show_norm(look, made1, dmiddle, rows * dim);
  float* const dread1 = scope.take(rows * dim);
  back.norm_back(norm1, read1, dmiddle, rows, dim, dread1, false);
  attn.backward(made, back.scaled(ls1, dread1, rows, dim, scope), batch, tokens, dx, look.input, look.maps, back);
  if (look.input) add(inside ? dread1 : dmiddle, rows * dim, dx);
}

namespace {

/**
 * Several branches have one map, their mean, and moving it moves every branch's alike: its gradient is the branches'
 * sum. These are summed up before anything is made of them. `values`: of one (B, h, N, N).
 */
MapLook look_at_branches(const MapLook& look, size_t branches, int64_t values, Arena::Scope& scope) {
  if (branches == 1 || !look.next) return look;
  MapLook sums;
  sums.gradient = look.gradient ? look.gradient : scope.take(values);
  sums.maps = scope.take(values);
  return sums;
}

void carry_branches(const MapLook& sums, const MapLook& look, float branches, int64_t batch, int64_t heads,
                    int64_t tokens) {
  for (int64_t i = 0; i < batch * heads * tokens * tokens; i++) sums.maps[i] /= branches;
  for (int64_t b = 0; b < batch; b++)
    for (int64_t h = 0; h < heads; h++) {
      const int64_t at = (b * heads + h) * tokens * tokens;
      carry_relevance(sums.maps + at, sums.gradient + at, tokens, 0, tokens, look.carried + b * tokens, heads,
                      look.next + b * tokens);
    }
}

}  // namespace

void ParallelEncoding::backward(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx,
                                const BlockLook& look, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t rows = batch * tokens, dim = attns.front().attn.proj->out();
  float* const middle = scope.take(rows * dim);
  std::copy_n(x, rows * dim, middle);
  std::vector<Attention::Recalled> made;
  float* const normed = scope.take(rows * dim);
  for (const AttentionBranch& branch : attns) {
    back.norm(branch.norm, x, rows, dim, normed);
    made.push_back(
        branch.attn.recall(normed, batch, tokens, tokens, middle, scale_and_add(branch.ls, middle, dim), scope, back));
  }

  float* const dmiddle = scope.take(rows * dim);
  std::copy_n(dy, rows * dim, dmiddle);
  float* const dnormed = scope.take(rows * dim);
  for (const NetBranch& branch : ffns) {
    Arena::Scope inner(back.arena);
    back.norm(branch.norm, middle, rows, dim, normed);
    branch.mlp.backward(normed, back.scaled(branch.ls, dy, rows, dim, inner), rows, dnormed, back);
    back.norm_back(branch.norm, middle, dnormed, rows, dim, dmiddle, true);
  }

  if (look.input) std::copy_n(dmiddle, rows * dim, dx);
  MapLook maps = look_at_branches(look.maps, attns.size(), batch * attns.front().attn.heads * tokens * tokens, scope);
  for (size_t p = 0; p < attns.size(); p++) {
    Arena::Scope inner(back.arena);
    const AttentionBranch& branch = attns[p];
    const bool shown = p == 0 && look.norm_gradient, input = look.input || shown;
    branch.attn.backward(made[p], back.scaled(branch.ls, dmiddle, rows, dim, inner), batch, tokens, dnormed, input,
                         maps, back);
    maps.add = true;
    if (shown) {
      back.norm(branch.norm, x, rows, dim, normed);
      show_norm(look, normed, dnormed, rows * dim);
    }
    if (look.input) back.norm_back(branch.norm, x, dnormed, rows, dim, dx, true);
  }
  if (attns.size() > 1 && look.maps.next)
    carry_branches(maps, look.maps, static_cast<float>(attns.size()), batch, attns.front().attn.heads, tokens);
}

void ScalingEncoding::backward(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx,
                               const BlockLook& look, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t rows = batch * tokens, dim = attn.proj->out(), length = attn.heads * attn.head_dim;
  const int64_t ld = in_proj->out();
  float* const normed = scope.take(rows * dim);
  back.norm(in_norm, x, rows, dim, normed);
  float* const hidden = scope.take(rows * ld);
  in_proj->apply(normed, dim, rows, hidden, ld);
  float* const q = hidden + mlp_hidden;
  const auto made = attn.recall_heads(q, q + length, q + 2 * length, ld, batch, tokens, tokens, false, scope, back);

  const float* const dsum = back.scaled(ls, dy, rows, dim, scope);
  const bool input = look.input || look.norm_gradient;
  float* const dhidden = scope.take(input ? rows * ld : 0);
  if (input) {
    back.layers.apply_back(*mlp_out, dsum, dim, rows, dhidden, ld, false);
    back.share(back.parts(100.0 * static_cast<double>(rows) * static_cast<double>(mlp_hidden)), rows,
               [&](int, int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; i++)
                   back.slopes(activation, hidden + i * ld, dhidden + i * ld, mlp_hidden);
               });
  }
  float* const dcontext = scope.take(rows * length);
  back.layers.apply_back(*attn.proj, dsum, dim, rows, dcontext, length, false);
  float* const dq = input ? dhidden + mlp_hidden : nullptr;
  attn.backward_heads(made, dcontext, batch, tokens, dq, input ? dq + length : nullptr,
                      input ? dq + 2 * length : nullptr, ld, look.maps, back);
  if (!input) return;
  float* const dnormed = scope.take(rows * dim);
  back.layers.apply_back(*in_proj, dhidden, ld, rows, dnormed, dim, false);
  show_norm(look, normed, dnormed, rows * dim);
  if (!look.input) return;
  std::copy_n(dy, rows * dim, dx);
  back.norm_back(in_norm, x, dnormed, rows, dim, dx, true);
}

}  // namespace vit
