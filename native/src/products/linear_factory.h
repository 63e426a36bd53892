#pragma once

#include "linalg/linear.h"

namespace vit {

/** Whether the products of `by` take weights of that precision here: 8 bits and bfloat16 products need the packed
 * kernels. */
bool takes(Gemm by, Precision precision);

/**
 * The one place a Linear is made, above both kinds: packed (our kernels) where it is built for this processor, plain
 * (BLAS, or the three loops) otherwise.
 */
std::unique_ptr<Linear> make_linear(Gemm by, Precision precision, const WeightRows& weight, Floats bias);

}  // namespace vit
