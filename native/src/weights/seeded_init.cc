#include "weights/seeded_init.h"

#include <cmath>
#include <cstring>

// A fused multiply-add rounds once where two operations round twice: the same source would give other bits on arm64.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

namespace vit {

namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// Rational approximations of P. J. Acklam (2003) to the normal quantile, relative error 1.15e-9: one for the middle,
// one for the tails.
bool in_tail(double p) {
  constexpr double kTail = 0.02425;
  return p < kTail || p > 1 - kTail;
}

double central_quantile(double p) {
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                          -1.328068155288572e+01};
  const double q = p - 0.5;
  const double r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

float truncate(double x, double deviation) {
  const double value = deviation * x;
  return static_cast<float>(value < -2 ? -2 : value > 2 ? 2 : value);
}

}  // namespace

SeededTensor::SeededTensor(uint64_t seed, const std::string& name) {
  uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a
  for (const unsigned char c : name) hash = (hash ^ c) * 0x100000001B3u;
  key_ = mix(mix(seed + kGolden) ^ hash);
}

double SeededTensor::uniform(uint64_t index) const {
  const uint64_t bits = mix(key_ + (index + 1) * kGolden) >> 11;
  return (static_cast<double>(bits) + 0.5) * 0x1p-53;
}

float SeededTensor::truncated_normal(uint64_t index, double deviation) const {
  return truncate(normal_quantile(uniform(index)), deviation);
}

void SeededTensor::fill(uint64_t begin, int64_t count, float* values) const {
  // Without branches the middle of the distribution, 95 in 100 values, is computed several at a time; then the tails.
  constexpr int64_t kBlock = 256;
  double p[kBlock], x[kBlock];
  for (int64_t at = 0; at < count; at += kBlock) {
    const int64_t n = count - at < kBlock ? count - at : kBlock;
    for (int64_t i = 0; i < n; i++) p[i] = uniform(begin + static_cast<uint64_t>(at + i));
    for (int64_t i = 0; i < n; i++) x[i] = central_quantile(p[i]);
    for (int64_t i = 0; i < n; i++)
      if (in_tail(p[i])) x[i] = normal_quantile(p[i]);
    for (int64_t i = 0; i < n; i++) values[at + i] = truncate(x[i], 0.02);
  }
}

double exact_log(double x) {
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172: its series to
  // s^21.
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  bits = (bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u;
  double m;
  std::memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const double s = (m - 1) / (m + 1);
  const double square = s * s;
  double series = 0;
  for (int k = 21; k >= 1; k -= 2) series = series * square + 1.0 / k;
  return 2 * s * series + static_cast<double>(exponent) * 0.69314718055994530942;
}

double normal_quantile(double p) {
  if (!in_tail(p)) return central_quantile(p);
  static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                             -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                             3.754408661907416e+00};
  const bool low = p < 0.5;
  const double q = std::sqrt(-2 * exact_log(low ? p : 1 - p));
  const double x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                   ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  return low ? x : -x;
}

}  // namespace vit
