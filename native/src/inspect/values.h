#pragma once

#include <cstdint>

#include "kernels/half.h"

namespace vit {

/** What the values of a tensor, or of a piece of one, are like. */
struct ValueSummary {
  int64_t count = 0;
  /** NaN and infinities, and the index of the first; -1 when there is none. */
  int64_t not_finite = 0, first_not_finite = -1;
  int64_t zeros = 0;
  /** Of the finite values; infinity and -infinity when there is none. */
  float least, most;
  /** Sum of the squares of the finite values. */
  double squares = 0;
};

/** `count` little-endian values at any address. */
ValueSummary summarise(Stored stored, const uint8_t* bytes, int64_t count);

}  // namespace vit
