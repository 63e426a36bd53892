#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "linalg/linear.h"
#include "packed/kernels.h"

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
  /** -scale .. scale */
  float real(double scale) { return static_cast<float>((static_cast<double>(next() >> 11) * 0x1p-52 - 1) * scale); }
  Floats reals(int64_t n, double scale) {
    Floats values(static_cast<size_t>(n));
    for (float& v : values) v = real(scale);
    return values;
  }

 private:
  uint64_t state_;
};

/** Weights (out, in) held by the test, handed to a Linear as a file would; `bits` for f16 and bf16. */
struct HeldRows {
  int64_t out, in;
  Stored stored;
  Floats values;
  std::vector<uint16_t> bits;

  /** Random values up to 1.7 / sqrt(in), so that a product's results are about 1; rounded to what 16 bits hold. */
  static HeldRows random(Random& random, int64_t out, int64_t in, Stored stored);
  WeightRows rows() const;
};

/** Sets of kernels this machine can run. */
std::vector<const packed::Kernels*> kernel_sets();

void test_activations(const packed::Kernels& kernels);
void test_products(const packed::Kernels& kernels);
void test_stack(const packed::Kernels& kernels);
void test_pool();

}  // namespace test
}  // namespace vit
