#pragma once

#include "packed/simd.h"

namespace vit {
namespace packed {
namespace {

/** c + a * b in float32. */
struct FloatArithmetic {
  using Scalar = float;
  using Factor = Vec;
  using Sum = Vec;
  /** Numbers in one of k. */
  static constexpr int64_t kStep = 1;
  static inline __attribute__((always_inline)) Vec splat_of(float x) { return splat(x); }
  static inline __attribute__((always_inline)) Vec load_of(const float* p) { return load(p); }
  static inline __attribute__((always_inline)) Vec add_product(Vec c, Vec a, Vec b) { return c + a * b; }
};

/** The same for groups of small integers (kGroup of them in 32 bits); one group counts as one of k. */
struct GroupArithmetic {
  using Scalar = int32_t;
  using Factor = Int;
  using Sum = Int;
  static inline __attribute__((always_inline)) Int splat_of(int32_t x) { return x - Int{}; }
  static inline __attribute__((always_inline)) Int load_of(const int32_t* p) { return load_int(p); }
  static inline __attribute__((always_inline)) Int add_product(Int c, Int a, Int b) { return dot_groups(c, a, b); }
};

#if defined(__AVX512BF16__)
/** The same factors as pairs of bfloat16, summed in float32; one pair counts as one of k. */
struct PairArithmetic : GroupArithmetic {
  using Sum = Vec;
  static constexpr int64_t kStep = 2;
  static inline __attribute__((always_inline)) Vec add_product(Vec c, Int a, Int b) { return dot_pairs(c, a, b); }
};
#endif

/**
 * Tile (R, V * kLanes) = strip (R, k) times panel (k, kPanel): only the panel's first V vectors are used. The strip is
 * in chunks of 16 (strips.h), the panel is [k][kPanel]. `start(i, j)` gives the accumulators' first values, `finish(i,
 * j, v)` takes the results, i a row and j a vector of it. `each_chunk()` is called once for 16 of k.
 */
template <int R, int V, class A, class Start, class Finish, class EachChunk>
inline __attribute__((always_inline)) void multiply_tile(const typename A::Scalar* strip,
                                                         const typename A::Scalar* panel, int64_t k, Start start,
                                                         Finish finish, EachChunk each_chunk) {
  typename A::Sum c[R][V];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) c[i][j] = start(i, j);
  }
  const auto step = [&](int kk) __attribute__((always_inline)) {
    typename A::Factor b[V];
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) b[j] = A::load_of(panel + j * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const typename A::Factor a = A::splat_of(strip[i * 16 + kk]);
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) c[i][j] = A::add_product(c[i][j], a, b[j]);
    }
    panel += kPanel;
  };
  for (; k >= 16; k -= 16) {
#pragma GCC unroll 8
    for (int kk = 0; kk < 16; kk++) step(kk);
    each_chunk();
    strip += R * 16;
  }
  for (int kk = 0; kk < k; kk++) step(kk);
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) finish(i, j, c[i][j]);
  }
}

/** In float32, without anything to do for each chunk. */
template <int R, int V, class Start, class Finish>
inline __attribute__((always_inline)) void multiply_tile(const float* strip, const float* panel, int64_t k, Start start,
                                                         Finish finish) {
  multiply_tile<R, V, FloatArithmetic>(strip, panel, k, start, finish, [] {});
}

template <int R>
struct Height {
  static constexpr int value = R;
};

/** Calls body(Height<height>{}): the kernel compiled for this strip. 1 <= height <= R. */
template <int R, class Body>
inline __attribute__((always_inline)) void with_height(int64_t height, const Body& body) {
  if constexpr (R > 0) {
    if (height == R) return body(Height<R>{});
    return with_height<R - 1>(height, body);
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
