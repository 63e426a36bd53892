#pragma once

#include "../check.h"
#include "linalg/linear.h"
#include "packed/kernels.h"

namespace vit {
namespace test {

/** Weights (out, in) held by the test, handed to a Linear as a file would; `bits` for f16 and bf16. */
struct HeldRows {
  int64_t out, in;
  Stored stored;
  Floats values;
  std::vector<uint16_t> bits;

  /** Random values up to 1.7 / sqrt(in), so that a product's results are about 1; rounded to what 16 bits hold. */
  static HeldRows random(Random& random, int64_t out, int64_t in, Stored stored);
  WeightRows rows() const;
};

/** The nearest bfloat16, ties to even, by arithmetic: 8 bits of the fraction stay. The kernels do it with the bits. */
inline float rounded_to_bf16(float value) {
  int exponent;
  const double fraction = std::frexp(static_cast<double>(value), &exponent);  // 0.5 .. 1
  return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
}

/** Sets of kernels this machine can run. */
std::vector<const packed::Kernels*> kernel_sets();

void test_activations(const packed::Kernels& kernels);
void test_attention(const packed::Kernels& kernels);
void test_products(const packed::Kernels& kernels);
void test_stack(const packed::Kernels& kernels);
void test_pool();

}  // namespace test
}  // namespace vit
