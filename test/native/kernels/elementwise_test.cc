#include "check.h"
#include "kernels/activations.h"
#include "kernels/elementary.h"
#include "kernels/layer_norm.h"
#include "kernels/softmax.h"

namespace vit {
namespace test {

void test_activations() {
  // Every activation over a range that reaches each of its pieces, and where exp would overflow.
  Floats x;
  for (int i = -4000; i <= 4000; i++) x.push_back(static_cast<float>(i) / 100);
  for (const float far : {-1e4f, -100.0f, -88.5f, 88.5f, 100.0f, 1e4f}) x.push_back(far);
  for (int a = 0; a <= static_cast<int>(Activation::identity); a++) {
    const auto act = static_cast<Activation>(a);
    Floats y = x;
    activate(act, y.data(), static_cast<int64_t>(y.size()));
    for (size_t i = 0; i < x.size(); i++) {
      const double want = activate_naive(act, x[i]);
      const double allowed = 3e-7 * std::max(1.0, std::fabs(want));
      if (!(std::fabs(y[i] - want) <= allowed))
        return check(false, std::string(to_string(act)) + " of " + std::to_string(x[i]) + " is " +
                                std::to_string(y[i]) + ", exactly " + std::to_string(want));
    }
  }
  for (double v = -87; v < 88; v += 0.0137) {
    const double relative = fast_exp(static_cast<float>(v)) / std::exp(static_cast<double>(static_cast<float>(v))) - 1;
    if (!(std::fabs(relative) < 2.5e-7))
      return check(false, "fast_exp of " + std::to_string(v) + " is off by " + std::to_string(relative * 1e9) + "e-9");
  }
}

void test_norms() {
  Random random(1);
  for (int round = 0; round < 60; round++) {
    const int64_t n = random.between(1, 9), length = random.between(1, 400), ldx = length + random.between(0, 5);
    const auto kind = static_cast<Norm::Kind>(round % 3);
    NormLayer layer{{kind, round % 2 ? 1e-5f : 1e-12f}, {}, {}};
    if (kind != Norm::Kind::identity) layer.weight = random.reals(length);
    if (kind == Norm::Kind::layer) layer.bias = random.reals(length);
    const Floats x = random.reals(n * ldx, 10);
    Floats fast = x, naive = x;
    apply_norm(layer, x.data(), ldx, n, length, fast.data(), ldx);
    apply_norm_naive(layer, x.data(), ldx, n, length, naive.data(), ldx);
    check_close(fast, naive, 1e-5, "norm of length " + std::to_string(length));
    Floats in_place = x;
    apply_norm(layer, in_place.data(), ldx, n, length, in_place.data(), ldx);
    check_close(in_place, fast, 0, "norm in place");
  }
}

void test_softmax() {
  Random random(2);
  for (int round = 0; round < 60; round++) {
    const int64_t n = random.between(1, 9), length = random.between(1, 300), ldx = length + random.between(0, 3);
    Floats fast = random.reals(n * ldx, round % 2 ? 5 : 200);
    Floats naive = fast;
    softmax(fast.data(), n, length, ldx);
    softmax_naive(naive.data(), n, length, ldx);
    check_close(fast, naive, 1e-6, "softmax of length " + std::to_string(length));
  }
}

}  // namespace test
}  // namespace vit
