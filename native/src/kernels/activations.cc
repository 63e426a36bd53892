#include "kernels/activations.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementary.h"

namespace vit {

namespace {

constexpr double kSeluScale = 1.0507009873554804934193349852946;
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kInverseSqrtTwoPi = 0.39894228040143267794;
constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

/** Elementary functions in the precision of the argument: libm for the oracle, vectorisable ones for float32. */
inline double exp_of(double x) { return std::exp(x); }
inline float exp_of(float x) { return fast_exp(x); }
inline double erf_of(double x) { return std::erf(x); }
inline float erf_of(float x) { return fast_erf(x); }

template <class T>
T sigmoid(T x) {
  return T(1) / (T(1) + exp_of(-x));
}

template <class T>
T clamp(T x, T low, T high) {
  return x < low ? low : x > high ? high : x;
}

template <class T>
T softplus(T x) {
  return std::log1p(std::exp(x));
}

/** One value. Inlined with a constant `act`, so each loop below holds only its own formula. */
template <Activation act, class T>
inline T value(T x) {
  switch (act) {
    case Activation::gelu:
      return T(0.5) * x * (T(1) + erf_of(x * T(kSqrtHalf)));
    case Activation::gelu_tanh:
      return T(0.5) * x * (T(1) + std::tanh(T(kSqrtTwoOverPi) * (x + T(0.044715) * x * x * x)));
    case Activation::quick_gelu:
      return x * sigmoid(T(1.702) * x);
    case Activation::relu:
      return x < T(0) ? T(0) : x;
    case Activation::relu6:
      return clamp(x, T(0), T(6));
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::tanh:
      return std::tanh(x);
    case Activation::elu:
    case Activation::celu:  // the two agree at alpha = 1
      return x > T(0) ? x : std::expm1(x);
    case Activation::selu:
      return T(kSeluScale) * (x > T(0) ? x : T(kSeluAlpha) * std::expm1(x));
    case Activation::leaky_relu:
      return x > T(0) ? x : T(0.01) * x;
    case Activation::rrelu:  // evaluation: the mean of torch's bounds 1/8 and 1/3
      return x > T(0) ? x : T((1.0 / 8 + 1.0 / 3) / 2) * x;
    case Activation::hardswish:
      return x * clamp(x + T(3), T(0), T(6)) / T(6);
    case Activation::hardsigmoid:
      return clamp(x + T(3), T(0), T(6)) / T(6);
    case Activation::hardtanh:
      return clamp(x, T(-1), T(1));
    case Activation::hardshrink:
      return x >= T(-0.5) && x <= T(0.5) ? T(0) : x;
    case Activation::softshrink:
      return x > T(0.5) ? x - T(0.5) : x < T(-0.5) ? x + T(0.5) : x * T(0);
    case Activation::tanhshrink:
      return x - std::tanh(x);
    case Activation::softplus:
      return x > T(20) ? x : softplus(x);
    case Activation::softsign:
      return x / (T(1) + std::abs(x));
    case Activation::mish:
      return x > T(20) ? x : x * std::tanh(softplus(x));
    case Activation::log_sigmoid:
      return (x < T(0) ? x : T(0)) - std::log1p(std::exp(-std::abs(x)));
    case Activation::identity:
      return x;
  }
  return x;
}

template <class T>
T square(T x) {
  return x * x;
}

/** The derivative of `value`. */
template <Activation act, class T>
inline T slope(T x) {
  switch (act) {
    case Activation::gelu:
      return T(0.5) * (T(1) + erf_of(x * T(kSqrtHalf))) + x * T(kInverseSqrtTwoPi) * exp_of(T(-0.5) * x * x);
    case Activation::gelu_tanh: {
      const T t = std::tanh(T(kSqrtTwoOverPi) * (x + T(0.044715) * x * x * x));
      return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * T(kSqrtTwoOverPi) * (T(1) + T(3 * 0.044715) * x * x);
    }
    case Activation::quick_gelu: {
      const T s = sigmoid(T(1.702) * x);
      return s + T(1.702) * x * s * (T(1) - s);
    }
    case Activation::relu:
      return x > T(0) ? T(1) : T(0);
    case Activation::relu6:
      return x > T(0) && x < T(6) ? T(1) : T(0);
    case Activation::silu: {
      const T s = sigmoid(x);
      return s + x * s * (T(1) - s);
    }
    case Activation::sigmoid: {
      const T s = sigmoid(x);
      return s * (T(1) - s);
    }
    case Activation::tanh:
      return T(1) - square(std::tanh(x));
    case Activation::elu:
    case Activation::celu:
      return x > T(0) ? T(1) : std::exp(x);
    case Activation::selu:
      return T(kSeluScale) * (x > T(0) ? T(1) : T(kSeluAlpha) * std::exp(x));
    case Activation::leaky_relu:
      return x > T(0) ? T(1) : T(0.01);
    case Activation::rrelu:
      return x > T(0) ? T(1) : T((1.0 / 8 + 1.0 / 3) / 2);
    case Activation::hardswish:
      return x < T(-3) ? T(0) : x > T(3) ? T(1) : x / T(3) + T(0.5);
    case Activation::hardsigmoid:
      return x > T(-3) && x < T(3) ? T(1.0 / 6) : T(0);
    case Activation::hardtanh:
      return x > T(-1) && x < T(1) ? T(1) : T(0);
    case Activation::hardshrink:
    case Activation::softshrink:
      return x >= T(-0.5) && x <= T(0.5) ? T(0) : T(1);
    case Activation::tanhshrink:
      return square(std::tanh(x));
    case Activation::softplus:
      return x > T(20) ? T(1) : sigmoid(x);
    case Activation::softsign:
      return T(1) / square(T(1) + std::abs(x));
    case Activation::mish: {
      if (x > T(20)) return T(1);
      const T t = std::tanh(softplus(x));
      return t + x * (T(1) - t * t) * sigmoid(x);
    }
    case Activation::log_sigmoid:
      return sigmoid(-x);
    case Activation::identity:
      return T(1);
  }
  return T(1);
}

/** Calls `with` with the activation as a compile-time constant. */
template <class With>
auto dispatch(Activation act, With with) {
  using A = Activation;
#define VIT_CASE(name) \
  case A::name:        \
    return with(std::integral_constant<A, A::name>());
  switch (act) { VIT_ACTIVATIONS(VIT_CASE) }
#undef VIT_CASE
  return with(std::integral_constant<A, A::identity>());
}

}  // namespace

void activate(Activation act, float* x, int64_t n) {
  if (act == Activation::identity) return;
  dispatch(act, [&](auto constant) {
    for (int64_t i = 0; i < n; i++) x[i] = value<decltype(constant)::value>(x[i]);
  });
}

void activate_backward(Activation act, const float* x, float* dy, int64_t n) {
  if (act == Activation::identity) return;
  dispatch(act, [&](auto constant) {
    for (int64_t i = 0; i < n; i++) dy[i] *= slope<decltype(constant)::value>(x[i]);
  });
}

const char* to_string(Activation act) {
#define VIT_TEXT(name) #name,
  static const char* const kNames[] = {VIT_ACTIVATIONS(VIT_TEXT)};
#undef VIT_TEXT
  return kNames[static_cast<int>(act)];
}

double activate_naive(Activation act, double x) {
  return dispatch(act, [&](auto constant) { return value<decltype(constant)::value>(x); });
}

}  // namespace vit
