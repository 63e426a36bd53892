#pragma once

#include "packed/simd.h"

namespace vit {
namespace packed {
namespace {

typedef uint16_t Half __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));
typedef uint32_t Word __attribute__((vector_size(kLanes * 4)));

/** out (n) = bfloat16 bits as float32: the upper half of it. n is a multiple of kLanes. */
inline void widen_bf16(const uint16_t* bits, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const Word w = __builtin_convertvector(*reinterpret_cast<const Half*>(bits + i), Word) << 16;
    store(out + i, reinterpret_cast<Vec>(w));
  }
}

/** out (n) = binary16 bits as float32, exact. n is a multiple of kLanes. */
inline void widen_f16(const uint16_t* bits, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += kLanes) {
#if defined(__AVX512F__)
    store(out + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bits + i))));
#elif defined(__AVX2__)
    store(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bits + i))));
#elif defined(__aarch64__)
    store(out + i, reinterpret_cast<Vec>(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(bits + i)))));
#else
    // Exponent and fraction move into place and the exponent gets float32's bias. A subnormal gets the exponent of
    // 2^-14 and loses that number again, so that no denormal is made; infinity and NaN (exponent 31) get float32's
    // exponent 255.
    const Word h = __builtin_convertvector(*reinterpret_cast<const Half*>(bits + i), Word);
    const Word magnitude = (h & 0x7FFFu) << 13;
    const Word subnormal = reinterpret_cast<Word>(reinterpret_cast<Vec>(magnitude + (113u << 23)) - 6.103515625e-05f);
    const Word is_subnormal = reinterpret_cast<Word>(magnitude < (1u << 23));
    const Word is_special = reinterpret_cast<Word>(magnitude >= (31u << 23));
    const Word normal = magnitude + ((112u << 23) + (is_special & (112u << 23)));
    const Word value = (subnormal & is_subnormal) | (normal & ~is_subnormal);
    store(out + i, reinterpret_cast<Vec>(value | ((h & 0x8000u) << 16)));
#endif
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
