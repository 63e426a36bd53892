#pragma once

#include "architecture/architecture.h"
#include "packed/stack_block.h"
#include "packed/workspace.h"

namespace vit {
namespace packed {

/** Which of Q, K and V a product makes. */
enum class HeadsWanted { all, keys_and_values, queries };

/** One thread's rows of one image on their way through the blocks, and the buffers they need, from the thread's
 * workspace. */
class BlockRows {
 public:
  /**
   * Rows [row, row + rows) of an image. `shape` describes all blocks; `block` is one of them. `kept_heads`: rows of Q
   * and K, 2 * heads * hd apart, to be left behind, or null.
   */
  BlockRows(const Block& shape, const StackBlock& block, const HeadLayout& layout, int64_t row, int64_t rows,
            float* kept_heads);

  int64_t rows() const { return strips_.rows; }
  int64_t first_row() const { return row_; }
  /** From now on only the first `rows` rows are worked on. */
  void keep_first(int64_t rows) { strips_ = Strips(rows, kernels_.tile_rows); }
  void keep_all() { keep_first(all_rows_); }
  /** A buffer (rows, dim) of the block, for what is not yet added to the tokens. */
  float* part() const { return part_; }

  /** What the next product reads = norm of x (rows, length), or x itself where `layer` is null. */
  void read(const NormLayer* layer, const float* x, int64_t length);
  /** out (rows, dim) = norm of x, or out += norm of x; out may be x. */
  void normalise(const NormLayer& layer, const float* x, float* out, bool add) const;
  /** Q, K and V of what was read; K and V go to where the image's are. */
  void make_heads(const AttentionPart& part, HeadsWanted wanted, float* key, float* value);
  /** softmax(Q K^T) V of the rows, for `project`, unless `maps_only`; rows of the image's maps unless null, times
   * `factor`, added to what is there when `add`. */
  void attend(const AttentionPart& part, const float* key, const float* value, float* maps, float factor, bool add,
              bool maps_only);
  /** out (rows, dim) = scale * (proj(heads) + skip) [+ residual (rows, dim), which may be out]. `skip`: the image's V,
   * or null. */
  void project(const AttentionPart& part, const float* skip, const float* residual, float* out);
  /** out = scale * fc2(activation(fc1(what was read))) [+ residual, which may be out]. */
  void run_net(const NetPart& part, const float* residual, float* out);

 private:
  Product feed(const PackedLinear& linear, const float* a) const;
  /** Q and K, or those of them that are wanted, by way of rows: what is done to them is done before they are stored. */
  void make_heads_by_rows(const AttentionPart& part, HeadsWanted wanted, const Product& product);
  void to_rows(Product& product, const Floats* scale, const float* residual, float* out) const;
  /** Columns of fc1 from hidden column `first` on, `count` of them after the gate, into hidden_ with k = length. */
  void make_hidden(const Product& all, int64_t first, int64_t count, int64_t length);

  const Kernels& kernels_;
  const Block& shape_;
  const HeadLayout layout_;
  const int64_t row_;
  const int64_t all_rows_;
  Strips strips_;
  /** Columns of the hidden activations that exist at a time: fc1's output stays in L2 until fc2 has read it. */
  const int64_t segment_;
  float* const kept_heads_;
  /** Attention's factors are rounded as those of the layers are. */
  const bool pairs_;
  float *normed_, *context_, *query_, *head_rows_, *hidden_, *part_, *feed_scratch_, *fc2_scratch_, *scratch_;
};

}  // namespace packed
}  // namespace vit
