#pragma once

#include <cstdint>
#include <cstring>

namespace vit {

/** Number format of a weight in its file. */
enum class Stored { f32, f16, bf16 };

/** IEEE binary16 bits to float32; exact, infinities, NaN and subnormals included. */
inline float from_f16(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1Fu;
  const uint32_t fraction = bits & 0x3FFu;
  uint32_t word;
  if (exponent == 0) {
    // Zero and subnormals: fraction * 2^-24 is exact in float32.
    const float magnitude = static_cast<float>(fraction) * 5.9604644775390625e-8f;
    std::memcpy(&word, &magnitude, sizeof word);
    word |= sign;
  } else if (exponent == 31) {
    word = sign | 0x7F800000u | (fraction << 13);
  } else {
    word = sign | ((exponent + 112) << 23) | (fraction << 13);
  }
  float value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

/** bfloat16 bits to float32: the upper half of it. */
inline float from_bf16(uint16_t bits) {
  const uint32_t word = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

/** The nearest bfloat16, ties to even; a NaN stays one. */
inline uint16_t nearest_bf16(float value) {
  uint32_t word;
  std::memcpy(&word, &value, sizeof word);
  if (value != value) return static_cast<uint16_t>(word >> 16 | 0x40u);
  return static_cast<uint16_t>((word + 0x7FFFu + (word >> 16 & 1u)) >> 16);
}

/** values (n) = the 16-bit patterns as float32. `stored` is f16 or bf16. */
inline void widen(Stored stored, const uint16_t* bits, int64_t n, float* values) {
  if (stored == Stored::f16)
    for (int64_t i = 0; i < n; i++) values[i] = from_f16(bits[i]);
  else
    for (int64_t i = 0; i < n; i++) values[i] = from_bf16(bits[i]);
}

}  // namespace vit
