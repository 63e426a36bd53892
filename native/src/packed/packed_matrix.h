#pragma once

#include <cstdint>

#include "linalg/linear.h"
#include "packed/buffer.h"
#include "packed/kernels.h"

namespace vit {
namespace packed {

/**
 * The weight W (out, in) of a linear layer as the kernels read it: panels of Kernels::panel outputs, each [in][panel],
 * in float32 or in the file's 16 bits. The last panel is filled up with zeros.
 */
class PackedMatrix {
 public:
  PackedMatrix(const Kernels& kernels, Precision precision, const WeightRows& rows);

  int64_t out() const { return out_; }
  int64_t in() const { return in_; }
  int64_t panels() const { return (out_ + kernels_.panel - 1) / kernels_.panel; }
  WeightType type() const { return type_; }
  int64_t bytes() const { return values_.bytes(); }
  const Kernels& kernels() const { return kernels_; }

  /** Rows [begin, begin + count) of W as float32 (count, in). */
  void rows(int64_t begin, int64_t count, float* values) const;

  /** The product of all of A's k with panels [panel_begin, panel_end), but for A itself, the store and the scratch. */
  Product product(int64_t panel_begin, int64_t panel_end) const;

 private:
  const Kernels& kernels_;
  const int64_t out_, in_;
  const WeightType type_;
  Buffer values_;
};

}  // namespace packed
}  // namespace vit
