#pragma once

#include <memory>
#include <vector>

#include "vit/encoding.h"

namespace vit {

/** What a fused run keeps; null pointers keep nothing. Strides are floats from one image, and from one block, to the
 * next. */
struct FusedKept {
  float* maps = nullptr;  // (h, N, N) each
  int64_t maps_image_stride = 0, maps_block_stride = 0;
  float* tokens = nullptr;  // (N, D) each: what leaves a block
  int64_t tokens_image_stride = 0, tokens_block_stride = 0;
  /** Tokens at the front that are read after the last block; 0: all. The others may be left as they were. */
  int64_t last_tokens = 0;
  /** Of a token transformer: (B, N, 2*h*hd), as AttentionKept. */
  float* queries_keys = nullptr;
};

/** All encoding blocks in one go on the packed kernels. */
class FusedEncoder {
 public:
  virtual ~FusedEncoder() = default;
  /** in (B, N, dim_in) to x (B, N, dim); in may be x where the lengths agree. Throws ERR_CANCELLED. */
  virtual void run(const float* in, float* x, int64_t batch, int64_t tokens, const FusedKept& kept,
                   const Pass& pass) = 0;
  virtual int64_t scratch_bytes() const = 0;

  /** Null unless every linear layer is packed, and for Performer's attention. The blocks must outlive what is
   * returned. */
  static std::unique_ptr<FusedEncoder> make(const Block& block, const std::vector<std::unique_ptr<Encoding>>& blocks);
};

/** Threads the packed layers use from now on. */
void set_packed_threads(int threads);

}  // namespace vit
