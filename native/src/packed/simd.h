#pragma once

// Vectors of one instruction set, for the files that are compiled once for each set (kernels_*.cc). Nothing here may be
// included elsewhere, and nothing here may instantiate a template of the standard library: the linker would keep one
// copy, perhaps one this processor cannot run.

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace vit {
namespace packed {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kPanelVectors = 2;  // 14 x 32 tiles: 28 accumulators, 2 weights, 1 activation of 32 registers
constexpr int kTileRows = 14;
constexpr int kBlockK = 1024;  // a panel is 128 KiB: L2
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kPanelVectors = 2;  // 6 x 16 tiles: 12 accumulators, 2 weights, 1 activation of 16 registers
constexpr int kTileRows = 6;
constexpr int kBlockK = 192;  // a panel is 12 KiB: L1, beside the strip and the partial tiles
#elif defined(__aarch64__)
constexpr int kLanes = 4;
constexpr int kPanelVectors = 4;  // 6 x 16 tiles: 24 accumulators, 4 weights, 1 activation of 32 registers
constexpr int kTileRows = 6;
constexpr int kBlockK = 192;
#else
constexpr int kLanes = 4;
constexpr int kPanelVectors = 4;  // 2 x 16 tiles: 8 accumulators, 4 weights, 1 activation of 16 registers
constexpr int kTileRows = 2;
constexpr int kBlockK = 192;
#endif
constexpr int kPanel = kLanes * kPanelVectors;
/** Lanes of the strip layout's chunks (strips.h) in vectors. */
constexpr int kChunkVectors = 16 / kLanes;

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef float VecUnaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef int32_t Int __attribute__((vector_size(kLanes * 4)));
typedef int32_t IntUnaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

inline __attribute__((always_inline)) Vec load(const float* p) { return *reinterpret_cast<const VecUnaligned*>(p); }
inline __attribute__((always_inline)) void store(float* p, Vec v) { *reinterpret_cast<VecUnaligned*>(p) = v; }
inline __attribute__((always_inline)) Int load_int(const int32_t* p) {
  return *reinterpret_cast<const IntUnaligned*>(p);
}
inline __attribute__((always_inline)) void store_int(int32_t* p, Int v) { *reinterpret_cast<IntUnaligned*>(p) = v; }
inline __attribute__((always_inline)) Vec splat(float x) { return x - Vec{}; }
inline __attribute__((always_inline)) Vec as_float(Int v) { return reinterpret_cast<Vec>(v); }
inline __attribute__((always_inline)) Int as_int(Vec v) { return reinterpret_cast<Int>(v); }

#if defined(__AVX512F__)
inline Vec larger(Vec a, Vec b) { return _mm512_max_ps(a, b); }
inline Vec smaller(Vec a, Vec b) { return _mm512_min_ps(a, b); }
inline float sum(Vec v) { return _mm512_reduce_add_ps(v); }
inline float largest(Vec v) { return _mm512_reduce_max_ps(v); }
#elif defined(__AVX2__)
inline Vec larger(Vec a, Vec b) { return _mm256_max_ps(a, b); }
inline Vec smaller(Vec a, Vec b) { return _mm256_min_ps(a, b); }
inline float sum(Vec v) {
  __m128 h = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  h = _mm_add_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
inline float largest(Vec v) {
  __m128 h = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  h = _mm_max_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
}
#else
inline Vec larger(Vec a, Vec b) { return as_float((as_int(a) & (a > b)) | (as_int(b) & ~(a > b))); }
inline Vec smaller(Vec a, Vec b) { return as_float((as_int(a) & (a < b)) | (as_int(b) & ~(a < b))); }
inline float sum(Vec v) { return (v[0] + v[2]) + (v[1] + v[3]); }
inline float largest(Vec v) {
  const float a = v[0] > v[1] ? v[0] : v[1], b = v[2] > v[3] ? v[2] : v[3];
  return a > b ? a : b;
}
#endif

inline int32_t largest_int(Int v) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_epi32(reinterpret_cast<__m512i>(v));
#else
  int32_t most = v[0];
  for (int i = 1; i < kLanes; i++) most = v[i] > most ? v[i] : most;
  return most;
#endif
}

// 8-bit products come in groups of k that fill 32 bits. Four unsigned activations times four signed weights where the
// processor multiplies those: VNNI sums them in 32 bits; before it, pairs are summed in 16 bits that saturate, so
// weights stay within 63 there (2 * 255 * 63 fits). Arm's dot products take four signed ones of each. Elsewhere two of
// 16 bits each.
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
constexpr int kGroup = 4;
constexpr int kLargestWeight = 127;
#elif defined(__AVX2__)
constexpr int kGroup = 4;
constexpr int kLargestWeight = 63;
#elif defined(__ARM_FEATURE_DOTPROD)
constexpr int kGroup = 4;
constexpr int kLargestWeight = 127;
#else
constexpr int kGroup = 2;
constexpr int kLargestWeight = 127;
#endif
/** Added to a quantised activation, which makes it unsigned; what it adds to a sum is taken off again. */
#if defined(__x86_64__) || defined(__i386__)
constexpr int kZero = kGroup == 4 ? 128 : 0;
#else
constexpr int kZero = 0;
#endif

/** The integer type of A's quantised numbers. */
template <int Group, int Zero>
struct GroupNumber {
  using type = uint8_t;
};
template <>
struct GroupNumber<4, 0> {
  using type = int8_t;
};
template <>
struct GroupNumber<2, 0> {
  using type = int16_t;
};

/** Products of bfloat16 in pairs, two in 32 bits. */
#if defined(__AMX_BF16__) || defined(__AVX512BF16__)
constexpr bool kPairs = true;
#else
constexpr bool kPairs = false;
#endif

/** Those of attention too: it has factors that are not packed once, and a matrix unit would want them in another order.
 */
#if defined(__AVX512BF16__)
constexpr bool kPairAttention = true;
#else
constexpr bool kPairAttention = false;
#endif

#if defined(__AVX512BF16__)
/** c + both products of each lane's pair of bfloat16 in a and b. */
inline __attribute__((always_inline)) Vec dot_pairs(Vec c, Int a, Int b) {
  return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}
#endif

/** c + the sum of products of each lane's group of a and b. */
inline __attribute__((always_inline)) Int dot_groups(Int c, Int a, Int b) {
#if defined(__AVX512VNNI__)
  return reinterpret_cast<Int>(
      _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(c), reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVXVNNI__)
  return reinterpret_cast<Int>(_mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(c), reinterpret_cast<__m256i>(a),
                                                       reinterpret_cast<__m256i>(b)));
#elif defined(__AVX512BW__)
  const __m512i pairs = _mm512_maddubs_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b));
  return c + reinterpret_cast<Int>(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
#elif defined(__AVX2__)
  const __m256i pairs = _mm256_maddubs_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b));
  return c + reinterpret_cast<Int>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
#elif defined(__ARM_FEATURE_DOTPROD)
  return reinterpret_cast<Int>(
      vdotq_s32(reinterpret_cast<int32x4_t>(c), reinterpret_cast<int8x16_t>(a), reinterpret_cast<int8x16_t>(b)));
#elif defined(__SSE2__)
  return c + reinterpret_cast<Int>(_mm_madd_epi16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return c + ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
}

/** 2^x for x <= 127; below -126 the result is 2^-126 (never a denormal); NaN for NaN. Relative error under 1.5e-7. */
inline Vec exp2_of(Vec x) {
  x = larger(splat(-126.0f), x);
  // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits of the mantissa; 127 more make it the
  // exponent of a float.
  constexpr float kShift = 12582912.0f + 127.0f;
  const Vec shifted = x + kShift;
  const Vec f = x - (shifted - kShift);  // -0.5 .. 0.5
  // Minimax polynomial for 2^f (Cephes exp2f, degree 6).
  Vec p = splat(1.535336188319500e-4f);
  p = p * f + 1.339887440266574e-3f;
  p = p * f + 9.618437357674640e-3f;
  p = p * f + 5.550332471162809e-2f;
  p = p * f + 2.402264791363012e-1f;
  p = p * f + 6.931472028550421e-1f;
  p = p * f + 1.0f;
  // A product and no sum of bits: that could make a number of a NaN.
  return p * as_float(as_int(shifted) << 23);
}

/** e^x for x <= 88. */
inline Vec exp_of(Vec x) { return exp2_of(x * 1.44269504088896341f); }

}  // namespace
}  // namespace packed
}  // namespace vit
