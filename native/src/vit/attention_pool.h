#pragma once

#include <memory>

#include "vit/neural_net.h"

namespace vit {

/** One latent query attends to all tokens, then a residual neural network (timm AttentionPoolLatent; Zhai et al. 2022,
 * MAP head). */
struct AttentionPool {
  int64_t heads, head_dim;
  Floats latent;                       // (D)
  std::shared_ptr<const Linear> q;     // (D, D)
  std::shared_ptr<const Linear> kv;    // (2*D, D)
  std::shared_ptr<const Linear> proj;  // (D, D)
  NormLayer norm;                      // (D)
  NeuralNet mlp;

  static AttentionPool load(const Architecture& a, WeightStore& weights);

  /** x (n, D) of one image to feature (D). */
  void forward(const float* x, int64_t n, float* feature, Pass& pass) const;
  /** dx (n, D) from dfeature (D) and x (n, D). */
  void backward(const float* x, const float* dfeature, int64_t n, float* dx, Backward& back) const;
};

}  // namespace vit
