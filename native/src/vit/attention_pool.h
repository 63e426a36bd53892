#pragma once

#include <memory>

#include "vit/neural_net.h"

namespace vit {

/** One latent query attends to all tokens, then a residual neural network where there is one (timm AttentionPoolLatent;
 * Zhai et al. 2022, MAP head; AIMv2 has the latent itself as query, and no network). */
struct AttentionPool {
  int64_t heads, head_dim;
  Floats latent;                       // (D)
  std::shared_ptr<const Linear> q;     // (D, D), or null: the latent is the query
  std::shared_ptr<const Linear> kv;    // (2*D, D)
  std::shared_ptr<const Linear> proj;  // (D, D)
  NormLayer norm;                      // (D)
  bool has_mlp;
  NeuralNet mlp;

  static AttentionPool load(const Architecture& a, WeightStore& weights);

  /** x (n, D) of one image to feature (D). */
  void forward(const float* x, int64_t n, float* feature, Pass& pass) const;
  /** dx (n, D) from dfeature (D) and x (n, D). */
  void backward(const float* x, const float* dfeature, int64_t n, float* dx, Backward& back) const;
};

}  // namespace vit
