#pragma once

#include <cstdint>

namespace vit {

/** Each row of x (n, length), row stride ldx, becomes exp(x - max) / sum exp(x - max), in place. */
void softmax(float* x, int64_t n, int64_t length, int64_t ldx);

/** dy (n, length), row stride ld, becomes y * (dy - sum y dy) by rows: the gradient of what softmax made y of. */
void softmax_backward(const float* y, float* dy, int64_t n, int64_t length, int64_t ld);

/** The oracle, in float64 through libm. */
void softmax_naive(float* x, int64_t n, int64_t length, int64_t ldx);

}  // namespace vit
