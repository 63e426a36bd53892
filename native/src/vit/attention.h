#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kernels/layer_norm.h"
#include "linalg/linear.h"
#include "vit/attention_positions.h"
#include "vit/pass.h"
#include "vit/performer.h"

namespace vit {

class WeightStore;

/** Where attention leaves what a later look needs; null pointers are not kept. */
struct AttentionKept {
  /** (B, h, N, N), image `b` of it maps_stride floats after the last. */
  float* maps = nullptr;
  int64_t maps_stride = 0;
  /** (B, N, 2*h*hd): Q and K after their norms, from which any row of a map too large to keep can be had again. */
  float* queries_keys = nullptr;
};

/** Multi-head self-attention: softmax(scale Q K^T) V per head (Vaswani et al. 2017, eq. 1), heads side by side, then
 * proj. */
struct Attention {
  int64_t heads, head_dim;
  float scale;
  bool value_skip;
  std::shared_ptr<const Linear> qkv;   // (3*h*hd, dim_in)
  std::shared_ptr<const Linear> proj;  // (dim, h*hd)
  bool has_qk_norm, has_attn_norm;
  NormLayer q_norm, k_norm;  // (hd)
  NormLayer norm;            // (h*hd)
  AttentionPositions positions;
  std::optional<Performer> performer;  // instead of softmax

  static Attention load(const Block& block, const std::string& name, WeightStore& weights,
                        const AttentionPositions& positions);

  /** x (B, N, dim_in) to y (B, N, dim) = epilogue(proj(heads) [+ V]); the epilogue's residual may be y. */
  void forward(const float* x, int64_t batch, int64_t tokens, float* y, const Epilogue& into, const AttentionKept& kept,
               Pass& pass) const;

  /**
   * softmax(scale Q K^T + bias) V of heads that lie in rows of stride ld: q, k, v (B, N, h*hd), context (B, N, h*hd)
   * contiguous. Q and K are turned in place where positions are rotary. Without maps only a block of rows of one head
   * exists at a time, so memory does not grow with N^2.
   */
  void attend(float* q, float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens, float* context,
              const AttentionKept& kept, Pass& pass) const;
  /** In place on the rows of Q and K. */
  void normalise_qk(float* q, float* k, int64_t ld, int64_t rows) const;
};

}  // namespace vit
