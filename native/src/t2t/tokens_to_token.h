#pragma once

#include <memory>
#include <vector>

#include "vit/fused_encoder.h"

namespace vit {

/** Q and K of one token transformer, from which any row of its attention is computed when asked for. */
struct StageKept {
  int64_t heads, head_dim, tokens;
  float scale;
  bool performer;       // features instead of Q and K
  Floats queries_keys;  // (B, N_s, 2*h*hd); of a Performer (B, N_s, 2*features)
};

/**
 * Tokens-to-Token (Yuan et al. 2021, sec. 3.1): soft split, token transformer, back to an image, and again; then a
 * last soft split whose windows are projected to the token length.
 */
struct TokensToToken {
  /** A stage: its block, and the same on the packed kernels, or null. */
  std::vector<std::vector<std::unique_ptr<Encoding>>> stages;
  std::vector<std::unique_ptr<FusedEncoder>> fused;
  std::shared_ptr<const Linear> project;  // (D, C_last*k*k)

  static TokensToToken load(const Architecture& a, WeightStore& weights);

  /** image (B, C, H, W) to tokens (B, N, D). With `kept`, one entry a stage is added to it. */
  void forward(const Architecture& a, const float* image, int64_t batch, float* tokens, std::vector<StageKept>* kept,
               Pass& pass) const;
  /** dimage (B, C, H, W) from dtokens (B, N, D); the stages are run again, and their inputs kept until it is made. */
  void backward(const Architecture& a, const float* image, const float* dtokens, int64_t batch, float* dimage,
                Backward& back) const;
};

}  // namespace vit
