#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kernels/layer_norm.h"
#include "linalg/linear.h"
#include "vit/attention_positions.h"
#include "vit/backward.h"
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
  /** What `recall` computes again for the backward pass, in the arena's scope. */
  struct Recalled {
    /** (B, N, h*hd) in rows of stride ld: Q and K normalised and turned. */
    const float *q, *k, *v;
    int64_t ld;
    /** Queries of each image whose results anybody reads, the first ones; fewer than N of one image alone. */
    int64_t live;
    const float* plain = nullptr;    // (B, N, 2*h*hd): Q and K before their norms, where they have some
    const float* context = nullptr;  // (B, N, h*hd): before the norm of the heads
    const float* maps = nullptr;     // (B, h, N, N), where they are small
  };

  /**
   * x (B, N, dim_in) to y (B, N, dim) as `forward`, keeping what `backward` needs. Of one image y may end after the
   * first `live` tokens: what `backward` is given then ends there, too.
   */
  Recalled recall(const float* x, int64_t batch, int64_t tokens, int64_t live, float* y, const Epilogue& into,
                  Arena::Scope& scope, Backward& back) const;
  /** dx (B, N, dim_in) from dy (B, N, dim), the gradient of proj(heads) [+ V]; with `input` false only `look` is
   * served. */
  void backward(const Recalled& made, const float* dy, int64_t batch, int64_t tokens, float* dx, bool input,
                const MapLook& look, Backward& back) const;

  /** The part of `recall` that begins with the rows of Q, K and V; with `attend` the context is made too. */
  Recalled recall_heads(float* q, float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens, int64_t live,
                        bool attend, Arena::Scope& scope, Backward& back) const;
  /** The part of `backward` from dcontext to dq, dk and dv in rows of stride ldd, or, where dq is null, to `look`
   * alone. */
  void backward_heads(const Recalled& made, const float* dcontext, int64_t batch, int64_t tokens, float* dq, float* dk,
                      float* dv, int64_t ldd, const MapLook& look, Backward& back) const;

  /** In place on the rows of Q and K. */
  void normalise_qk(float* q, float* k, int64_t ld, int64_t rows) const;
  /**
   * Rows [row, row + rows) of one head's scores, scale Q K^T + bias, and of its map, their softmax: (rows, N). q and k
   * point at the head's first value of an image's first token, and are turned already where positions are rotary.
   */
  void score_rows(Gemm by, const float* q, const float* k, int64_t ld, int64_t tokens, int64_t head, int64_t row,
                  int64_t rows, float* scores) const;
  void map_rows(Gemm by, const float* q, const float* k, int64_t ld, int64_t tokens, int64_t head, int64_t row,
                int64_t rows, float* map) const;

  /** Of one image, x (N, dim_in): adds sum_h A[h, query, j] v_j^h W_o^h to row j of sums (N, dim), without proj's bias.
   */
  void add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums, Pass& pass) const;
  /** The same from Q, K (normalised, not yet turned) and V in rows of stride ld. */
  void add_weighted_values(float* q, float* k, const float* v, int64_t ld, int64_t tokens, int64_t query, float* sums,
                           Pass& pass) const;
};

}  // namespace vit
