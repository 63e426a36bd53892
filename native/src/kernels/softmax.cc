#include "kernels/softmax.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementary.h"
#include "kernels/sums.h"

namespace vit {

void softmax(float* x, int64_t n, int64_t length, int64_t ldx) {
  for (int64_t i = 0; i < n; i++, x += ldx) {
    const float top = maximum(x, length);
    for (int64_t j = 0; j < length; j++) x[j] = fast_exp(x[j] - top);
    const float scale = 1.0f / sum(x, length);
    for (int64_t j = 0; j < length; j++) x[j] *= scale;
  }
}

void softmax_backward(const float* y, float* dy, int64_t n, int64_t length, int64_t ld) {
  for (int64_t i = 0; i < n; i++, y += ld, dy += ld) {
    const float mean = dot(y, dy, length);
    for (int64_t j = 0; j < length; j++) dy[j] = y[j] * (dy[j] - mean);
  }
}

void softmax_naive(float* x, int64_t n, int64_t length, int64_t ldx) {
  for (int64_t i = 0; i < n; i++) {
    float* row = x + i * ldx;
    const double top = *std::max_element(row, row + length);
    double total = 0;
    for (int64_t j = 0; j < length; j++) total += std::exp(row[j] - top);
    for (int64_t j = 0; j < length; j++) row[j] = static_cast<float>(std::exp(row[j] - top) / total);
  }
}

}  // namespace vit
