#pragma once

#include <memory>

#include "kernels/layer_norm.h"
#include "linalg/linear.h"
#include "vit/backward.h"

namespace vit {

class WeightStore;

/** image (B, C, H, W) to patches (B, rows*columns, C*ph*pw), row by row, each channel-major: torch Unfold(kernel =
 * stride = patch), transposed. Pixels right of and below the last whole patch are left out, as a convolution with that
 * stride does (SigLIP so400m: 384 pixels, patch 14). */
void split_patches(const float* image, int64_t batch, int64_t channels, int64_t height, int64_t width,
                   int64_t patch_height, int64_t patch_width, float* patches);

/** The articles' Patch_Tokenization: split, then project every patch; AIMv2 normalises what comes out. */
struct PatchTokenization {
  std::shared_ptr<const Linear> project;  // (D, C*ph*pw)
  NormLayer norm;                         // (D)

  static PatchTokenization load(const Architecture& a, WeightStore& weights);

  /** image (B, C, H, W) to tokens (B, patches, D). */
  void forward(const Architecture& a, const float* image, int64_t batch, float* tokens, Pass& pass) const;
  /** dimage (B, C, H, W) from dtokens (B, patches, D) and image, which is read where there is a norm. */
  void backward(const Architecture& a, const float* image, const float* dtokens, int64_t batch, float* dimage,
                Backward& back) const;
};

}  // namespace vit
