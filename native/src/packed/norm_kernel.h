#pragma once

#include "packed/kernels.h"
#include "packed/simd.h"

namespace vit {
namespace packed {
namespace {

/** Sum of body(chunk values) over a row; the tail's missing values are not passed. */
template <class Body>
inline __attribute__((always_inline)) float row_sum(const float* x, int64_t length, const Body& body) {
  Vec total[4] = {};
  int64_t k = 0;
  for (; k + 4 * kLanes <= length; k += 4 * kLanes) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) total[v] += body(load(x + k + v * kLanes));
  }
  for (; k + kLanes <= length; k += kLanes) total[0] += body(load(x + k));
  float rest = 0;
  for (; k < length; k++) rest += body(splat(x[k]))[0];
  return sum((total[0] + total[1]) + (total[2] + total[3])) + rest;
}

inline float square_root(float x) { return __builtin_sqrtf(x); }

/** out row = (x - shift) * factor * weight + bias, into chunks `step` apart. */
inline void write_row(const NormRows& n, const float* x, float shift, float factor, float* out, int64_t step) {
  const Vec s = splat(shift), f = splat(factor);
  int64_t k = 0;
  for (; k + kChunk <= n.length; k += kChunk, out += step) {
    for (int64_t v = 0; v < kChunk; v += kLanes) {
      Vec y = (load(x + k + v) - s) * f;
      if (n.weight) y *= load(n.weight + k + v);
      if (n.bias) y += load(n.bias + k + v);
      store(out + v, y);
    }
  }
  if (k == n.length) return;
  for (int64_t v = 0; v < kChunk; v++) {
    const int64_t at = k + v;
    out[v] = at >= n.length
                 ? 0.0f
                 : (x[at] - shift) * factor * (n.weight ? n.weight[at] : 1.0f) + (n.bias ? n.bias[at] : 0.0f);
  }
}

void norm(const NormRows& n) {
  const int64_t padded = round_up(n.length, kChunk);
  const float per = 1.0f / static_cast<float>(n.length);
  for (int64_t s = 0; s < n.strips.count; s++) {
    const int64_t height = n.strips.height(s), begin = n.strips.begin(s);
    for (int64_t i = 0; i < height; i++) {
      const float* x = n.x + (begin + i) * n.stride;
      float shift = 0, factor = 1;
      if (n.kind == NormRows::Kind::layer) {
        shift = row_sum(x, n.length, [](Vec v) { return v; }) * per;
        const Vec mean = splat(shift);
        const float variance = row_sum(x, n.length, [mean](Vec v) { return (v - mean) * (v - mean); }) * per;
        factor = 1.0f / square_root(variance + n.eps);
      } else if (n.kind == NormRows::Kind::rms) {
        factor = 1.0f / square_root(row_sum(x, n.length, [](Vec v) { return v * v; }) * per + n.eps);
      }
      write_row(n, x, shift, factor, n.out + begin * padded + i * kChunk, height * kChunk);
    }
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
