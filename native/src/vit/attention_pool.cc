#include "vit/attention_pool.h"

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
  made.q = weights.linear("attn_pool.q.weight", "attn_pool.q.bias", a.dim, a.dim);
  made.kv = weights.linear("attn_pool.kv.weight", "attn_pool.kv.bias", 2 * a.dim, a.dim);
  made.proj = weights.linear("attn_pool.proj.weight", "attn_pool.proj.bias", a.dim, a.dim);
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
  q->apply(latent.data(), dim, 1, query.data(), dim);
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
  apply_norm(norm, feature, dim, 1, dim, normed.data(), dim);
  Epilogue residual;
  residual.residual = feature;
  residual.ldr = dim;
  // Its own steps are not part of the walk-through: "pool" shows the result.
  Pass quiet{pass.by, pass.scratch};
  mlp.forward(normed.data(), 1, feature, residual, quiet);
}

}  // namespace vit
