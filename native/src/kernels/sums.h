#pragma once

#include <cstdint>

namespace vit {

// Sixteen running sums: without -ffast-math a compiler may not reorder one sum, so it cannot vectorise it.
constexpr int kLanes = 16;

template <class Term>
inline float sum_lanes(int64_t n, Term term) {
  float lane[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; l++) lane[l] += term(i + l);
  for (int l = 0; i < n; i++, l++) lane[l] += term(i);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int l = 0; l < width; l++) lane[l] += lane[l + width];
  return lane[0];
}

/** Sum of x (n). */
inline float sum(const float* x, int64_t n) {
  return sum_lanes(n, [x](int64_t i) { return x[i]; });
}

/** Sum of (x - centre)^2. */
inline float sum_of_squares(const float* x, float centre, int64_t n) {
  return sum_lanes(n, [x, centre](int64_t i) { return (x[i] - centre) * (x[i] - centre); });
}

/** Sum of x * y. */
inline float dot(const float* x, const float* y, int64_t n) {
  return sum_lanes(n, [x, y](int64_t i) { return x[i] * y[i]; });
}

/** Largest of x (n), n >= 1. */
inline float maximum(const float* x, int64_t n) {
  float lane[kLanes];
  for (float& l : lane) l = x[0];
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; l++) lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
  for (int l = 0; i < n; i++, l++) lane[l] = x[i] > lane[l] ? x[i] : lane[l];
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int l = 0; l < width; l++) lane[l] = lane[l + width] > lane[l] ? lane[l + width] : lane[l];
  return lane[0];
}

/** Whether x (n) holds neither NaN nor infinity: x * 0 is 0 for every other number. */
inline bool all_finite(const float* x, int64_t n) {
  return sum_lanes(n, [x](int64_t i) { return x[i] * 0.0f; }) == 0;
}

}  // namespace vit
