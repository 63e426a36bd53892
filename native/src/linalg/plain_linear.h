#pragma once

#include "linalg/linear.h"

namespace vit {

/**
 * W kept row-major, products by BLAS or the three loops: in float32, or, when `precision` is stored and the file has 16
 * bits, in those, widened as they are used.
 */
std::unique_ptr<Linear> make_plain_linear(Gemm by, Precision precision, const WeightRows& weight, Floats bias);

}  // namespace vit
