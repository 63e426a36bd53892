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

/** out[j * kPanel + i] = tile[i * pitch + j] for i, j in 0 .. 3 */
inline __attribute__((always_inline)) void transpose_quad(const float* tile, int64_t pitch, float* out) {
#if defined(__clang__) || __GNUC__ >= 12
  const auto row = [tile, pitch](int i) { return Quad(*reinterpret_cast<const QuadUnaligned*>(tile + i * pitch)); };
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
    for (int j = 0; j < 4; j++) out[j * kPanel + i] = tile[i * pitch + j];
#endif
}

/** K of `Count` dimensions, rows `pitch` apart, transposed: key is where dimension d of token 0 lies. */
template <int Count>
inline __attribute__((always_inline)) void store_keys(const float* tile, int64_t pitch, const HeadLayout& l,
                                                      int64_t token, int64_t height, float* key) {
  for (int64_t i = 0; i < height;) {
    const int64_t column = (token + i) % kPanel;
    float* out = key + (token + i) / kPanel * (l.head_dim * kPanel) + column;
    if (Count % 4 == 0 && i + 4 <= height && column + 4 <= kPanel) {
      for (int j = 0; j < Count; j += 4) transpose_quad(tile + i * pitch + j, pitch, out + j * kPanel);
      i += 4;
    } else {
      for (int j = 0; j < Count; j++) out[j * kPanel] = tile[i * pitch + j];
      i++;
    }
  }
}

/** out (height, Count), rows `step` apart, = those columns of rows `pitch` apart, times `factor`. */
template <int Count>
inline __attribute__((always_inline)) void copy_columns(const float* tile, int64_t pitch, int64_t height, float factor,
                                                        float* out, int64_t step) {
  for (int64_t i = 0; i < height; i++) {
    if constexpr (Count % kLanes == 0) {
      for (int j = 0; j < Count; j += kLanes) store(out + i * step + j, load(tile + i * pitch + j) * factor);
    } else {
      for (int j = 0; j < Count; j++) out[i * step + j] = tile[i * pitch + j] * factor;
    }
  }
}

/** Where dimension d of a head's query of row `row`, which begins a strip of `height`, lies. */
inline float* query_at(float* query, const HeadLayout& l, int64_t rows, int64_t head, int64_t row, int64_t height,
                       int64_t d) {
  return query + head * l.query_head(rows) + row * l.padded_dim() + d / kChunk * kChunk * height + d % kChunk;
}

inline int64_t value_offset(const HeadLayout& l, int64_t head, int64_t token, int64_t d) {
  return head * l.value_head() + d / kPanel * (l.tokens * kPanel) + token * kPanel + d % kPanel;
}

/** `Count` columns of a tile that belong to one head and one of Q, K and V; `column` counts from the first of Q. */
template <int Count>
void store_head(const float* tile, const TileStore& s, int64_t row, int64_t height, uint32_t column) {
  const HeadLayout& l = s.layout;
  const uint32_t head_dim = static_cast<uint32_t>(l.head_dim), heads = static_cast<uint32_t>(l.heads);
  const int64_t part = column / (heads * head_dim), head = column / head_dim % heads, d = column % head_dim;
  const int64_t token = s.first_token + row;
  if (part == 0) {
    copy_columns<Count>(tile, kPanel, height, s.query_scale, query_at(s.query, l, s.query_rows, head, row, height, d),
                        kChunk);
  } else if (part == 1) {
    store_keys<Count>(tile, kPanel, l, token, height, s.key + head * l.key_head() + d * kPanel);
  } else {
    copy_columns<Count>(tile, kPanel, height, 1.0f, s.value + value_offset(l, head, token, d), kPanel);
  }
}

/** A tile of the product that makes Q, K and V; heads whose width is no multiple of 16 go column by column. */
inline void store_heads(const float* tile, const TileStore& s, int64_t row, int64_t height, int64_t column,
                        int64_t valid) {
  const bool whole = s.layout.head_dim % kChunk == 0 && s.query_column % kChunk == 0;
  for (int64_t c = 0; c < valid; c += whole ? kChunk : 1) {
    const int64_t at = column + c;
    if (at < s.from_column || at >= s.end_column) continue;
    const auto of_query = static_cast<uint32_t>(at - s.query_column);
    if (whole)
      store_head<kChunk>(tile + c, s, row, height, of_query);
    else
      store_head<1>(tile + c, s, row, height, of_query);
  }
}

/** tile += V of the same tokens and columns, as store_heads left it. */
inline void add_skip(float* tile, const TileStore& s, int64_t row, int64_t height, int64_t column, int64_t valid) {
  const HeadLayout& l = s.layout;
  const int64_t step = l.head_dim % kChunk == 0 ? kChunk : 1;
  for (int64_t c = 0; c < valid; c += step) {
    const int64_t head = (column + c) / l.head_dim, d = (column + c) % l.head_dim;
    const float* from = s.skip + value_offset(l, head, s.first_token + row, d);
    for (int64_t i = 0; i < height; i++, from += kPanel) {
      float* to = tile + i * kPanel + c;
      if (step == 1) *to += *from;
      for (int64_t j = 0; j < kChunk && step != 1; j += kLanes) store(to + j, load(to + j) + load(from + j));
    }
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
