#pragma once

#include <cstdint>

#include "architecture/architecture.h"
#include "memory/tensor.h"

namespace vit {

/** A norm with its parameters; both empty for Norm::Kind::identity, bias empty for rms. */
struct NormLayer {
  Norm norm{Norm::Kind::identity, 0};
  Floats weight;  // (length)
  Floats bias;    // (length)
};

/**
 * y (n, length) = norm of each row of x (n, length), row strides ldx and ldy; y may be x.
 * layer: (x - mean) / sqrt(var + eps) * weight + bias, var biased (Ba et al. 2016, eq. 3). rms: x / sqrt(mean(x^2) +
 * eps) * weight.
 */
void apply_norm(const NormLayer& layer, const float* x, int64_t ldx, int64_t n, int64_t length, float* y, int64_t ldy);

/**
 * dx (n, length) = the gradient of apply_norm's input x where dy (n, length) is that of its result, or is added to dx;
 * row strides ldx, lddy and lddx. dx may be dy. layer: (g - mean g - u mean(g u)) / deviation with g = dy * weight and
 * u the normalised x; rms: without mean g.
 */
void norm_backward(const NormLayer& layer, const float* x, int64_t ldx, const float* dy, int64_t lddy, int64_t n,
                   int64_t length, float* dx, int64_t lddx, bool add);

/** The oracle, in float64. */
void apply_norm_naive(const NormLayer& layer, const float* x, int64_t ldx, int64_t n, int64_t length, float* y,
                      int64_t ldy);

}  // namespace vit
