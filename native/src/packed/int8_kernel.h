#pragma once

// Products of 8-bit weights: docs/kernels.md, "8 bits: groups", draws how weights and activations lie, and says where
// the zero point goes.

#include "packed/product_kernel.h"

namespace vit {
namespace packed {
namespace {

/** A panel's k groups as the product reads them: where they lie, or pairs of 8 bits widened to 16 in `scratch`. */
inline const int32_t* panel_groups(const Product& p, int64_t panel, int64_t k_begin, int64_t k, int32_t* scratch) {
  const int64_t offset = (panel * p.b_length + p.b_begin + k_begin) * kPanel;
  if (kGroup == 4) return static_cast<const int32_t*>(p.panels) + offset;
  typedef int8_t Byte __attribute__((vector_size(kLanes * 2), aligned(1), may_alias));
  typedef int16_t Short __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
  const int8_t* bytes = static_cast<const int8_t*>(p.panels) + offset * kGroup;
  for (int64_t i = 0; i < k * kPanel; i += kLanes)
    *reinterpret_cast<Short*>(scratch + i) =
        __builtin_convertvector(*reinterpret_cast<const Byte*>(bytes + i * kGroup), Short);
  return scratch;
}

/** As product_floats, with sums in 32-bit integers: acc * row_scale * column_scale + bias goes to the store. */
void product_int8(const Product& p) {
  int32_t* const widened = reinterpret_cast<int32_t*>(p.scratch);
  int32_t* const tiles = widened + int64_t{kBlockK} * kPanel;
  alignas(64) float finished[kTileRows * kPanel];
  alignas(64) int32_t zero[kPanel];
  alignas(64) float scale[kPanel];
  PanelVectors vectors;
  for (int64_t panel = p.panel_begin; panel < p.panel_end; panel++) {
    const int64_t column = panel * kPanel;
    const int64_t valid = p.columns - column < kPanel ? p.columns - column : kPanel;
    read_panel_vectors(vectors, p.store, column, valid);
    for (int64_t j = 0; j < kPanel; j++) {
      zero[j] = j < valid ? -p.column_zero[column + j] : 0;
      scale[j] = j < valid ? p.column_scale[column + j] : 0.0f;
    }
    for (int64_t k0 = 0; k0 < p.k; k0 += kBlockK) {
      const int64_t k = p.k - k0 < kBlockK ? p.k - k0 : kBlockK;
      const bool first = k0 == 0, last = k0 + k == p.k;
      const int32_t* b = panel_groups(p, panel, k0, k, widened);
      Ahead ahead = next_part(p, panel, k0 + k);
      for (int64_t s = 0; s < p.strips.count; s++) {
        const int64_t height = p.strips.height(s), row = p.strips.begin(s);
        const int32_t* a = static_cast<const int32_t*>(p.a) + row * p.a_length + k0 * height;
        int32_t* const tile = tiles + (first && last ? 0 : s * kTileRows * kPanel);
        with_height<kTileRows>(
            height, [&](auto h) __attribute__((always_inline)) {
              const auto at = [tile](int i, int j) __attribute__((always_inline)) {
                return tile + i * kPanel + j * kLanes;
              };
              const auto start = [&](int i, int j) __attribute__((always_inline)) {
                return load_int(first ? zero + j * kLanes : at(i, j));
              };
              const auto keep = [&](int i, int j, Int v) __attribute__((always_inline)) {
                if (!last) return store_int(at(i, j), v);
                store(finished + i * kPanel + j * kLanes,
                      __builtin_convertvector(v, Vec) * (load(scale + j * kLanes) * p.row_scale[row + i]) +
                          load(vectors.bias + j * kLanes));
              };
              const auto fetch = [&ahead]() __attribute__((always_inline)) { ahead.fetch(); };
              multiply_tile<decltype(h)::value, kPanelVectors, GroupArithmetic>(a, b, k, start, keep, fetch);
            });
        if (last) finish_tile(finished, vectors, p.store, row, height, column, valid);
      }
    }
  }
}

/**
 * The largest |value| of each row of a strip (R, length), NaN where one is; what follows the rows' ends is not read.
 * Without their signs floats are ordered as the integers of their bits, and every NaN is above them.
 */
template <int R>
inline __attribute__((always_inline)) void largest_magnitudes(const float* x, int64_t length, float* largest) {
  const auto more = [](Int a, Int b) { return a > b ? a : b; };
  Int most[R] = {};
  int64_t k = 0;
  for (; k + kChunk <= length; k += kChunk, x += R * kChunk) {
#pragma GCC unroll 16
    for (int i = 0; i < R; i++)
      for (int v = 0; v < kChunkVectors; v++)
        most[i] = more(most[i], as_int(load(x + i * kChunk + v * kLanes)) & 0x7FFFFFFF);
  }
  for (int i = 0; i < R; i++) {
    int32_t bits = largest_int(most[i]);
    for (int64_t j = 0; k + j < length; j++) {
      int32_t one;
      std::memcpy(&one, x + i * kChunk + j, sizeof one);
      one &= 0x7FFFFFFF;
      bits = one > bits ? one : bits;
    }
    std::memcpy(largest + i, &bits, sizeof bits);
  }
}

/** A strip is read from front to back twice, all its rows at once. */
void quantise(const QuantiseRows& q) {
  using Number = typename GroupNumber<kGroup, kZero>::type;
  typedef Number Numbers __attribute__((vector_size(kLanes * sizeof(Number)), aligned(1), may_alias));
  // One chunk of the output is 64 bytes of a row; what lies past the row's end meets weights of zero.
  constexpr int64_t kNumbers = kChunk * kGroup;
  const int64_t padded = round_up(q.length, kChunk);
  const int64_t out_length = round_up((q.length + kGroup - 1) / kGroup, kChunk);
  for (int64_t s = 0; s < q.strips.count; s++) {
    const int64_t height = q.strips.height(s), begin = q.strips.begin(s);
    const float* const x = q.x + begin * q.x_length;
    Number* const out = reinterpret_cast<Number*>(q.out + begin * out_length);
    float largest[kTileRows], factor[kTileRows];
    with_height<kTileRows>(height, [&](auto h) { largest_magnitudes<decltype(h)::value>(x, q.length, largest); });
    for (int64_t i = 0; i < height; i++) {
      q.scale[begin + i] = largest[i] / 127.0f;
      factor[i] = largest[i] > 0 ? 127.0f / largest[i] : 0.0f;
    }
    for (int64_t k = 0; k < padded; k += kLanes) {
      const float* const from = x + k / kChunk * height * kChunk + k % kChunk;
      Number* const to = out + k / kNumbers * height * kNumbers + k % kNumbers;
      for (int64_t i = 0; i < height; i++) {
        // 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
        const Int rounded = as_int(load(from + i * kChunk) * factor[i] + 12582912.0f) - (0x4B400000 - kZero);
        *reinterpret_cast<Numbers*>(to + i * kNumbers) = __builtin_convertvector(rounded, Numbers);
      }
    }
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
