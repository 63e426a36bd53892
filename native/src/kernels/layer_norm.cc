#include "kernels/layer_norm.h"

#include <cmath>

#include "kernels/sums.h"

namespace vit {

void apply_norm(const NormLayer& layer, const float* x, int64_t ldx, int64_t n, int64_t length, float* y, int64_t ldy) {
  const float* w = layer.weight.empty() ? nullptr : layer.weight.data();
  const float* b = layer.bias.empty() ? nullptr : layer.bias.data();
  for (int64_t i = 0; i < n; i++, x += ldx, y += ldy) {
    if (layer.norm.kind == Norm::Kind::identity) {
      if (y != x)
        for (int64_t j = 0; j < length; j++) y[j] = x[j];
      continue;
    }
    const float mean = layer.norm.kind == Norm::Kind::layer ? sum(x, length) / static_cast<float>(length) : 0.0f;
    const float variance = sum_of_squares(x, mean, length) / static_cast<float>(length);
    const float scale = 1.0f / std::sqrt(variance + layer.norm.eps);
    for (int64_t j = 0; j < length; j++) y[j] = (x[j] - mean) * scale;
    if (w)
      for (int64_t j = 0; j < length; j++) y[j] *= w[j];
    if (b)
      for (int64_t j = 0; j < length; j++) y[j] += b[j];
  }
}

void norm_backward(const NormLayer& layer, const float* x, int64_t ldx, const float* dy, int64_t lddy, int64_t n,
                   int64_t length, float* dx, int64_t lddx, bool add) {
  const float* w = layer.weight.empty() ? nullptr : layer.weight.data();
  const bool centred = layer.norm.kind == Norm::Kind::layer;
  const auto size = static_cast<float>(length);
  for (int64_t i = 0; i < n; i++, x += ldx, dy += lddy, dx += lddx) {
    if (layer.norm.kind == Norm::Kind::identity) {
      for (int64_t j = 0; j < length; j++) dx[j] = add ? dx[j] + dy[j] : dy[j];
      continue;
    }
    const float mean = centred ? sum(x, length) / size : 0.0f;
    const float scale = 1.0f / std::sqrt(sum_of_squares(x, mean, length) / size + layer.norm.eps);
    const auto g = [&](int64_t j) { return w ? dy[j] * w[j] : dy[j]; };
    const float along = sum_lanes(length, [&](int64_t j) { return g(j) * (x[j] - mean); }) * scale * scale / size;
    const float level = centred ? sum_lanes(length, g) / size : 0.0f;
    for (int64_t j = 0; j < length; j++) {
      const float value = (g(j) - level - (x[j] - mean) * along) * scale;
      dx[j] = add ? dx[j] + value : value;
    }
  }
}

void apply_norm_naive(const NormLayer& layer, const float* x, int64_t ldx, int64_t n, int64_t length, float* y,
                      int64_t ldy) {
  for (int64_t i = 0; i < n; i++) {
    const float* row = x + i * ldx;
    double mean = 0, squares = 0;
    if (layer.norm.kind == Norm::Kind::layer)
      for (int64_t j = 0; j < length; j++) mean += row[j] / static_cast<double>(length);
    for (int64_t j = 0; j < length; j++) squares += (row[j] - mean) * (row[j] - mean) / static_cast<double>(length);
    const double deviation = std::sqrt(squares + layer.norm.eps);
    for (int64_t j = 0; j < length; j++) {
      double value = layer.norm.kind == Norm::Kind::identity ? row[j] : (row[j] - mean) / deviation;
      if (!layer.weight.empty()) value *= layer.weight[j];
      if (!layer.bias.empty()) value += layer.bias[j];
      y[i * ldy + j] = static_cast<float>(value);
    }
  }
}

}  // namespace vit
