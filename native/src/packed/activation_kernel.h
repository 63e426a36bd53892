#pragma once

#include "packed/simd.h"
#include "packed/tile_store.h"

namespace vit {
namespace packed {
namespace {

#if defined(__AVX512F__)

/**
 * -a Phi(-a) for a in 0 .. 5.5, what GELU of a or -a is beside max(x, 0): cubics around the multiples of 5.5 / 31,
 * their coefficients by degree (minimax within half a step; the first is 0 at 0).
 */
constexpr float kGeluStep = 5.5f / 31;
alignas(64) constexpr float kGeluCubics[4][32] = {
    {0.000000000e+00f,  -7.621701062e-02f, -1.282224357e-01f, -1.582260579e-01f, -1.695788354e-01f, -1.663426161e-01f,
     -1.528088003e-01f, -1.330490410e-01f, -1.105649024e-01f, -8.807518333e-02f, -6.744720042e-02f, -4.975085333e-02f,
     -3.539695963e-02f, -2.431628667e-02f, -1.614055783e-02f, -1.035796944e-02f, -6.429132074e-03f, -3.860980272e-03f,
     -2.244011732e-03f, -1.262482372e-03f, -6.876565749e-04f, -3.626797989e-04f, -1.852371788e-04f, -9.162755305e-05f,
     -4.389856986e-05f, -2.037168997e-05f, -9.157584827e-06f, -3.987772743e-06f, -1.682250854e-06f, -6.875083614e-07f,
     -2.722093200e-07f, -1.044178646e-07f},
    {-5.000084639e-01f, -3.599150181e-01f, -2.284328490e-01f, -1.129788384e-01f, -1.885965094e-02f, 5.126659945e-02f,
     9.743832052e-02f,  1.219987869e-01f,  1.288986802e-01f,  1.228732541e-01f,  1.086687967e-01f,  9.044861794e-02f,
     7.144122571e-02f,  5.382877588e-02f,  3.882557154e-02f,  2.687352151e-02f,  1.788170449e-02f,  1.145385392e-02f,
     7.069664542e-03f,  4.208228085e-03f,  2.417309210e-03f,  1.340676681e-03f,  7.182238041e-04f,  3.717869695e-04f,
     1.860189950e-04f,  8.998246631e-05f,  4.209125109e-05f,  1.904317833e-05f,  8.334319318e-06f,  3.528965408e-06f,
     1.445853854e-06f,  5.732549653e-07f},
    {3.995230496e-01f,  3.860454559e-01f,  3.506333232e-01f,  2.969679236e-01f,  2.319597900e-01f,  1.633381695e-01f,
     9.831030667e-02f,  4.247862101e-02f,  -7.728979690e-04f, -3.037514910e-02f, -4.722633213e-02f, -5.356908962e-02f,
     -5.228630826e-02f, -4.628010839e-02f, -3.803504631e-02f, -2.939488739e-02f, -2.152703889e-02f, -1.501360070e-02f,
     -1.000614185e-02f, -6.388592999e-03f, -3.914746922e-03f, -2.305572387e-03f, -1.306514605e-03f, -7.130151498e-04f,
     -3.750153119e-04f, -1.902065706e-04f, -9.307839355e-05f, -4.396466829e-05f, -2.005154602e-05f, -8.833229913e-06f,
     -3.759557558e-06f, -1.546330509e-06f},
    {-1.130678970e-02f, -4.596353322e-02f, -8.560878783e-02f, -1.138910651e-01f, -1.279796809e-01f, -1.276359856e-01f,
     -1.149819419e-01f, -9.377422184e-02f, -6.843198836e-02f, -4.309536517e-02f, -2.093167603e-02f, -3.801714629e-03f,
     7.722084410e-03f,  1.408135332e-02f,  1.633683033e-02f,  1.577611640e-02f,  1.361531392e-02f,  1.081841066e-02f,
     8.037306368e-03f,  5.634110887e-03f,  3.748489078e-03f,  2.376571763e-03f,  1.440010616e-03f,  8.356780745e-04f,
     4.652568314e-04f,  2.488253522e-04f,  1.279686257e-04f,  6.334220234e-05f,  3.019767246e-05f,  1.387419434e-05f,
     6.146354281e-06f,  2.626593414e-06f}};

/** One entry of a table of 32 for each lane, by the low 5 bits of its index. */
inline Vec look_up(const float* table, Int index) {
  return _mm512_permutex2var_ps(load(table), reinterpret_cast<__m512i>(index), load(table + kLanes));
}

/**
 * x * Phi(x), Phi the normal distribution function: GELU as defined (Hendrycks & Gimpel 2016, eq. 2), no tanh. Absolute
 * error under 1e-6 everywhere. A table of 32 fits in two registers: half the work of the polynomial other sets use.
 */
inline Vec gelu(Vec x) {
  const Vec a = smaller(as_float(as_int(x) & 0x7FFFFFFF), splat(31 * kGeluStep));
  const Vec shifted = a * (1 / kGeluStep) + 12582912.0f;  // 1.5 * 2^23: the nearest integer is in the low bits
  const Vec f = a - (shifted - 12582912.0f) * kGeluStep;
  const Int index = as_int(shifted);
  Vec p = look_up(kGeluCubics[3], index);
  p = p * f + look_up(kGeluCubics[2], index);
  p = p * f + look_up(kGeluCubics[1], index);
  p = p * f + look_up(kGeluCubics[0], index);
  return larger(Vec{}, x) + p;
}

#else

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

#endif

inline Vec sigmoid(Vec x) { return 1.0f / (1.0f + exp_of(smaller(splat(88.0f), -x))); }

inline Vec absolute(Vec x) { return as_float(as_int(x) & 0x7FFFFFFF); }

/** near where |x| <= limit, far elsewhere (and for NaN). */
inline Vec near_zero(Vec x, float limit, Vec near, Vec far) {
  const Int mask = as_int(absolute(x)) <= as_int(splat(limit));
  return as_float((as_int(near) & mask) | (as_int(far) & ~mask));
}

/** x^2 P(x^2) with tanh(x) = x + x^3 P(x^2) for |x| <= 0.625 (Cephes tanhf). */
inline Vec tanh_tail(Vec x) {
  const Vec z = x * x;
  Vec p = splat(-5.70498872745e-3f);
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  return p * z;
}

/** 2 sigmoid(2x) - 1, which near 0 would lose what is small beside 1: a norm may follow that makes it large again. */
inline Vec tanh_of(Vec x) { return near_zero(x, 0.625f, x + x * tanh_tail(x), 2.0f * sigmoid(2.0f * x) - 1.0f); }

inline Vec tanhshrink(Vec x) { return near_zero(x, 0.625f, -x * tanh_tail(x), x - (2.0f * sigmoid(2.0f * x) - 1.0f)); }

/** low where x < low, high where x > high, NaN where x is. */
inline Vec clamped(Vec x, float low, float high) { return smaller(splat(high), larger(splat(low), x)); }

/** ln(1 + t) for t in 0 .. 1: 2 atanh(t / (2 + t)) by its series; error under 2e-8. */
inline Vec log1p_of(Vec t) {
  const Vec s = t / (2.0f + t), q = s * s;
  Vec p = splat(2.0f / 13);
  p = p * q + 2.0f / 11;
  p = p * q + 2.0f / 9;
  p = p * q + 2.0f / 7;
  p = p * q + 2.0f / 5;
  p = p * q + 2.0f / 3;
  p = p * q + 2.0f;
  return p * s;
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|). */
inline Vec softplus(Vec x) { return larger(Vec{}, x) + log1p_of(exp_of(-absolute(x))); }

/** e^x - 1 for x <= 0, and 0 beyond; near 0 by its series. */
inline Vec negative_expm1(Vec x) {
  const Vec y = smaller(Vec{}, x);
  Vec p = y * (1.0f / 8) + 1.0f;
  for (int n = 7; n > 1; n--) p = p * (y * (1.0f / static_cast<float>(n))) + 1.0f;
  return near_zero(y, 0.5f, p * y, exp_of(y) - 1.0f);
}

/** x tanh(ln(1 + e^x)), the tanh as (n^2 - 1) / (n^2 + 1) with n = 1 + e^x; 1 to float32 from 20 on. */
inline Vec mish(Vec x) {
  const Vec e = exp_of(smaller(splat(20.0f), x)), n = e * (e + 2.0f);
  return x * (n / (n + 2.0f));
}

/** x where the mask is set, 0 elsewhere; NaN stays. */
inline Vec outside(Vec x, float limit) { return as_float(as_int(x) & ~(as_int(absolute(x)) <= as_int(splat(limit)))); }

/** Calls with(function) where function(Vec) is the activation, as torch.nn.modules.activation defines it. */
template <class With>
inline __attribute__((always_inline)) void with_activation(Activation activation, const With& with) {
  switch (activation) {
    case Activation::identity:
      return with([](Vec x) { return x; });
    case Activation::gelu:
      return with([](Vec x) { return gelu(x); });
    case Activation::gelu_tanh:
      // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
      return with([](Vec x) { return x * sigmoid(1.5957691216057308f * (x + 0.044715f * x * x * x)); });
    case Activation::quick_gelu:
      return with([](Vec x) { return x * sigmoid(1.702f * x); });
    case Activation::relu:
      return with([](Vec x) { return larger(Vec{}, x); });
    case Activation::relu6:
      return with([](Vec x) { return clamped(x, 0, 6); });
    case Activation::silu:
      return with([](Vec x) { return x * sigmoid(x); });
    case Activation::sigmoid:
      return with([](Vec x) { return sigmoid(x); });
    case Activation::tanh:
      return with([](Vec x) { return tanh_of(x); });
    case Activation::elu:
    case Activation::celu:
      return with([](Vec x) { return larger(Vec{}, x) + negative_expm1(x); });
    case Activation::selu:
      return with([](Vec x) {
        return 1.0507009873554804934f * (larger(Vec{}, x) + 1.6732632423543772848f * negative_expm1(x));
      });
    case Activation::leaky_relu:
      return with([](Vec x) { return larger(0.01f * x, x); });
    case Activation::rrelu:  // evaluation: the mean of torch's bounds 1/8 and 1/3
      return with([](Vec x) { return larger((1.0f / 8 + 1.0f / 3) / 2 * x, x); });
    case Activation::hardswish:
      return with([](Vec x) { return x * clamped(x + 3.0f, 0, 6) * (1.0f / 6); });
    case Activation::hardsigmoid:
      return with([](Vec x) { return clamped(x + 3.0f, 0, 6) * (1.0f / 6); });
    case Activation::hardtanh:
      return with([](Vec x) { return clamped(x, -1, 1); });
    case Activation::hardshrink:
      return with([](Vec x) { return near_zero(x, 0.5f, Vec{}, x); });
    case Activation::softshrink:
      return with([](Vec x) { return x - clamped(x, -0.5f, 0.5f); });
    case Activation::tanhshrink:
      return with([](Vec x) { return tanhshrink(x); });
    case Activation::softplus:
      return with([](Vec x) { return softplus(x); });
    case Activation::softsign:
      return with([](Vec x) { return x / (1.0f + absolute(x)); });
    case Activation::mish:
      return with([](Vec x) { return mish(x); });
    case Activation::log_sigmoid:
      return with([](Vec x) { return -softplus(-x); });
  }
}

/** In place on `count` floats, a multiple of 2 * kLanes. */
inline void activate(float* tile, int count, Activation activation) {
  if (activation == Activation::identity) return;
  with_activation(activation, [tile, count](auto function) {
    for (int i = 0; i < count; i += 2 * kLanes) {
      const Vec a = function(load(tile + i));
      const Vec b = function(load(tile + i + kLanes));
      store(tile + i, a);
      store(tile + i + kLanes, b);
    }
  });
}

/** First half of each row of a tile = activation(half `gate_half`) * the other half. */
inline void gate(float* tile, int64_t height, Activation activation, int gate_half) {
  with_activation(activation, [=](auto function) {
    for (int64_t i = 0; i < height; i++) {
      float* row = tile + i * kPanel;
      const float* gates = row + gate_half * (kPanel / 2);
      const float* values = row + (1 - gate_half) * (kPanel / 2);
      for (int j = 0; j < kPanel / 2; j += kLanes) store(row + j, function(load(gates + j)) * load(values + j));
    }
  });
}

}  // namespace
}  // namespace packed
}  // namespace vit
