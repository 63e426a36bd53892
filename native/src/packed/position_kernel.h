#pragma once

#include "packed/positions.h"
#include "packed/simd.h"

namespace vit {
namespace packed {
namespace {

/** (u, v) of each pair of neighbouring lanes becomes (v, u). */
inline Vec swap_pairs(Vec x) {
#if defined(__AVX512F__)
  return _mm512_permute_ps(x, 0xB1);
#elif defined(__AVX2__)
  return _mm256_permute_ps(x, 0xB1);
#else
  Vec y = x;
  for (int i = 0; i < kLanes; i++) y[i] = x[i ^ 1];
  return y;
#endif
}

/** Every lane of half `half` of x (0 or 1) twice. */
inline Vec repeat_each(Vec x, int half) {
#if defined(__AVX512F__)
  const __m512i low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  return _mm512_permutexvar_ps(_mm512_add_epi32(low, _mm512_set1_epi32(8 * half)), x);
#elif defined(__AVX2__)
  const __m256i low = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
  return _mm256_permutevar8x32_ps(x, _mm256_add_epi32(low, _mm256_set1_epi32(4 * half)));
#else
  Vec y = x;
  for (int i = 0; i < kLanes; i++) y[i] = x[half * kLanes / 2 + i / 2];
  return y;
#endif
}

inline void turn_pair(float& u, float& v, float c, float s) {
  const float turned = u * c - v * s;
  v = v * c + u * s;
  u = turned;
}

inline void turn_halves(float* x, const float* cos, const float* sin, int64_t pairs) {
  int64_t j = 0;
  for (; j + kLanes <= pairs; j += kLanes) {
    const Vec u = load(x + j), v = load(x + pairs + j), c = load(cos + j), s = load(sin + j);
    store(x + j, u * c - v * s);
    store(x + pairs + j, v * c + u * s);
  }
  for (; j < pairs; j++) turn_pair(x[j], x[j + pairs], cos[j], sin[j]);
}

inline void turn_neighbours(float* x, const float* cos, const float* sin, int64_t pairs) {
  Vec sign = splat(1.0f);
  for (int i = 0; i < kLanes; i += 2) sign[i] = -1.0f;
  int64_t j = 0;
  for (; j + kLanes <= pairs; j += kLanes) {
    const Vec c = load(cos + j), s = load(sin + j);
    for (int half = 0; half < 2; half++) {
      float* at = x + 2 * j + half * kLanes;
      const Vec uv = load(at);
      store(at, uv * repeat_each(c, half) + swap_pairs(uv) * (repeat_each(s, half) * sign));
    }
  }
  for (; j < pairs; j++) turn_pair(x[2 * j], x[2 * j + 1], cos[j], sin[j]);
}

/** Q or K of one head, the first row that of token `token`, in place. */
inline void turn_head(const HeadTurn& t, int64_t head, int64_t token, float* rows, int64_t stride, int64_t height) {
  if (!t.cos) return;
  for (int64_t i = 0; i < height; i++) {
    const int64_t at = token + i - t.first;
    if (at < 0 || at >= t.tokens) continue;
    const int64_t offset = ((t.heads == 1 ? 0 : head) * t.tokens + at) * t.pairs;
    (t.halves ? turn_halves : turn_neighbours)(rows + i * stride, t.cos + offset, t.sin + offset, t.pairs);
  }
}

/** out (count) = the biases of one query and keys [begin, begin + count); writes as much as a vector more. */
inline void bias_row(const ScoreBias& b, int64_t head, int64_t token, int64_t begin, int64_t count, float* out) {
  const float* of_class = b.of_class ? b.of_class + head * 3 : nullptr;
  const int64_t query = token - b.prefix;
  if (query < 0) {
    const Vec to_patch = splat(of_class ? of_class[0] : 0.0f);
    for (int64_t j = 0; j < count; j += kLanes) store(out + j, to_patch);
    if (of_class && begin == 0) out[0] = of_class[2];
    return;
  }
  int64_t key = begin - b.prefix;
  const int64_t end = key + count, wide = 2 * b.columns - 1;
  for (; key < 0 && key < end; key++) *out++ = of_class ? of_class[1] : 0.0f;
  const int64_t qy = query / b.columns, qx = query % b.columns;
  const float* table = b.table + head * b.head_length() + (b.rows - 1 - qy) * wide + b.columns - 1 - qx;
  int64_t ky = key / b.columns, kx = key % b.columns;
  while (key < end) {
    const int64_t run = b.columns - kx < end - key ? b.columns - kx : end - key;
    const float* from = table + ky * wide + kx;
    for (int64_t j = 0; j < run; j += kLanes) store(out + j, load(from + j));
    out += run;
    key += run;
    ky++;
    kx = 0;
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
