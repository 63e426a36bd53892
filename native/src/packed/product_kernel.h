#pragma once

#include "packed/activation_kernel.h"
#include "packed/half_kernel.h"
#include "packed/heads_store.h"
#include "packed/kernels.h"
#include "packed/micro_kernel.h"

namespace vit {
namespace packed {
namespace {

/** Epilogue vectors of one panel, padded with zeros past the last column. */
struct PanelVectors {
  alignas(64) float bias[kPanel];
  alignas(64) float gamma[kPanel];
};

inline void read_panel_vectors(PanelVectors& v, const TileStore& store, int64_t column, int64_t valid) {
  for (int64_t j = 0; j < kPanel; j++) {
    v.bias[j] = store.bias && j < valid ? store.bias[column + j] : 0.0f;
    v.gamma[j] = store.gamma && j < valid ? store.gamma[column + j] : 1.0f;
  }
}

inline void store_rows(const float* tile, const PanelVectors& v, const TileStore& s, int64_t row, int64_t height,
                       int64_t column, int64_t valid) {
  const int64_t begin = s.from_column > column ? s.from_column - column : 0;
  const int64_t end = s.end_column - column < valid ? s.end_column - column : valid;
  const int64_t offset = column - s.first_column;
  for (int64_t i = 0; i < height; i++) {
    const float* from = tile + i * kPanel;
    float* out = s.out + (row + i) * s.stride + offset;
    const float* residual = s.residual ? s.residual + (row + i) * s.residual_stride + offset : nullptr;
    if (begin == 0 && end == kPanel) {
      for (int j = 0; j < kPanel; j += kLanes) {
        Vec value = load(from + j) * load(v.gamma + j);
        if (residual) value += load(residual + j);
        store(out + j, value);
      }
    } else {
      for (int64_t j = begin; j < end; j++) out[j] = from[j] * v.gamma[j] + (residual ? residual[j] : 0.0f);
    }
  }
}

/** Half a panel of each half of a gated layer, to where it is without the interleaving. */
inline void store_halves(const float* tile, const TileStore& s, int64_t row, int64_t height, int64_t column) {
  const int64_t first = column / 2, left = s.half_columns - first;
  const int64_t count = left < kPanel / 2 ? left : kPanel / 2;
  for (int64_t i = 0; i < height; i++)
    for (int half = 0; half < 2; half++) {
      float* out = s.out + (row + i) * s.stride + half * s.half_columns + first;
      const float* from = tile + i * kPanel + half * (kPanel / 2);
      for (int64_t j = 0; j < count; j++) out[j] = from[j];
    }
}

inline void store_strips(const float* tile, const TileStore& s, int64_t row, int64_t height, int64_t column) {
  for (int64_t c = 0; c < kPanel && column + c < s.stride; c += kChunk) {
    float* out = s.out + row * s.stride + (column + c) * height;
    for (int64_t i = 0; i < height; i++)
      for (int64_t j = 0; j < kChunk; j += kLanes) store(out + i * kChunk + j, load(tile + i * kPanel + c + j));
  }
}

/** What `gate` left in the first half of each row of a tile, into half as many columns of the strip layout. */
inline void store_gated(const float* tile, const TileStore& s, int64_t row, int64_t height, int64_t column) {
  const int64_t at = column / 2;
  float* out = s.out + row * s.stride + at / kChunk * kChunk * height + at % kChunk;
  for (int64_t i = 0; i < height; i++)
    for (int64_t j = 0; j < kPanel / 2; j += kLanes) store(out + i * kChunk + j, load(tile + i * kPanel + j));
}

/** Activation and destination of a finished tile. */
inline void finish_tile(float* tile, const PanelVectors& v, const TileStore& s, int64_t row, int64_t height,
                        int64_t column, int64_t valid) {
  if (s.to == TileStore::To::gated) {
    gate(tile, height, s.activation, s.gate_half);
    return store_gated(tile, s, row, height, column - s.first_column);
  }
  activate(tile, static_cast<int>(height) * kPanel, s.activation);
  if (s.to == TileStore::To::strips) return store_strips(tile, s, row, height, column - s.first_column);
  if (s.to == TileStore::To::heads) return store_heads(tile, s, row, height, column, valid);
  if (s.half_columns) return store_halves(tile, s, row, height, column);
  if (s.skip) add_skip(tile, s, row, height, column, valid);
  store_rows(tile, v, s, row, height, column, valid);
}

/** A panel's k rows as float32: where they lie, or widened into `scratch`. */
inline const float* panel_values(const Product& p, int64_t panel, int64_t k_begin, int64_t k, float* scratch) {
  const int64_t offset = (panel * p.b_length + p.b_begin + k_begin) * kPanel;
  if (p.type == WeightType::f32) return static_cast<const float*>(p.panels) + offset;
  const uint16_t* bits = static_cast<const uint16_t*>(p.panels) + offset;
  if (p.type == WeightType::bf16)
    widen_bf16(bits, k * kPanel, scratch);
  else
    widen_f16(bits, k * kPanel, scratch);
  return scratch;
}

inline int64_t product_scratch(int64_t strips) { return strips * kTileRows * kPanel + int64_t{kBlockK} * kPanel; }

/** Where the panel after this one's part of k begins, and how many of its cache lines to fetch for 16 of k. */
struct Ahead {
  const char* line;
  int lines;
  void fetch() {
    for (int i = 0; i < lines; i++) __builtin_prefetch(line + i * 64, 0, 3);
    line += lines * 64;
  }
};

/** The weights of a large model come from memory: the next part of them is spread over the strips of this one. */
inline Ahead next_part(const Product& p, int64_t panel, int64_t k_end) {
  const bool as_they_lie = p.type == WeightType::f32 || p.type == WeightType::bf16_pairs ||
                           (p.type == WeightType::int8 && kGroup == 4);  // 4 bytes for each of k
  if (!as_they_lie) return {nullptr, 0};
  const int64_t next = k_end < p.k ? panel * p.b_length + p.b_begin + k_end : (panel + 1) * p.b_length + p.b_begin;
  const int64_t lines_of_chunk = kChunk * kPanel * 4 / 64;
  return {static_cast<const char*>(p.panels) + next * kPanel * 4,
          static_cast<int>((lines_of_chunk + p.strips.count - 1) / p.strips.count)};
}

/** tile (R, kPanel) = (bias or what the tile holds) + strip times part of a panel. */
template <int R, class A>
inline __attribute__((always_inline)) void product_tile(const typename A::Scalar* a, const typename A::Scalar* b,
                                                        int64_t k, bool first, const float* bias, float* tile,
                                                        Ahead& ahead) {
  const auto at = [tile](int i, int j) __attribute__((always_inline)) { return tile + i * kPanel + j * kLanes; };
  const auto keep = [at](int i, int j, Vec v) __attribute__((always_inline)) { store(at(i, j), v); };
  const auto fetch = [&ahead]() __attribute__((always_inline)) { ahead.fetch(); };
  if (first) {
    multiply_tile<R, kPanelVectors, A>(
        a, b, k, [bias](int, int j) { return load(bias + j * kLanes); }, keep, fetch);
  } else {
    multiply_tile<R, kPanelVectors, A>(
        a, b, k, [at](int i, int j) { return load(at(i, j)); }, keep, fetch);
  }
}

/** Products whose sums are float32. `part_of_panel(panel, k0, k)` gives rows [k0, k0 + k) of a panel. */
template <class A, class PartOfPanel>
inline void product_in_floats(const Product& p, const PartOfPanel& part_of_panel) {
  float* const tiles = p.scratch + int64_t{kBlockK} * kPanel;
  PanelVectors vectors;
  for (int64_t panel = p.panel_begin; panel < p.panel_end; panel++) {
    const int64_t column = panel * kPanel;
    const int64_t valid = p.columns - column < kPanel ? p.columns - column : kPanel;
    read_panel_vectors(vectors, p.store, column, valid);
    for (int64_t k0 = 0; k0 < p.k; k0 += kBlockK) {
      const int64_t k = p.k - k0 < kBlockK ? p.k - k0 : kBlockK;
      const bool first = k0 == 0, last = k0 + k == p.k;
      const typename A::Scalar* const b = part_of_panel(panel, k0, k);
      Ahead ahead = next_part(p, panel, k0 + k);
      for (int64_t s = 0; s < p.strips.count; s++) {
        const int64_t height = p.strips.height(s), row = p.strips.begin(s);
        const auto* a = static_cast<const typename A::Scalar*>(p.a) + row * p.a_length + k0 * height;
        float* const tile = tiles + (first && last ? 0 : s * kTileRows * kPanel);
        with_height<kTileRows>(
            height, [&](auto h) __attribute__((always_inline)) {
              product_tile<decltype(h)::value, A>(a, b, k, first, vectors.bias, tile, ahead);
            });
        if (last) finish_tile(tile, vectors, p.store, row, height, column, valid);
      }
    }
  }
}

void product_floats(const Product& p) {
  product_in_floats<FloatArithmetic>(
      p, [&p](int64_t panel, int64_t k0, int64_t k) { return panel_values(p, panel, k0, k, p.scratch); });
}

}  // namespace
}  // namespace packed
}  // namespace vit
