#pragma once

#include "packed/simd.h"
#include "packed/strips.h"

namespace vit {
namespace packed {
namespace {

/** Row `row` of a strip in chunks of 16 (strips.h): where chunk c begins. */
struct StripRow {
  float* first;
  int64_t height;
  float* chunk(int64_t c) const { return first + c * height * kChunk; }
};

/** Puts what follows the first `valid` values in the last chunk to minus infinity (almost: exp2 makes it 2^-126). */
inline void mask_tail(const StripRow& row, int64_t valid) {
  for (int64_t k = valid; k % kChunk != 0; k++) row.chunk(k / kChunk)[k % kChunk] = -3e38f;
}

/** row += values, whole chunks of them. */
inline void add_to_row(const StripRow& row, int64_t chunks, const float* values) {
  for (int64_t c = 0; c < chunks; c++)
    for (int64_t v = 0; v < kChunk; v += kLanes)
      store(row.chunk(c) + v, load(row.chunk(c) + v) + load(values + c * kChunk + v));
}

inline float row_largest(const StripRow& row, int64_t chunks) {
  Vec m[kChunkVectors];
  for (int v = 0; v < kChunkVectors; v++) m[v] = load(row.first + v * kLanes);
  for (int64_t c = 1; c < chunks; c++)
    for (int v = 0; v < kChunkVectors; v++) m[v] = larger(m[v], load(row.chunk(c) + v * kLanes));
  for (int v = 1; v < kChunkVectors; v++) m[0] = larger(m[0], m[v]);
  return largest(m[0]);
}

/** row = 2^(row - shift) in place; returns the sum. */
inline float row_exp2(const StripRow& row, int64_t chunks, float shift) {
  Vec total[2] = {};
  const Vec s = splat(shift);
  int64_t c = 0;
  for (; c + 1 < chunks; c += 2) {
    for (int v = 0; v < kChunkVectors; v++) {
      const Vec a = exp2_of(load(row.chunk(c) + v * kLanes) - s);
      const Vec b = exp2_of(load(row.chunk(c + 1) + v * kLanes) - s);
      store(row.chunk(c) + v * kLanes, a);
      store(row.chunk(c + 1) + v * kLanes, b);
      total[0] += a;
      total[1] += b;
    }
  }
  for (; c < chunks; c++) {
    for (int v = 0; v < kChunkVectors; v++) {
      const Vec a = exp2_of(load(row.chunk(c) + v * kLanes) - s);
      store(row.chunk(c) + v * kLanes, a);
      total[0] += a;
    }
  }
  return sum(total[0] + total[1]);
}

/** out (valid) = [out +] row * factor, contiguous. */
inline void copy_row(const StripRow& row, int64_t valid, float factor, float* out, bool add) {
  const Vec f = splat(factor);
  int64_t c = 0;
  for (; (c + 1) * kChunk <= valid; c++)
    for (int v = 0; v < kChunk; v += kLanes) {
      Vec value = load(row.chunk(c) + v) * f;
      if (add) value += load(out + c * kChunk + v);
      store(out + c * kChunk + v, value);
    }
  for (int64_t k = c * kChunk; k < valid; k++) {
    const float value = row.chunk(c)[k % kChunk] * factor;
    out[k] = add ? out[k] + value : value;
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
