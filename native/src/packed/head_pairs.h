#pragma once

// Q, K, V and the softmax's weights of one head as pairs of bfloat16, for attention whose products take them:
// docs/kernels.md, "Heads".

#include "packed/bf16_kernel.h"
#include "packed/kernels.h"

namespace vit {
namespace packed {
namespace {

inline int64_t pairs_in(int64_t numbers) { return (numbers + 1) / 2; }

/** k of the strips of Q, in pairs. */
inline int64_t pair_query_length(const HeadLayout& l) { return round_up(pairs_in(l.head_dim), kChunk); }

/** In 32 bits each: Q of the thread's rows, K, V, and a strip of weights. */
inline int64_t pairs_scratch(const HeadLayout& l, const Strips& strips) {
  return strips.rows * pair_query_length(l) + l.padded_tokens() * pairs_in(l.head_dim) +
         round_up(l.head_dim, kPanel) * pairs_in(l.tokens) + kTileRows * round_up(pairs_in(l.tokens), kChunk);
}

#if defined(__AVX512BF16__)

/** Where make_pairs has put them. */
struct HeadPairs {
  int32_t *query, *key, *value, *weights;
};

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

/** Writes pairs_scratch 32-bit numbers at `scratch`. */
inline HeadPairs make_pairs(const AttentionRows& a, int64_t head, float* scratch) {
  const HeadLayout& l = a.layout;
  HeadPairs pairs;
  pairs.query = reinterpret_cast<int32_t*>(scratch);
  narrow({a.strips, a.query + head * l.query_head(a.strips.rows), l.padded_dim(), l.head_dim, pairs.query,
          pair_query_length(l)});
  int32_t* out = pairs.key = pairs.query + a.strips.rows * pair_query_length(l);
  const float* const key = a.key + head * l.key_head();
  for (int64_t token = 0; token < l.tokens; token += kPanel) out = pair_rows(key + token * l.head_dim, l.head_dim, out);
  pairs.value = out;
  const float* const value = a.value + head * l.value_head();
  for (int64_t d = 0; d < l.head_dim; d += kPanel) out = pair_rows(value + d * l.tokens, l.tokens, out);
  pairs.weights = out;
  return pairs;
}

/** A strip of `height` rows with so many chunks of float32, in half as many of pairs. */
inline void pair_weights(const float* strip, int64_t height, int64_t chunks, int32_t* out) {
  const int64_t next = height * kChunk;
  for (int64_t c = 0; c < chunks; c += 2, strip += 2 * next, out += next)
    for (int64_t i = 0; i < height; i++) {
      const float* const from = strip + i * kChunk;
      Halves* const to = reinterpret_cast<Halves*>(out + i * kChunk);
      to[0] = nearest_halves(load(from));
      to[1] = nearest_halves(c + 1 < chunks ? load(from + next) : Vec{});
    }
}

#endif

}  // namespace
}  // namespace packed
}  // namespace vit
