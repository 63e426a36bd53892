#pragma once

#include <cstdint>

#include "linalg/linear.h"
#include "packed/buffer.h"
#include "packed/kernels.h"

namespace vit {
namespace packed {

/**
 * The weight W (out, in) of a linear layer as the kernels read it: panels of Kernels::panel outputs, each [in][panel],
 * in float32, in the file's 16 bits, in bfloat16, or in 8 bits with a factor for each output: W = scale[out] *
 * round(127 W / max |W[out]|). The last panel is filled up with zeros.
 */
class PackedMatrix {
 public:
  /** Parts of k a product can be restricted to. */
  static constexpr int64_t kSegment = 768;

  PackedMatrix(const Kernels& kernels, Precision precision, const WeightRows& rows);

  int64_t out() const { return out_; }
  int64_t in() const { return in_; }
  /** Columns of the product: outputs, or for a gated layer those of all panels, the last one's filling included. */
  int64_t columns() const { return half_ ? panels() * kernels_.panel : out_; }
  int64_t panels() const {
    return half_ ? (2 * half_ + kernels_.panel - 1) / kernels_.panel : (out_ + kernels_.panel - 1) / kernels_.panel;
  }
  /** Outputs of each half of a gated layer (docs/kernels.md, "Gated networks"), otherwise 0. */
  int64_t half() const { return half_; }
  /** Which output column `column` of the product is; -1: none, it is filling. */
  int64_t output(int64_t column) const;
  int64_t segments() const { return (in_ + kSegment - 1) / kSegment; }
  WeightType type() const { return type_; }
  /** Activations are rounded for the product: in bfloat16 and in 8 bits. */
  bool rounds() const { return narrows_ || type_ == WeightType::int8; }
  int64_t bytes() const;
  const Kernels& kernels() const { return kernels_; }

  /** Rows [begin, begin + count) of W, as the products use them, as float32 (count, in). */
  void rows(int64_t begin, int64_t count, float* values) const;

  /** Rows [begin, begin + count) of W^T, (count, out), likewise. */
  void transposed_rows(int64_t begin, int64_t count, float* values) const;
  /** The same of a matrix in 16 bits, as these. */
  void transposed_rows(int64_t begin, int64_t count, uint16_t* bits) const;

  /** The product with all of k and all panels, but for A, its strips, the store and the scratch. */
  Product product() const;
  /** The same with k from segment * kSegment to the segment's end; A holds that part alone. */
  Product product(int64_t segment) const;

  /** What `feed` needs beside A for int8 and bfloat16, in floats; otherwise nothing. */
  int64_t feed_scratch(int64_t rows) const;
  /**
   * Makes x, strips of float32 with k = x_length of which `length` count, the A of `product`; for int8 they are
   * quantised into `scratch`, for bfloat16 rounded, which must live as long as the product is used.
   */
  void feed(Product& product, const Strips& strips, const float* x, int64_t x_length, int64_t length,
            float* scratch) const;

 private:
  /** k of a panel, in steps: for pairs the last chunk is filled up with zeros. */
  int64_t steps() const { return steps_of(in_); }
  int64_t steps_of(int64_t k) const;
  /** Calls copy(k, from, to, n) for every run of n outputs that lie side by side: panel value `from`, output `to`. */
  template <class Copy>
  void each_run(int64_t begin, int64_t count, const Copy& copy) const;
  /** Fill panels [panel, panel_end). */
  template <class Read, class T>
  void pack(int64_t panel, int64_t panel_end, const Read& read, T* panels) const;
  void pack_pairs(int64_t panel, int64_t panel_end, const WeightRows& rows);
  void pack_int8(int64_t panel, int64_t panel_end, const WeightRows& rows);

  const Kernels& kernels_;
  /** The other way round. */
  int64_t column(int64_t output) const;

  const int64_t out_, in_, half_;
  const WeightType type_;
  /** k in one step of the kernel: 1, 2 for pairs, or for int8 Kernels::group. */
  const int64_t step_;
  /** bfloat16: A is rounded too. */
  const bool narrows_;
  Buffer values_;
  // int8: a factor for each column, and what A's zero point adds to it, for the whole product and for each segment.
  Floats scale_;
  std::vector<int32_t> zero_;
};

}  // namespace packed
}  // namespace vit
