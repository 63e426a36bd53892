#pragma once

#include <memory>

#include "linalg/linear.h"
#include "packed/packed_matrix.h"
#include "packed/thread_pool.h"

namespace vit {
namespace packed {

/** A linear layer with packed weights and its epilogue fused into the store of each tile. */
class PackedLinear final : public Linear {
 public:
  PackedLinear(const Kernels& kernels, Precision precision, const WeightRows& weight, Floats bias);

  void apply(const float* x, int64_t ldx, int64_t n, float* y, int64_t ldy, const Epilogue& e) const override;
  void apply_back(const float* dy, int64_t lddy, int64_t n, float* dx, int64_t lddx, bool add) const override;
  std::unique_ptr<Linear> transposed() const override;
  void weight_rows(int64_t begin, int64_t count, float* values) const override { matrix_.rows(begin, count, values); }
  int64_t bytes() const override { return matrix_.bytes() + static_cast<int64_t>(bias().size() * sizeof(float)); }

  const PackedMatrix& matrix() const { return matrix_; }
  /** The bias by column of the product, or null when there is none. */
  const float* column_bias() const;

 private:
  PackedMatrix matrix_;
  Floats column_bias_;  // of a gated layer, whose columns are not its outputs
};

}  // namespace packed
}  // namespace vit
