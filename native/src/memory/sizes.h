#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>

namespace vit {

/**
 * Product of sizes, none of them negative, or the largest int64 where it would not fit: what is compared with a limit
 * must not have wrapped around before.
 */
inline int64_t product(std::initializer_list<int64_t> sizes) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t result = 1;
  bool over = false;
  for (const int64_t size : sizes) {
    if (size == 0) return 0;
    over = over || result > kMost / size;
    if (!over) result *= size;
  }
  return over ? kMost : result;
}

/** Sum of two sizes, held at the largest int64 likewise. */
inline int64_t sum(int64_t a, int64_t b) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

}  // namespace vit
