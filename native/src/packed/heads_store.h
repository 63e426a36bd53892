#pragma once

// From a tile of the product that makes Q, K and V to where attention reads them: docs/kernels.md, "Heads", draws the
// three layouts.

#include "packed/simd.h"
#include "packed/tile_store.h"

namespace vit {
namespace packed {
namespace {

typedef float Quad __attribute__((vector_size(16)));
typedef float QuadUnaligned __attribute__((vector_size(16), aligned(4), may_alias));

/** out[j * kPanel + i] = tile[i * kPanel + j] for i, j in 0 .. 3 */
inline __attribute__((always_inline)) void transpose_quad(const float* tile, float* out) {
#if defined(__clang__) || __GNUC__ >= 12
  const auto row = [tile](int i) { return Quad(*reinterpret_cast<const QuadUnaligned*>(tile + i * kPanel)); };
  const Quad r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3);
  const Quad a = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), b = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
  const Quad c = __builtin_shufflevector(r0, r1, 2, 6, 3, 7), d = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
  const auto put = [out](int j, Quad v) { *reinterpret_cast<QuadUnaligned*>(out + j * kPanel) = v; };
  put(0, __builtin_shufflevector(a, b, 0, 1, 4, 5));
  put(1, __builtin_shufflevector(a, b, 2, 3, 6, 7));
  put(2, __builtin_shufflevector(c, d, 0, 1, 4, 5));
  put(3, __builtin_shufflevector(c, d, 2, 3, 6, 7));
#else
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) out[j * kPanel + i] = tile[i * kPanel + j];
#endif
}

/** K of `Count` dimensions, transposed: key is where dimension d of token 0 lies. */
template <int Count>
void store_keys(const float* tile, const HeadLayout& l, int64_t token, int64_t height, float* key) {
  for (int64_t i = 0; i < height;) {
    const int64_t column = (token + i) % kPanel;
    float* out = key + (token + i) / kPanel * (l.head_dim * kPanel) + column;
    if (Count % 4 == 0 && i + 4 <= height && column + 4 <= kPanel) {
      for (int j = 0; j < Count; j += 4) transpose_quad(tile + i * kPanel + j, out + j * kPanel);
      i += 4;
    } else {
      for (int j = 0; j < Count; j++) out[j * kPanel] = tile[i * kPanel + j];
      i++;
    }
  }
}

/** out (height, Count), rows `step` apart, = those columns of a tile, times `factor`. */
template <int Count>
inline void copy_columns(const float* tile, int64_t height, float factor, float* out, int64_t step) {
  for (int64_t i = 0; i < height; i++) {
    if constexpr (Count % kLanes == 0) {
      for (int j = 0; j < Count; j += kLanes) store(out + i * step + j, load(tile + i * kPanel + j) * factor);
    } else {
      for (int j = 0; j < Count; j++) out[i * step + j] = tile[i * kPanel + j] * factor;
    }
  }
}

/** `Count` columns of a tile that belong to one head and one of Q, K and V. */
template <int Count>
void store_head(const float* tile, const TileStore& s, int64_t row, int64_t height, uint32_t column) {
  const HeadLayout& l = s.layout;
  const uint32_t head_dim = static_cast<uint32_t>(l.head_dim), heads = static_cast<uint32_t>(l.heads);
  const int64_t part = column / (heads * head_dim), head = column / head_dim % heads, d = column % head_dim;
  const int64_t token = s.first_token + row;
  if (part == 0) {
    float* out =
        s.query + head * l.query_head(s.query_rows) + row * l.padded_dim() + d / kChunk * kChunk * height + d % kChunk;
    copy_columns<Count>(tile, height, s.query_scale, out, kChunk);
  } else if (part == 1) {
    store_keys<Count>(tile, l, token, height, s.key + head * l.key_head() + d * kPanel);
  } else {
    float* out = s.value + head * l.value_head() + d / kPanel * (l.tokens * kPanel) + token * kPanel + d % kPanel;
    copy_columns<Count>(tile, height, 1.0f, out, kPanel);
  }
}

/** A tile of the product that makes Q, K and V; heads whose width is no multiple of 16 go column by column. */
inline void store_heads(const float* tile, const TileStore& s, int64_t row, int64_t height, int64_t column,
                        int64_t valid) {
  const auto first = static_cast<uint32_t>(column);
  if (s.layout.head_dim % kChunk == 0) {
    for (uint32_t c = 0; c < valid; c += kChunk) store_head<kChunk>(tile + c, s, row, height, first + c);
  } else {
    for (uint32_t c = 0; c < valid; c++) store_head<1>(tile + c, s, row, height, first + c);
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
