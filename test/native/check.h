#pragma once

// What the C++ tests share.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "memory/tensor.h"

namespace vit {
namespace test {

/** Counts failures and prints them; main returns 1 when there are any. */
inline int failures = 0;

inline void check(bool right, const std::string& what) {
  if (right) return;
  failures++;
  std::printf("FAILED %s\n", what.c_str());
}

inline void check_below(double value, double bound, const std::string& what) {
  check(value <= bound, what + ": " + std::to_string(value) + " > " + std::to_string(bound));  // false for NaN too
}

/** The largest difference; a NaN on one side alone is infinite. */
inline double max_difference(const float* a, const float* b, int64_t n) {
  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    const double d = std::fabs(static_cast<double>(a[i]) - b[i]);
    if (!(d <= most)) most = std::isnan(d) ? INFINITY : d;
  }
  return most;
}

/** |a - b| <= limit everywhere, not a number included. */
inline void check_close(const Floats& a, const Floats& b, double limit, const std::string& what) {
  check(a.size() == b.size(), what + ": sizes differ");
  const auto n = static_cast<int64_t>(std::min(a.size(), b.size()));
  check_below(max_difference(a.data(), b.data(), n), limit, what);
}

/** The same numbers on every platform (xorshift64*). */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2654435769u + 88172645463325252u) {}
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 2685821657736338717u;
  }
  /** from .. to, both included */
  int64_t between(int64_t from, int64_t to) {
    return from + static_cast<int64_t>((next() >> 11) % static_cast<uint64_t>(to - from + 1));
  }
  bool coin() { return between(0, 1) == 1; }
  /** 0 .. 1 */
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /** -scale .. scale */
  float real(double scale) { return static_cast<float>((2 * uniform() - 1) * scale); }
  Floats reals(int64_t n, double scale = 1) {
    Floats values(static_cast<size_t>(n));
    for (float& v : values) v = real(scale);
    return values;
  }

 private:
  uint64_t state_;
};

}  // namespace test
}  // namespace vit
