#include "gradient/maps.h"

#include <algorithm>

#include "kernels/sums.h"
#include "memory/tensor.h"

namespace vit {

void start_relevance(const Architecture& a, int64_t batch, float* row) {
  const int64_t tokens = a.num_tokens(), prefix = a.prefix.count(), patches = tokens - prefix;
  const bool reads_class = a.pool == Pool::token || a.pool == Pool::distilled || a.pool == Pool::class_avg;
  const bool reads_patches = a.pool != Pool::token && a.pool != Pool::distilled;
  std::fill_n(row, batch * tokens, 0.0f);
  for (int64_t b = 0; b < batch; b++, row += tokens) {
    if (reads_class) row[0] = a.pool == Pool::token ? 1.0f : 0.5f;
    if (a.pool == Pool::distilled) row[1] = 0.5f;
    if (reads_patches) std::fill_n(row + prefix, patches, (reads_class ? 0.5f : 1.0f) / static_cast<float>(patches));
  }
}

void grad_cam(const Architecture& a, const float* x, const float* dx, int64_t batch, float* cam) {
  const int64_t tokens = a.num_tokens(), prefix = a.prefix.count(), patches = tokens - prefix, dim = a.dim;
  Floats weight(static_cast<size_t>(dim));
  for (int64_t b = 0; b < batch; b++) {
    const float* const rows = x + (b * tokens + prefix) * dim;
    const float* const gradient = dx + (b * tokens + prefix) * dim;
    for (int64_t d = 0; d < dim; d++) {
      double sum = 0;
      for (int64_t t = 0; t < patches; t++) sum += gradient[t * dim + d];
      weight[static_cast<size_t>(d)] = static_cast<float>(sum / static_cast<double>(patches));
    }
    for (int64_t t = 0; t < patches; t++) *cam++ = std::max(0.0f, dot(rows + t * dim, weight.data(), dim));
  }
}

}  // namespace vit
