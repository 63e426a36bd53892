#pragma once

#include "packed/simd.h"
#include "packed/tile_store.h"

namespace vit {
namespace packed {
namespace {

/**
 * x * Phi(x), Phi the normal distribution function: GELU as defined (Hendrycks & Gimpel 2016, eq. 2), no tanh.
 * Phi(x) - 1/2 = x * P(2 x^2 / R^2 - 1) for |x| <= R, P a Chebyshev fit (weighted by x) of degree 14; beyond R it is 0
 * or 1 to float32. Absolute error under 1e-6 everywhere.
 */
inline Vec gelu(Vec x) {
  constexpr float kRange = 5.5f;
  const Vec low = larger(splat(-kRange), x);
  const Vec z = smaller(low, splat(kRange));
  const Vec t = z * z * (2.0f / (kRange * kRange)) - 1.0f;
  Vec p = splat(4.128593340e-04f);
  p = p * t - 1.262012162e-03f;
  p = p * t + 1.389279704e-03f;
  p = p * t - 1.531682701e-03f;
  p = p * t + 3.826161092e-03f;
  p = p * t - 7.349516665e-03f;
  p = p * t + 1.069095475e-02f;
  p = p * t - 1.483694306e-02f;
  p = p * t + 2.022824541e-02f;
  p = p * t - 2.607215082e-02f;
  p = p * t + 3.208902559e-02f;
  p = p * t - 3.879139110e-02f;
  p = p * t + 4.773667951e-02f;
  p = p * t - 6.417235747e-02f;
  p = p * t + 1.285519385e-01f;
  return low * (p * z + 0.5f);
}

inline Vec sigmoid(Vec x) { return 1.0f / (1.0f + exp_of(smaller(-x, splat(88.0f)))); }

/** x * sigmoid(1.702 x) (CLIP). */
inline Vec quick_gelu(Vec x) { return x * sigmoid(1.702f * x); }

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), with tanh(y) = 2 sigmoid(2 y) - 1. */
inline Vec gelu_tanh(Vec x) { return x * sigmoid(1.5957691216057308f * (x + 0.044715f * x * x * x)); }

template <class Function>
inline __attribute__((always_inline)) void apply(float* tile, int count, Function function) {
  for (int i = 0; i < count; i += 2 * kLanes) {
    const Vec a = function(load(tile + i));
    const Vec b = function(load(tile + i + kLanes));
    store(tile + i, a);
    store(tile + i + kLanes, b);
  }
}

/** The store's activation in place on `count` floats, a multiple of 2 * kLanes. */
inline void activate(float* tile, int count, const TileStore& s) {
  switch (s.activation) {
    case FusedActivation::none:
      return;
    case FusedActivation::gelu:
      return apply(tile, count, gelu);
    case FusedActivation::gelu_tanh:
      return apply(tile, count, gelu_tanh);
    case FusedActivation::quick_gelu:
      return apply(tile, count, quick_gelu);
    case FusedActivation::silu:
      return apply(tile, count, [](Vec x) { return x * sigmoid(x); });
    case FusedActivation::relu:
      return apply(tile, count, [](Vec x) { return larger(Vec{}, x); });
    case FusedActivation::other:
      return s.other(s.which, tile, count);
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
