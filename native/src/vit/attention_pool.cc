#include "vit/attention_pool.h"

#include <algorithm>
#include <cmath>

#include "kernels/softmax.h"
#include "weights/weight_store.h"

namespace vit {

AttentionPool AttentionPool::load(const Architecture& a, WeightStore& weights) {
  AttentionPool made{};
  const MapPool& spec = *a.map_pool;
  made.heads = spec.heads;
  made.head_dim = a.dim / spec.heads;
  made.latent = weights.values("attn_pool.latent", {1, 1, a.dim});
  if (spec.query) made.q = weights.linear("attn_pool.q.weight", "attn_pool.q.bias", a.dim, a.dim);
  made.kv = weights.linear("attn_pool.kv.weight", spec.kv_bias ? "attn_pool.kv.bias" : "", 2 * a.dim, a.dim);
  made.proj = weights.linear("attn_pool.proj.weight", "attn_pool.proj.bias", a.dim, a.dim);
  made.has_mlp = spec.mlp_hidden > 0;
  if (!made.has_mlp) return made;
  made.norm = weights.norm({Norm::Kind::layer, spec.eps}, "attn_pool.norm", a.dim);
  Block net{};
  net.dim = a.dim;
  net.mlp_hidden = spec.mlp_hidden;
  net.mlp = Block::Mlp::mlp;
  net.mlp_bias = true;
  net.activation = spec.activation;
  made.mlp = NeuralNet::load(net, "attn_pool.mlp.", weights);
  return made;
}

void AttentionPool::forward(const float* x, int64_t n, float* feature, Pass& pass) const {
  const int64_t dim = heads * head_dim;
  Floats query(dim), context(dim), scores(n), normed(dim);
  float* keys = pass.scratch.get(Scratch::qkv, n * 2 * dim);
  const float* values = keys + dim;
  if (q)
    q->apply(latent.data(), dim, 1, query.data(), dim);
  else
    query = latent;
  kv->apply(x, dim, n, keys, 2 * dim);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  for (int64_t h = 0; h < heads; h++) {
    const int64_t at = h * head_dim;
    gemm(pass.by, Transpose::no, Transpose::yes, 1, n, head_dim, scale, query.data() + at, dim, keys + at, 2 * dim, 0,
         scores.data(), n);
    softmax(scores.data(), 1, n, n);
    gemm(pass.by, Transpose::no, Transpose::no, 1, head_dim, n, 1, scores.data(), n, values + at, 2 * dim, 0,
         context.data() + at, dim);
  }
  proj->apply(context.data(), dim, 1, feature, dim);
  if (!has_mlp) return;
  apply_norm(norm, feature, dim, 1, dim, normed.data(), dim);
  Epilogue residual;
  residual.residual = feature;
  residual.ldr = dim;
  // Its own steps are not part of the walk-through: "pool" shows the result.
  Pass quiet{pass.by, pass.scratch};
  mlp.forward(normed.data(), 1, feature, residual, quiet);
}

void AttentionPool::backward(const float* x, const float* dfeature, int64_t n, float* dx, Backward& back) const {
  Arena::Scope scope(back.arena);
  const Gemm by = back.pass.by;
  const int64_t dim = heads * head_dim;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  float* const query = scope.take(dim);
  float* const context = scope.take(dim);
  float* const maps = scope.take(heads * n);
  float* const keys = scope.take(n * 2 * dim);
  const float* const values = keys + dim;
  if (q)
    q->apply(latent.data(), dim, 1, query, dim);
  else
    std::copy_n(latent.data(), dim, query);
  kv->apply(x, dim, n, keys, 2 * dim);
  for (int64_t h = 0; h < heads; h++) {
    const int64_t at = h * head_dim;
    gemm(by, Transpose::no, Transpose::yes, 1, n, head_dim, scale, query + at, dim, keys + at, 2 * dim, 0, maps + h * n,
         n);
    softmax(maps + h * n, 1, n, n);
    gemm(by, Transpose::no, Transpose::no, 1, head_dim, n, 1, maps + h * n, n, values + at, 2 * dim, 0, context + at,
         dim);
  }
  float* const dprojected = scope.take(dim);
  std::copy_n(dfeature, dim, dprojected);
  if (has_mlp) {
    float* const projected = scope.take(dim);
    float* const normed = scope.take(dim);
    proj->apply(context, dim, 1, projected, dim);
    apply_norm(norm, projected, dim, 1, dim, normed, dim);
    float* const dnormed = scope.take(dim);
    mlp.backward(normed, dfeature, 1, dnormed, back);
    norm_backward(norm, projected, dim, dnormed, dim, 1, dim, dprojected, dim, true);
  }
  float* const dcontext = scope.take(dim);
  back.layers.apply_back(*proj, dprojected, dim, 1, dcontext, dim, false);

  float* const dkv = scope.take(n * 2 * dim);
  float* const dmap = scope.take(n);
  for (int64_t h = 0; h < heads; h++) {
    const int64_t at = h * head_dim;
    const float* const map = maps + h * n;
    gemm(by, Transpose::no, Transpose::yes, 1, n, head_dim, 1, dcontext + at, dim, values + at, 2 * dim, 0, dmap, n);
    softmax_backward(map, dmap, 1, n, n);
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < head_dim; j++) {
        dkv[i * 2 * dim + at + j] = scale * dmap[i] * query[at + j];
        dkv[i * 2 * dim + dim + at + j] = map[i] * dcontext[at + j];
      }
  }
  back.layers.apply_back(*kv, dkv, 2 * dim, n, dx, dim, false);
}

}  // namespace vit
