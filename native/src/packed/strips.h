#pragma once

#include <cstdint>

namespace vit {
namespace packed {

/** Activations are cut along their length into chunks of this many floats: one cache line. */
constexpr int64_t kChunk = 16;

inline int64_t round_up(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

/**
 * How the rows of an activation matrix (rows, k) lie in memory for the kernels: strips of at most `tile_rows` rows, all
 * of nearly the same height, so that no strip is padded. Inside a strip of `height` rows the k axis comes in chunks of
 * 16: [k / 16][height][16]. A tile's row is stored as whole cache lines, a kernel reads its strip front to back, and
 * the distance between rows is a constant of the kernel. Element (row, k) of the matrix is at begin(strip) * padded_k +
 * ((k / 16) * height(strip) + row - begin(strip)) * 16 + k % 16 (docs/kernels.md draws it).
 */
struct Strips {
  int64_t rows = 0;
  int64_t count = 0;

  Strips() = default;
  Strips(int64_t rows_, int64_t tile_rows) : rows(rows_), count((rows_ + tile_rows - 1) / tile_rows) {}

  int64_t height(int64_t strip) const { return rows / count + (strip < rows % count); }
  int64_t begin(int64_t strip) const {
    const int64_t taller = rows % count;
    return strip * (rows / count) + (strip < taller ? strip : taller);
  }
};

}  // namespace packed
}  // namespace vit
