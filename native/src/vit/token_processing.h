#pragma once

#include "kernels/layer_norm.h"
#include "vit/backward.h"

namespace vit {

class WeightStore;

/** Prefix tokens in front of the patch tokens, position embedding on top, and CLIP's norm. */
struct TokenProcessing {
  Floats prefix;     // (prefix.count(), D): class, distillation, registers, detection tokens
  Floats positions;  // (position_rows(grid), D), resampled to the image's grid; empty when there is none
  std::vector<Floats> block_positions;  // as positions, of blocks 1 and on; empty unless position.each_block
  NormLayer pre_norm;

  static TokenProcessing load(const Architecture& a, WeightStore& weights);

  /** patches (B, P, D) to x (B, N, D). */
  void forward(const Architecture& a, const float* patches, int64_t batch, float* x, Pass& pass) const;
  /** dpatches (B, P, D) from dx (B, N, D) and patches (B, P, D), which are read where there is a norm. */
  void backward(const Architecture& a, const float* patches, const float* dx, int64_t batch, float* dpatches,
                Backward& back) const;

  /** Adds to x (B, N, D), which leaves block `layer`, the next block's positions (position.each_block). */
  void after_block(const Architecture& a, int64_t layer, int64_t batch, float* x) const;
  /** The step of the walk-through that shows the positions of block `layer`, which were added to what enters it. */
  void show_block(const Architecture& a, int64_t layer, Pass& pass) const;

 private:
  /** `forward` without its norm. */
  void place(const Architecture& a, const float* patches, int64_t batch, float* x, Pass& pass) const;
  static void add_positions(const Architecture& a, const Floats& table, int64_t batch, float* x);
};

}  // namespace vit
