#include "inspect/values.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/sums.h"

namespace vit {

namespace {

constexpr int64_t kPiece = 4096;

void add_finite(const float* x, int64_t n, ValueSummary& into) {
  float least[kLanes], most[kLanes];
  double squares[kLanes] = {};
  int32_t zeros[kLanes] = {};
  std::fill_n(least, kLanes, into.least);
  std::fill_n(most, kLanes, into.most);
  const auto add = [&](int l, float value) {
    least[l] = value < least[l] ? value : least[l];
    most[l] = value > most[l] ? value : most[l];
    zeros[l] += value == 0;
    squares[l] += static_cast<double>(value) * value;
  };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; l++) add(l, x[i + l]);
  for (int l = 0; i < n; i++, l++) add(l, x[i]);
  for (int l = 0; l < kLanes; l++) {
    into.least = std::min(into.least, least[l]);
    into.most = std::max(into.most, most[l]);
    into.zeros += zeros[l];
    into.squares += squares[l];
  }
}

/** `first` is the index of x[0]. */
void add_piece(const float* x, int64_t n, int64_t first, ValueSummary& into) {
  if (all_finite(x, n)) return add_finite(x, n, into);
  for (int64_t i = 0; i < n; i++) {
    if (std::isfinite(x[i]))
      add_finite(x + i, 1, into);
    else if (into.not_finite++ == 0)
      into.first_not_finite = first + i;
  }
}

}  // namespace

ValueSummary summarise(Stored stored, const uint8_t* bytes, int64_t count) {
  ValueSummary summary;
  summary.count = count;
  summary.least = std::numeric_limits<float>::infinity();
  summary.most = -summary.least;
  float values[kPiece];
  uint16_t bits[kPiece];
  for (int64_t at = 0; at < count; at += kPiece) {
    const int64_t n = std::min(kPiece, count - at);
    // copied: the bytes of a file lie at any address
    if (stored == Stored::f32) {
      std::memcpy(values, bytes + 4 * at, 4 * static_cast<size_t>(n));
    } else {
      std::memcpy(bits, bytes + 2 * at, 2 * static_cast<size_t>(n));
      widen(stored, bits, n, values);
    }
    add_piece(values, n, at, summary);
  }
  return summary;
}

}  // namespace vit
