#pragma once

#include "packed/head_factors.h"
#include "packed/kernels.h"
#include "packed/micro_kernel.h"
#include "packed/position_kernel.h"
#include "packed/softmax_kernel.h"

namespace vit {
namespace packed {
namespace {

// Scores of a strip against all keys fit beside the keys and values of one head up to this many tokens; beyond, keys
// come in blocks of it and the softmax is a running one (Milakov & Gimelshein 2018, algorithm 3), unless maps are
// written.
constexpr int64_t kKeyBlock = 512;
constexpr int64_t kWholeRow = 1152;
// Strips that pass over a block of keys and values while it is in L2.
constexpr int64_t kStripGroup = 8;

/** Softmax state of one strip: unnormalised output, and for each row the largest score and the sum of exponentials. */
struct StripState {
  float* output;  // [d / kPanel][height][kPanel]
  float largest[kTileRows];
  float sum[kTileRows];
};

inline int64_t key_block(const HeadLayout& l, bool maps) {
  return maps || l.tokens <= kWholeRow ? l.tokens : kKeyBlock;
}

inline int64_t attention_scratch(const HeadLayout& l, const Strips& strips, bool pairs) {
  return kTileRows * round_up(l.tokens, kPanel) + kStripGroup * kTileRows * round_up(l.head_dim, kPanel) +
         round_up(l.tokens + kLanes, kPanel) + (pairs ? pairs_scratch(l, strips) : 0);
}

/** scores (R, count) = strip of Q times the keys, `dims` steps of k, in the strip layout. */
template <int R, class A>
void strip_scores(const typename A::Scalar* query, const typename A::Scalar* key, int64_t dims, int64_t count,
                  float* scores) {
  const auto keep = [&scores](int i, int j, Vec v) __attribute__((always_inline)) {
    store(scores + (j / kChunkVectors * R + i) * kChunk + j % kChunkVectors * kLanes, v);
  };
  const auto zero = [](int, int) { return Vec{}; };
  for (int64_t token = 0; token < count; token += kPanel) {
    if (count - token > kPanel / 2)
      multiply_tile<R, kPanelVectors, A>(query, key, dims, zero, keep, [] {});
    else
      multiply_tile<R, kPanelVectors / 2, A>(query, key, dims, zero, keep, [] {});
    key += dims * kPanel;
    scores += R * kPanel;
  }
}

/**
 * output (R, hd) = output * factor[row] + weights (R, `steps` of k) times the values, whose panels are `tokens` long;
 * without the first term when `first`.
 */
template <int R, class A>
void strip_output(const typename A::Scalar* weights, const typename A::Scalar* value, int64_t head_dim, int64_t tokens,
                  int64_t steps, bool first, const float* factor, float* output) {
  for (int64_t d = 0; d < head_dim; d += kPanel) {
    const auto at = [output](int i, int j) __attribute__((always_inline)) { return output + i * kPanel + j * kLanes; };
    const auto keep = [at](int i, int j, Vec v) __attribute__((always_inline)) { store(at(i, j), v); };
    const auto zero = [](int, int) { return Vec{}; };
    const auto scaled = [ at, factor ](int i, int j) __attribute__((always_inline)) {
      return load(at(i, j)) * factor[i];
    };
    if (head_dim - d > kPanel / 2) {
      if (first)
        multiply_tile<R, kPanelVectors, A>(weights, value, steps, zero, keep, [] {});
      else
        multiply_tile<R, kPanelVectors, A>(weights, value, steps, scaled, keep, [] {});
    } else {
      if (first)
        multiply_tile<R, kPanelVectors / 2, A>(weights, value, steps, zero, keep, [] {});
      else
        multiply_tile<R, kPanelVectors / 2, A>(weights, value, steps, scaled, keep, [] {});
    }
    value += tokens * kPanel;
    output += R * kPanel;
  }
}

/** Divides by the sums and stores head `head` of the strip where the projection reads it. */
inline void store_output(const AttentionRows& a, int64_t head, int64_t row, int64_t height, const StripState& state) {
  const int64_t hd = a.layout.head_dim;
  float* out = a.out + row * a.out_length;
  for (int64_t i = 0; i < height; i++) {
    const float factor = 1.0f / state.sum[i];
    for (int64_t d = 0; d < hd;) {
      const float* from = state.output + (d / kPanel * height + i) * kPanel + d % kPanel;
      const int64_t column = head * hd + d;
      float* to = out + (column / kChunk * height + i) * kChunk + column % kChunk;
      if (hd % kChunk == 0) {
        for (int64_t j = 0; j < kChunk; j += kLanes) store(to + j, load(from + j) * factor);
        d += kChunk;
      } else {
        *to = *from * factor;
        d++;
      }
    }
  }
}

/** Asks for the cache lines of a row of the maps ahead of the stores, which would wait for them one by one. */
inline void fetch_for_writing(const float* row, int64_t length) {
  const char* line = reinterpret_cast<const char*>(row);
  for (int64_t at = 0; at < length * 4 + 64; at += 64) __builtin_prefetch(line + at, 1, 3);
}

/** One strip against one block of keys, the first of which is `begin`, a multiple of kPanel. */
template <int R, class A>
void attend_block(const AttentionRows& a, const HeadFactors<A>& factors, int64_t head, int64_t row, int64_t begin,
                  int64_t count, float* scores, float* biases, StripState& state) {
  const HeadLayout& l = a.layout;
  float* const maps = a.maps ? a.maps + (head * l.tokens + row) * l.tokens : nullptr;
  if (maps) fetch_for_writing(maps, count);
  strip_scores<R, A>(factors.query + row * factors.query_length, factors.key + begin * factors.dims, factors.dims,
                     count, scores);
  const int64_t chunks = (count + kChunk - 1) / kChunk;
  float factor[R];
  for (int i = 0; i < R; i++) {
    const StripRow scored{scores + i * kChunk, R};
    if (maps && i + 1 < R) fetch_for_writing(maps + (i + 1) * l.tokens, count);
    if (a.bias.table) {
      bias_row(a.bias, head, a.first_token + row + i, begin, count, biases);
      add_to_row(scored, chunks, biases);
    }
    mask_tail(scored, count);
    const float block = row_largest(scored, chunks);
    const float now = begin == 0 || block > state.largest[i] ? block : state.largest[i];
    factor[i] = begin == 0 ? 0.0f : exp2_of(splat(state.largest[i] - now))[0];
    state.largest[i] = now;
    state.sum[i] = (begin == 0 ? 0.0f : state.sum[i] * factor[i]) + row_exp2(scored, chunks, now);
    if (maps) copy_row(scored, count, a.map_factor / state.sum[i], maps + i * l.tokens, a.add_maps);
  }
  if (a.out)
    strip_output<R, A>(weights_of(factors, scores, R, chunks), factors.value + begin / A::kStep * kPanel, l.head_dim,
                       factors.tokens, (count + A::kStep - 1) / A::kStep, begin == 0, factor, state.output);
}

template <class A>
void attend(const AttentionRows& a) {
  const HeadLayout& l = a.layout;
  const int64_t block = key_block(l, a.maps != nullptr);
  const int64_t output_size = kTileRows * round_up(l.head_dim, kPanel);
  float* const scores = a.scratch + kStripGroup * output_size;
  float* const biases = scores + kTileRows * round_up(l.tokens, kPanel);
  float* const rest = biases + round_up(l.tokens + kLanes, kPanel);
  StripState states[kStripGroup];
  for (int64_t g = 0; g < kStripGroup; g++) states[g].output = a.scratch + g * output_size;
  for (int64_t head = 0; head < l.heads; head++) {
    const HeadFactors<A> factors = head_factors<A>(a, head, rest);
    for (int64_t group = 0; group < a.strips.count; group += kStripGroup) {
      const int64_t end = group + kStripGroup < a.strips.count ? group + kStripGroup : a.strips.count;
      for (int64_t begin = 0; begin < l.tokens; begin += block) {
        const int64_t count = l.tokens - begin < block ? l.tokens - begin : block;
        for (int64_t s = group; s < end; s++) {
          const int64_t row = a.strips.begin(s);
          with_height<kTileRows>(a.strips.height(s), [&](auto h) {
            attend_block<decltype(h)::value>(a, factors, head, row, begin, count, scores, biases, states[s - group]);
          });
        }
      }
      for (int64_t s = group; a.out && s < end; s++)
        store_output(a, head, a.strips.begin(s), a.strips.height(s), states[s - group]);
    }
  }
}

void attention(const AttentionRows& a) {
#if defined(__AVX512BF16__)
  if (a.pairs) return attend<PairArithmetic>(a);
#endif
  attend<FloatArithmetic>(a);
}

}  // namespace
}  // namespace packed
}  // namespace vit
