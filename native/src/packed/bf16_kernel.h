#pragma once

// Products in bfloat16 with sums in float32: docs/kernels.md, "bfloat16: pairs", draws how weights and activations lie.

#include "packed/product_kernel.h"

namespace vit {
namespace packed {
namespace {

typedef uint32_t Bits __attribute__((vector_size(kLanes * 4)));

/** The nearest bfloat16, ties to even, in the upper half of each lane; what is below it is not zero. A NaN stays one.
 */
inline Bits nearest_bf16(Vec value) {
  const Bits bits = reinterpret_cast<Bits>(value), nan = reinterpret_cast<Bits>(value != value);
  return ((bits + 0x7FFFu + ((bits >> 16) & 1u)) & ~nan) | ((bits | 0x400000u) & nan);
}

/** bfloat16 numbers without what is below them. */
typedef uint16_t Halves __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));

/** The nearest bfloat16 as 16 bits, as nearest_bf16. */
inline Halves nearest_halves(Vec value) {
#if defined(__AVX512BF16__)
  return reinterpret_cast<Halves>(_mm512_cvtneps_pbh(value));
#else
  return __builtin_convertvector(nearest_bf16(value) >> 16, Halves);
#endif
}

/** One vector of a row from `from` on, `count` of which are the row's; the others are zero. */
inline Vec read_some(const float* from, int64_t count) {
  if (count >= kLanes) return load(from);
  alignas(64) float values[kLanes] = {};
  for (int64_t j = 0; j < count; j++) values[j] = from[j];
  return load(values);
}

void narrow(const NarrowRows& n) {
  // A chunk of the output is 64 bytes of a row: 32 numbers as pairs, 16 as float32.
  constexpr int64_t kNumbers = kPairs ? 2 * kChunk : kChunk;
  for (int64_t s = 0; s < n.strips.count; s++) {
    const int64_t height = n.strips.height(s), begin = n.strips.begin(s);
    for (int64_t k = 0; k < n.out_length / kChunk * kNumbers; k += kLanes) {
      const float* const from = n.x + begin * n.x_length + k / kChunk * height * kChunk + k % kChunk;
      int32_t* const to = n.out + begin * n.out_length + k / kNumbers * height * kChunk;
      for (int64_t i = 0; i < height; i++) {
        const Vec value = read_some(from + i * kChunk, n.length - k);
        int32_t* const chunk = to + i * kChunk;
        if (kPairs)
          *reinterpret_cast<Halves*>(reinterpret_cast<uint16_t*>(chunk) + k % kNumbers) = nearest_halves(value);
        else
          store_int(chunk + k % kNumbers, reinterpret_cast<Int>(nearest_bf16(value) & 0xFFFF0000u));
      }
    }
  }
}

#if defined(__AMX_BF16__)

/** Shapes of the tile registers (Intel's manual, LDTILECFG): 0 to 3 are sums, 4 and 5 activations, 6 and 7 weights. */
struct alignas(64) TileShapes {
  uint8_t palette = 1, first_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  explicit TileShapes(int64_t height) {
    for (int tile = 0; tile < 8; tile++) {
      row_bytes[tile] = 64;
      rows[tile] = tile < 6 ? static_cast<uint8_t>(height) : 16;
    }
  }
};

/** What the tile registers read was written by ordinary stores, and the other way round. */
inline void settle(const void* written) { asm volatile("" : : "r"(written) : "memory"); }

/** Tiles of one or two strips of the same height times a panel, all of k. */
template <bool Two>
inline void multiply_in_tiles(const int32_t* a, const int32_t* other_a, int64_t height, const int32_t* b, int64_t k,
                              float* tile, float* other_tile) {
  settle(a);
  _tile_zero(0);
  _tile_zero(1);
  if (Two) {
    _tile_zero(2);
    _tile_zero(3);
  }
  for (; k > 0; k -= kChunk, a += height * kChunk, other_a += height * kChunk, b += kChunk * kPanel) {
    _tile_loadd(6, b, kPanel * 4);
    _tile_loadd(4, a, kChunk * 4);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + kChunk, kPanel * 4);
    _tile_dpbf16ps(1, 4, 7);
    if (Two) {
      _tile_loadd(5, other_a, kChunk * 4);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, tile, kPanel * 4);
  _tile_stored(1, tile + kChunk, kPanel * 4);
  if (Two) {
    _tile_stored(2, other_tile, kPanel * 4);
    _tile_stored(3, other_tile + kChunk, kPanel * 4);
  }
  settle(tile);
}

/** As product_floats, with the matrix unit: 16 x 16 sums and 32 of k an instruction. Strips of one height go in pairs.
 */
void product_bf16(const Product& p) {
  alignas(64) float tiles[2][kTileRows * kPanel];
  PanelVectors vectors;
  const int64_t taller = p.strips.rows % p.strips.count;
  int64_t shaped = 0;  // the height that the tile registers have
  for (int64_t panel = p.panel_begin; panel < p.panel_end; panel++) {
    const int64_t column = panel * kPanel;
    const int64_t valid = p.columns - column < kPanel ? p.columns - column : kPanel;
    read_panel_vectors(vectors, p.store, column, valid);
    const int32_t* const b = static_cast<const int32_t*>(p.panels) + (panel * p.b_length + p.b_begin) * kPanel;
    const auto a = [&p](int64_t s) { return static_cast<const int32_t*>(p.a) + p.strips.begin(s) * p.a_length; };
    const auto finish = [&](int64_t s, float* tile) {
      const int64_t height = p.strips.height(s);
      for (int64_t i = 0; i < height; i++)
        for (int j = 0; j < kPanel; j += kLanes)
          store(tile + i * kPanel + j, load(tile + i * kPanel + j) + load(vectors.bias + j));
      finish_tile(tile, vectors, p.store, p.strips.begin(s), height, column, valid);
    };
    for (int64_t s = 0; s < p.strips.count;) {
      const int64_t height = p.strips.height(s), end = s < taller ? taller : p.strips.count;
      if (shaped != height) {
        const TileShapes shapes(height);
        settle(&shapes);
        _tile_loadconfig(&shapes);
        shaped = height;
      }
      if (s + 1 < end) {
        multiply_in_tiles<true>(a(s), a(s + 1), height, b, p.k, tiles[0], tiles[1]);
        finish(s, tiles[0]);
        finish(s + 1, tiles[1]);
        s += 2;
      } else {
        multiply_in_tiles<false>(a(s), a(s), height, b, p.k, tiles[0], tiles[1]);
        finish(s, tiles[0]);
        s++;
      }
    }
  }
  _tile_release();
}

#elif defined(__AVX512BF16__)

void product_bf16(const Product& p) {
  product_in_floats<PairArithmetic>(p, [&p](int64_t panel, int64_t k0, int64_t) {
    return static_cast<const int32_t*>(p.panels) + (panel * p.b_length + p.b_begin + k0) * kPanel;
  });
}

#else

void product_bf16(const Product&) {}  // such a set has no pairs

#endif

}  // namespace
}  // namespace packed
}  // namespace vit
