#pragma once

#include "architecture/grid.h"

namespace vit {

/**
 * torch.nn.Unfold then transpose: image (B, C, H, W) to tokens (B, rows*columns, C*k*k), each token the k x k window of
 * every channel, channel-major, zeros outside. `image` is addressed as image[b*sb + c*sc + y*sy + x*sx], so that the
 * tokens of a stage (B, H*W, C) are read as an image without a transpose.
 */
struct ImageView {
  const float* values;
  int64_t batch, channels, height, width;
  int64_t sb, sc, sy, sx;

  /** (B, C, H, W) contiguous. */
  static ImageView planar(const float* values, int64_t batch, int64_t channels, int64_t height, int64_t width);
  /** Tokens (B, H*W, C) seen as an image. */
  static ImageView tokens(const float* values, int64_t batch, int64_t channels, Grid grid);
};

void soft_split(const ImageView& image, const SoftSplit& split, float* tokens);
/** The other way round (torch.nn.Fold): adds tokens' values to the pixels they were taken from, at `values`, laid out
 * as `image` says. */
void soft_join(const ImageView& image, const SoftSplit& split, const float* tokens, float* values);

}  // namespace vit
