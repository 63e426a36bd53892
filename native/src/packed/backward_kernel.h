#pragma once

#include "packed/activation_kernel.h"
#include "packed/softmax_kernel.h"

namespace vit {
namespace packed {
namespace {

/** The normal distribution function, by the fit that `gelu` of the smaller sets uses; absolute error under 1e-6. */
inline Vec normal_distribution(Vec x) {
  constexpr float kRange = 5.5f;
  const Vec z = clamped(x, -kRange, kRange);
  const Vec t = z * z * (2.0f / (kRange * kRange)) - 1.0f;
  constexpr float kFit[15] = {4.128593340e-04f, -1.262012162e-03f, 1.389279704e-03f, -1.531682701e-03f,
                              3.826161092e-03f, -7.349516665e-03f, 1.069095475e-02f, -1.483694306e-02f,
                              2.022824541e-02f, -2.607215082e-02f, 3.208902559e-02f, -3.879139110e-02f,
                              4.773667951e-02f, -6.417235747e-02f, 1.285519385e-01f};
  Vec p = splat(kFit[0]);
  for (int i = 1; i < 15; i++) p = p * t + kFit[i];
  return p * z + 0.5f;
}

/** The derivative of x * sigmoid(factor * x). */
inline Vec sigmoid_slope(Vec x, float factor) {
  const Vec s = sigmoid(factor * x);
  return s + factor * x * s * (1.0f - s);
}

/** Calls with(function) where function(Vec) is the derivative of an activation that needs exp or erf; false for others.
 */
template <class With>
inline __attribute__((always_inline)) bool with_slope(Activation activation, const With& with) {
  switch (activation) {
    case Activation::gelu:
      with([](Vec x) {
        return normal_distribution(x) + x * 0.39894228040143267794f * exp_of(larger(splat(-80.0f), -0.5f * x * x));
      });
      return true;
    case Activation::gelu_tanh:
      with([](Vec x) {
        const Vec s = sigmoid(1.5957691216057308f * (x + 0.044715f * x * x * x));
        return s + x * s * (1.0f - s) * 1.5957691216057308f * (1.0f + 0.134145f * x * x);
      });
      return true;
    case Activation::quick_gelu:
      with([](Vec x) { return sigmoid_slope(x, 1.702f); });
      return true;
    case Activation::silu:
      with([](Vec x) { return sigmoid_slope(x, 1); });
      return true;
    default:
      return false;
  }
}

bool slopes(Activation activation, const float* x, float* dy, int64_t n) {
  return with_slope(activation, [=](auto slope) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) store(dy + i, load(dy + i) * slope(load(x + i)));
    float rest[kLanes] = {};
    for (int64_t j = i; j < n; j++) rest[j - i] = x[j];
    const Vec last = slope(load(rest));
    for (int64_t j = i; j < n; j++) dy[j] *= last[j - i];
  });
}

void softmax_rows(float* x, int64_t n, int64_t length) {
  for (int64_t i = 0; i < n; i++, x += length) {
    const int64_t whole = length / kLanes * kLanes;
    Vec most = splat(-3e38f);
    for (int64_t j = 0; j < whole; j += kLanes) most = larger(load(x + j), most);
    float top = largest(most);
    for (int64_t j = whole; j < length; j++) top = x[j] > top ? x[j] : top;
    const Vec shift = splat(top);
    Vec total = {};
    for (int64_t j = 0; j < whole; j += kLanes) {
      const Vec e = exp_of(load(x + j) - shift);
      store(x + j, e);
      total += e;
    }
    float rest[kLanes] = {};
    for (int64_t j = whole; j < length; j++) rest[j - whole] = x[j] - top;
    const Vec last = exp_of(load(rest));
    float all = sum(total);
    for (int64_t j = whole; j < length; j++) all += x[j] = last[j - whole];
    const float factor = 1.0f / all;
    for (int64_t j = 0; j < whole; j += kLanes) store(x + j, load(x + j) * factor);
    for (int64_t j = whole; j < length; j++) x[j] *= factor;
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
