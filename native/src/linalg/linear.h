#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "architecture/architecture.h"
#include "kernels/half.h"
#include "linalg/gemm.h"
#include "memory/tensor.h"

namespace vit {

/** What happens to each element of x W^T + b before it is stored; a fast implementation fuses it into the store. */
struct Epilogue {
  Activation activation = Activation::identity;
  /** (out) or null: multiplied after the activation (layer scale gamma). */
  const float* gamma = nullptr;
  /** (n, out) with row stride ldr, or null: added last. May be y itself. */
  const float* residual = nullptr;
  int64_t ldr = 0;
};

/** How a loaded weight rests in memory (LoadRequest.precision). */
enum class Precision { fp32, stored, bf16, int8 };

/**
 * Where a Linear gets its weight from at load: row ranges of W (out, in), straight from the mapped file. `read` may be
 * called for any rows in any order, by several threads at once; after the Linear is made it is not called again, so an
 * implementation that packs holds the only copy.
 */
struct WeightRows {
  int64_t out;
  int64_t in;
  Stored stored;
  /** Writes rows [begin, begin + count) as float32 (count, in). */
  std::function<void(int64_t begin, int64_t count, float* values)> read;
  /** The same rows as the file's 16-bit patterns (count, in); empty for f32. */
  std::function<void(int64_t begin, int64_t count, uint16_t* bits)> read_bits;
  /** The outputs are two halves, one of which gates the other: an implementation may interleave them. */
  bool gated = false;
};

/** A linear layer made ready at load: y = epilogue(x W^T + b). Immutable, so any thread may apply it. */
class Linear {
 public:
  Linear(int64_t out, int64_t in, Floats bias) : out_(out), in_(in), bias_(std::move(bias)) {}
  virtual ~Linear() = default;
  Linear(const Linear&) = delete;
  Linear& operator=(const Linear&) = delete;

  int64_t out() const { return out_; }
  int64_t in() const { return in_; }
  /** (out), or empty when the layer has none. */
  const Floats& bias() const { return bias_; }

  /** x (n, in) with row stride ldx, y (n, out) with row stride ldy. y may not overlap x. */
  virtual void apply(const float* x, int64_t ldx, int64_t n, float* y, int64_t ldy, const Epilogue& e = {}) const = 0;

  /**
   * dx (n, in) = dy (n, out) W, row strides lddx and lddy, or is added to dx: the gradient of what apply read where dy
   * is that of x W^T. dx may not overlap dy.
   */
  virtual void apply_back(const float* dy, int64_t lddy, int64_t n, float* dx, int64_t lddx, bool add) const = 0;
  /** A layer of W^T where apply_back has to make one first, for whoever calls it often; null where it does not. */
  virtual std::unique_ptr<Linear> transposed() const { return nullptr; }

  /** Rows [begin, begin + count) of the weight as this layer uses it, as float32 (count, in). */
  virtual void weight_rows(int64_t begin, int64_t count, float* values) const = 0;

  /** Bytes the layer keeps resident. */
  virtual int64_t bytes() const = 0;

 protected:
  /** Bias, activation, gamma and residual in one pass over y, for implementations that do not fuse them. */
  void finish(float* y, int64_t ldy, int64_t n, const Epilogue& e) const;

 private:
  int64_t out_, in_;
  Floats bias_;
};

/** y (n, length), row stride ldy: adds bias (length, or null), then what the epilogue says, in place. */
void finish_rows(float* y, int64_t ldy, int64_t n, int64_t length, const float* bias, const Epilogue& e);

}  // namespace vit
