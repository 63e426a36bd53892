#pragma once

#include <cstdint>

#include "architecture/activation.h"
#include "packed/strips.h"

namespace vit {
namespace packed {

/** Where Q, K and V of one image lie for the attention kernel. Sizes in floats; hd is the width of a head. */
struct HeadLayout {
  int64_t heads = 0;
  int64_t head_dim = 0;
  int64_t tokens = 0;
  /** Columns of a panel of the chosen kernels. */
  int64_t panel = 0;

  int64_t padded_dim() const { return round_up(head_dim, kChunk); }
  int64_t padded_tokens() const { return round_up(tokens, panel); }
  /** Q: for each head the strips (strips.h) of `rows` rows, k = padded_dim. */
  int64_t query_head(int64_t rows) const { return rows * padded_dim(); }
  /** K transposed, for each head [token / panel][hd][panel]; columns past the last token are zero. */
  int64_t key_head() const { return padded_tokens() * head_dim; }
  /** V, for each head [d / panel][token][panel]; columns past the last dimension are zero. */
  int64_t value_head() const { return tokens * round_up(head_dim, panel); }
};

/** What happens to a finished tile of a product, while it is in L1, and where it goes. */
struct TileStore {
  enum class To {
    rows,    // out[row][column] = gamma * (act(acc + bias) + skip) + residual[row][column]
    strips,  // act(acc + bias) into the strip layout, k = stride (a multiple of 16): what the next product reads
    gated,   // the same of act(gate) * value, each half a panel: half as many columns (docs/kernels.md)
    heads    // columns are Q then K then V, head-major: Q * query_scale, K and V each to its place in HeadLayout
  };
  To to = To::rows;
  const float* bias = nullptr;  // (columns) or null
  Activation activation = Activation::identity;
  /** gated: which half of a panel passes through the activation. */
  int gate_half = 0;

  /** rows, strips, gated. Column `first_column` of the product is column 0 of out. */
  float* out = nullptr;
  int64_t stride = 0;
  int64_t first_column = 0;
  /** rows, heads: columns outside [from_column, end_column) go nowhere. */
  int64_t from_column = 0;
  int64_t end_column = INT64_MAX;
  const float* gamma = nullptr;     // rows: (columns) or null
  const float* residual = nullptr;  // rows: same columns as out, or null; may be out
  int64_t residual_stride = 0;
  /** rows: columns of each half of a gated layer; out gets the first half, then the second. 0: there are no halves. */
  int64_t half_columns = 0;
  /** rows: V of the image in `layout`, or null: what the articles' attention adds to its projection. */
  const float* skip = nullptr;

  // heads, and with `skip` rows
  HeadLayout layout;
  /** Index in its image of the first row. */
  int64_t first_token = 0;
  // heads
  /** Column of the product that is the first of Q. */
  int64_t query_column = 0;
  float query_scale = 1;
  float* query = nullptr;
  float* key = nullptr;
  float* value = nullptr;
  /** Rows of Q. */
  int64_t query_rows = 0;
};

}  // namespace packed
}  // namespace vit
