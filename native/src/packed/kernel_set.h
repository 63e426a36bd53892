#pragma once

// The body of kernels_*.cc: everything compiled once for each instruction set, gathered in a table.

#include "packed/attention_kernel.h"
#include "packed/backward_kernel.h"
#include "packed/bf16_kernel.h"
#include "packed/int8_kernel.h"
#include "packed/kernels.h"
#include "packed/norm_kernel.h"

namespace vit {
namespace packed {
namespace {

void product(const Product& p) {
  if (p.strips.count == 0) return;
  if (p.type == WeightType::int8)
    product_int8(p);
  else if (p.type == WeightType::bf16_pairs)
    product_bf16(p);
  else
    product_floats(p);
}

double busy_tiles(int64_t rounds) {
  constexpr int64_t k = 192;
  static const float ones[k * (kTileRows > kPanel ? kTileRows : kPanel)] = {};
  alignas(64) float tile[kTileRows * kPanel];
  for (int64_t r = 0; r < rounds; r++) {
    multiply_tile<kTileRows, kPanelVectors>(
        ones, ones, k, [](int, int) { return Vec{}; },
        [&tile](int i, int j, Vec v) __attribute__((always_inline)) { store(tile + i * kPanel + j * kLanes, v); });
    asm volatile("" : : "r"(tile) : "memory");
  }
  return 2.0 * static_cast<double>(rounds) * kTileRows * kPanel * k;
}

constexpr Kernels make_kernels(const char* name) {
  return {name,           kTileRows, kPanel,         kGroup,          kZero,
          kLargestWeight, kPairs,    kPairAttention, product_scratch, attention_scratch,
          product,        attention, norm,           norm_strips,     place_heads,
          quantise,       narrow,    slopes,         softmax_rows,    busy_tiles};
}

}  // namespace
}  // namespace packed
}  // namespace vit
