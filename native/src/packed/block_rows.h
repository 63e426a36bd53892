#pragma once

#include "kernels/layer_norm.h"
#include "packed/packed_linear.h"
#include "packed/workspace.h"

namespace vit {
namespace packed {

/** The parts of one pre-norm block; all outlive the stack. ls1 and ls2 are null or empty without layer scale. */
struct StackBlock {
  const NormLayer* norm1;
  const PackedLinear* qkv;
  const PackedLinear* proj;
  const Floats* ls1;
  const NormLayer* norm2;
  const PackedLinear* fc1;
  const PackedLinear* fc2;
  const Floats* ls2;
};

/** One thread's rows of one image on their way through the blocks, and the buffers they need, from the thread's
 * workspace. */
class BlockRows {
 public:
  /** x: rows [row, row + rows) of the image, (rows, dim) with dim = block.qkv->in(). `block` stands for all blocks'
   * shapes. */
  BlockRows(const StackBlock& block, const HeadLayout& layout, float* x, int64_t row, int64_t rows);

  int64_t rows() const { return strips_.rows; }
  int64_t first_row() const { return row_; }
  /** From now on only the first `rows` rows are worked on. */
  void keep_first(int64_t rows) { strips_ = Strips(rows, kernels_.tile_rows); }

  /** What the next product reads = norm of x. */
  void normalise(const NormLayer& layer);
  /** Panels [panel_begin, panel_end) of Q, K and V of the rows; K and V go to where the image's are. */
  void make_heads(const PackedLinear& qkv, float scale, int64_t panel_begin, int64_t panel_end, float* key,
                  float* value);
  /** softmax(Q K^T) V of the rows, for `add_projection`, unless `maps_only`; rows of the image's maps unless null. */
  void attend(const float* key, const float* value, float* maps, bool maps_only);
  /** x += gamma * proj(heads) */
  void add_projection(const PackedLinear& proj, const Floats* gamma);
  /** x += gamma * fc2(activation(fc1(what was normalised))) */
  void add_mlp(const PackedLinear& fc1, const PackedLinear& fc2, Activation activation, const Floats* gamma);

 private:
  Product feed(const PackedLinear& linear, const float* a) const;
  void add_to_x(Product& product, const Floats* gamma) const;

  const Kernels& kernels_;
  const HeadLayout layout_;
  float* const x_;
  const int64_t row_, dim_;
  Strips strips_;
  /** Columns of the hidden activations that exist at a time: fc1's output stays in L2 until fc2 has read it. */
  const int64_t segment_;
  float *normed_, *context_, *query_, *hidden_, *feed_scratch_, *fc2_scratch_, *scratch_;
};

}  // namespace packed
}  // namespace vit
