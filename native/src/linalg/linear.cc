#include "linalg/linear.h"

#include "kernels/activations.h"

namespace vit {

void Linear::finish(float* y, int64_t ldy, int64_t n, const Epilogue& e) const {
  finish_rows(y, ldy, n, out_, bias_.empty() ? nullptr : bias_.data(), e);
}

void finish_rows(float* y, int64_t ldy, int64_t n, int64_t length, const float* bias, const Epilogue& e) {
  for (int64_t i = 0; i < n; i++) {
    float* row = y + i * ldy;
    if (bias)
      for (int64_t j = 0; j < length; j++) row[j] += bias[j];
    activate(e.activation, row, length);
    if (e.gamma)
      for (int64_t j = 0; j < length; j++) row[j] *= e.gamma[j];
    if (e.residual)
      for (int64_t j = 0; j < length; j++) row[j] += e.residual[i * e.ldr + j];
  }
}

}  // namespace vit
