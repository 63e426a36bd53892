#pragma once

// What attention's two products of one head read: Q, K, V and the softmax's weights where they lie, or as pairs of
// bfloat16 (docs/kernels.md, "Attention").

#include "packed/bf16_kernel.h"
#include "packed/kernels.h"
#include "packed/micro_kernel.h"

namespace vit {
namespace packed {
namespace {

/** In float32 or in pairs; k is counted in steps, numbers or pairs. */
template <class A>
struct HeadFactors {
  const typename A::Scalar* query;  // strips of Q, k = query_length
  int64_t query_length;
  const typename A::Scalar* key;  // [token / kPanel][dims][kPanel]
  int64_t dims;
  const typename A::Scalar* value;  // [d / kPanel][tokens][kPanel]
  int64_t tokens;
  typename A::Scalar* weights;  // pairs: a strip of the softmax's, for the product with the values
};

/** Those of a head; in pairs they are made, in pairs_scratch 32-bit numbers at `scratch`. */
template <class A>
HeadFactors<A> head_factors(const AttentionRows& a, int64_t head, float* scratch);

template <>
HeadFactors<FloatArithmetic> head_factors<FloatArithmetic>(const AttentionRows& a, int64_t head, float*) {
  const HeadLayout& l = a.layout;
  return {a.query + head * l.query_head(a.strips.rows),
          l.padded_dim(),
          a.key + head * l.key_head(),
          l.head_dim,
          a.value + head * l.value_head(),
          l.tokens,
          nullptr};
}

/** A strip of `height` rows of the softmax's weights, so many chunks of float32, as the product with the values reads
 * it. */
inline const float* weights_of(const HeadFactors<FloatArithmetic>&, const float* strip, int64_t, int64_t) {
  return strip;
}

inline int64_t pairs_in(int64_t numbers) { return (numbers + 1) / 2; }

/** k of the strips of Q, in pairs. */
inline int64_t pair_query_length(const HeadLayout& l) { return round_up(pairs_in(l.head_dim), kChunk); }

/** In 32 bits each: Q of the thread's rows, K, V, and a strip of weights. */
inline int64_t pairs_scratch(const HeadLayout& l, const Strips& strips) {
  return strips.rows * pair_query_length(l) + l.padded_tokens() * pairs_in(l.head_dim) +
         round_up(l.head_dim, kPanel) * pairs_in(l.tokens) + kTileRows * round_up(pairs_in(l.tokens), kChunk);
}

#if defined(__AVX512BF16__)

/** Lane by lane: `low` and `high`, each the nearest bfloat16, in the lower and the upper half of 32 bits. */
inline Int pairs_of(Vec low, Vec high) {
  const auto widened = [](Vec v) { return __builtin_convertvector(nearest_halves(v), Bits); };
  return reinterpret_cast<Int>(widened(low) | widened(high) << 16);
}

/** Rows of a panel, [k][kPanel], two at a time; the last one of an odd number has zeros beside it. */
inline int32_t* pair_rows(const float* rows, int64_t k, int32_t* out) {
  for (; k > 0; k -= 2, rows += 2 * kPanel, out += kPanel)
    for (int64_t j = 0; j < kPanel; j += kLanes)
      store_int(out + j, pairs_of(load(rows + j), k > 1 ? load(rows + kPanel + j) : Vec{}));
  return out;
}

template <>
HeadFactors<PairArithmetic> head_factors<PairArithmetic>(const AttentionRows& a, int64_t head, float* scratch) {
  const HeadLayout& l = a.layout;
  const int64_t query_length = pair_query_length(l);
  int32_t* const query = reinterpret_cast<int32_t*>(scratch);
  narrow({a.strips, a.query + head * l.query_head(a.strips.rows), l.padded_dim(), l.head_dim, query, query_length});
  int32_t* const key = query + a.strips.rows * query_length;
  int32_t* value = key;
  const float* const keys = a.key + head * l.key_head();
  for (int64_t token = 0; token < l.tokens; token += kPanel)
    value = pair_rows(keys + token * l.head_dim, l.head_dim, value);
  int32_t* weights = value;
  const float* const values = a.value + head * l.value_head();
  for (int64_t d = 0; d < l.head_dim; d += kPanel) weights = pair_rows(values + d * l.tokens, l.tokens, weights);
  return {query, query_length, key, pairs_in(l.head_dim), value, pairs_in(l.tokens), weights};
}

inline const int32_t* weights_of(const HeadFactors<PairArithmetic>& factors, const float* strip, int64_t height,
                                 int64_t chunks) {
  int32_t* out = factors.weights;
  const int64_t next = height * kChunk;
  for (int64_t c = 0; c < chunks; c += 2, strip += 2 * next, out += next)
    for (int64_t i = 0; i < height; i++) {
      const float* const from = strip + i * kChunk;
      Halves* const to = reinterpret_cast<Halves*>(out + i * kChunk);
      to[0] = nearest_halves(load(from));
      to[1] = nearest_halves(c + 1 < chunks ? load(from + next) : Vec{});
    }
  return factors.weights;
}

#endif

}  // namespace
}  // namespace packed
}  // namespace vit
