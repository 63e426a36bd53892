#pragma once

#include <cstdint>

namespace vit {
namespace packed {

// What attention knows of places, as the kernels read it; binding.d.ts (Rotary, RelativeBias) defines both.

/** Rotary angles: the pair (u, v) of a query or key becomes (u cos - v sin, v cos + u sin). */
struct HeadTurn {
  /** (heads, tokens, pairs), and one for all heads where `heads` is 1; null: nothing is turned. */
  const float* cos = nullptr;
  const float* sin = nullptr;
  int64_t heads = 1;
  /** The token of the tables' first row; those before it are not turned. */
  int64_t first = 0;
  int64_t tokens = 0;
  int64_t pairs = 0;
  /** Pair j is (j, j + pairs), otherwise (2j, 2j + 1). */
  bool halves = false;
};

/** A bias on the scores by the distance of query and key, times log2(e) as the scores are. */
struct ScoreBias {
  /** Floats that follow the table, so that its last row is read in whole vectors. */
  static constexpr int64_t kPadding = 16;

  /** (heads, 2 rows - 1, 2 columns - 1), the entry of a key at (ky, kx) for a query at (qy, qx) at (ky - qy + rows - 1,
   * kx - qx + columns - 1); null: there is none. */
  const float* table = nullptr;
  /** (heads, 3): class token to a patch, patch to class token, class token to itself; or null: prefix tokens have none.
   */
  const float* of_class = nullptr;
  int64_t rows = 0, columns = 0;
  int64_t prefix = 0;

  int64_t head_length() const { return (2 * rows - 1) * (2 * columns - 1); }
};

}  // namespace packed
}  // namespace vit
