#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "tensor.h"

namespace vit {
namespace test {

/** Counts failures and prints them; main returns 1 when there are any. */
inline int failures = 0;

inline void check(bool right, const std::string& what) {
  if (right) return;
  failures++;
  std::printf("FAILED %s\n", what.c_str());
}

/** |a - b| <= limit everywhere, not a number included. */
inline void check_close(const Floats& a, const Floats& b, double limit, const std::string& what) {
  check(a.size() == b.size(), what + ": sizes differ");
  double most = 0;
  for (size_t i = 0; i < a.size() && i < b.size(); i++) {
    const double d = std::fabs(static_cast<double>(a[i]) - b[i]);
    if (!(d <= most)) most = std::isnan(d) ? INFINITY : d;
  }
  check(most <= limit, what + ": differs by " + std::to_string(most) + ", allowed " + std::to_string(limit));
}

/** The same numbers on every platform: a linear congruential generator (Knuth's MMIX constants). */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  double uniform() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }
  int64_t between(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(uniform() * static_cast<double>(to - from + 1));
  }
  Floats reals(int64_t n, double scale = 1) {
    Floats values(static_cast<size_t>(n));
    for (float& v : values) v = static_cast<float>((2 * uniform() - 1) * scale);
    return values;
  }

 private:
  uint64_t state_;
};

void test_activations();
void test_norms();
void test_softmax();
void test_products();
void test_half();
void test_seeded_init();
void test_positions();
void test_soft_split();
void test_attention();
void test_models();

}  // namespace test
}  // namespace vit
