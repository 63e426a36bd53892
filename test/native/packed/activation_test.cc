#include <cstring>

#include "check.h"
#include "kernels/activations.h"
#include "packed/packed_linear.h"

namespace vit {
namespace test {

// Each fused activation against its definition in float64, from far left to far right, through a layer that does
// nothing else.
void test_activations(const packed::Kernels& kernels) {
  HeldRows one{1, 1, Stored::f32, Floats{1.0f}, {}};
  const packed::PackedLinear layer(kernels, Precision::fp32, one.rows(), {});
  Floats x;
  for (int i = -200000; i <= 200000; i++) x.push_back(static_cast<float>(i) * 6e-5f);
  for (const float far : {-1e4f, -88.5f, -50.0f, -20.0f, 20.0f, 50.0f, 88.5f, 1e4f, 0.0f, -0.0f}) x.push_back(far);
  const int64_t n = static_cast<int64_t>(x.size());
  Floats y(x.size());
  for (int a = 0; a <= static_cast<int>(Activation::identity); a++) {
    const auto activation = static_cast<Activation>(a);
    Epilogue e;
    e.activation = activation;
    layer.apply(x.data(), 1, n, y.data(), 1, e);
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
      const double right = activate_naive(activation, x[static_cast<size_t>(i)]);
      const double off = std::fabs(y[static_cast<size_t>(i)] - right) / std::fmax(1, std::fabs(right));
      if (!(off <= most)) most = std::isnan(off) ? INFINITY : off;
    }
    // What is no number stays none, whatever its other bits are.
    for (const uint32_t bits : {0x7FC00000u, 0x7FC00001u, 0xFFC00001u, 0x7FC001FFu, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
      float in, out;
      std::memcpy(&in, &bits, sizeof in);
      layer.apply(&in, 1, 1, &out, 1, e);
      check(std::isnan(out), std::string(kernels.name) + " keeps a NaN, activation " + std::to_string(a));
    }
    // Beside a value that is small itself the error is small too: a norm may follow.
    double relative = 0;
    for (int64_t i = 0; i < n; i++) {
      const float at = x[static_cast<size_t>(i)];
      const double right = activate_naive(activation, at);
      if (std::fabs(at) > 0.02 || std::fabs(at) < 1e-3 || right == 0) continue;
      relative = std::fmax(relative, std::fabs(y[static_cast<size_t>(i)] - right) / std::fabs(right));
    }
    check_below(relative, 2e-5, std::string(kernels.name) + " near 0, activation " + std::to_string(a));
    if (most > 3e-7) std::printf("  activation %2d max difference %.2g\n", a, most);
    check_below(most, 1e-6, std::string(kernels.name) + " activation " + std::to_string(a));
  }
}

}  // namespace test
}  // namespace vit
