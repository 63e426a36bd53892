#pragma once

#include <memory>
#include <string>

#include "kernels/layer_norm.h"
#include "linalg/linear.h"
#include "vit/backward.h"

namespace vit {

class WeightStore;

/** The block's neural network: fc2(act(fc1 x)), or with a gate between the two halves of fc1 (see binding.d.ts,
 * Block.mlp). */
struct NeuralNet {
  Block::Mlp kind;
  Activation activation;
  std::shared_ptr<const Linear> fc1;  // (mlp_hidden, dim)
  std::shared_ptr<const Linear> fc2;  // (dim, mlp_hidden or half of it)
  bool has_norm;
  NormLayer norm;

  static NeuralNet load(const Block& block, const std::string& name, WeightStore& weights);

  /** x (n, dim) to y (n, dim) = epilogue(fc2(...)); the epilogue's residual may be y. */
  void forward(const float* x, int64_t n, float* y, const Epilogue& into, Pass& pass) const;

  /** dx (n, dim) from dy (n, dim), the gradient of fc2's result, and what was read, x (n, dim). */
  void backward(const float* x, const float* dy, int64_t n, float* dx, Backward& back) const;
};

}  // namespace vit
