#include "linalg/plain_linear.h"

#include <algorithm>

#include "kernels/half.h"

namespace vit {

namespace {

/** W row-major in float32, products by BLAS or the three loops. */
class PlainLinear final : public Linear {
 public:
  PlainLinear(Gemm by, const WeightRows& weight, Floats bias)
      : Linear(weight.out, weight.in, std::move(bias)), by_(by), weight_(weight.out * weight.in) {
    weight.read(0, weight.out, weight_.data());
  }

  void apply(const float* x, int64_t ldx, int64_t n, float* y, int64_t ldy, const Epilogue& e) const override {
    // A residual that is y itself is read before the product overwrites it: BLAS adds to it instead.
    const bool accumulate = e.residual == y && !e.gamma && e.activation == Activation::identity;
    if (e.residual == y && !accumulate) {
      Floats product(n * out());
      gemm(by_, Transpose::no, Transpose::yes, n, out(), in(), 1, x, ldx, weight_.data(), in(), 0, product.data(),
           out());
      finish(product.data(), out(), n, e);
      for (int64_t i = 0; i < n; i++) std::copy_n(product.data() + i * out(), out(), y + i * ldy);
      return;
    }
    gemm(by_, Transpose::no, Transpose::yes, n, out(), in(), 1, x, ldx, weight_.data(), in(), accumulate ? 1 : 0, y,
         ldy);
    Epilogue rest = e;
    if (accumulate) rest.residual = nullptr;
    finish(y, ldy, n, rest);
  }

  void apply_back(const float* dy, int64_t lddy, int64_t n, float* dx, int64_t lddx, bool add) const override {
    gemm(by_, Transpose::no, Transpose::no, n, in(), out(), 1, dy, lddy, weight_.data(), in(), add ? 1 : 0, dx, lddx);
  }

  void weight_rows(int64_t begin, int64_t count, float* values) const override {
    std::copy_n(weight_.data() + begin * in(), count * in(), values);
  }

  int64_t bytes() const override { return static_cast<int64_t>((weight_.size() + bias().size()) * sizeof(float)); }

 private:
  Gemm by_;
  Floats weight_;  // (out, in)
};

/** W row-major in the file's 16 bits; widened a panel of rows at a time into a scratch that stays in cache. */
class HalfLinear final : public Linear {
 public:
  HalfLinear(Gemm by, const WeightRows& weight, Floats bias)
      : Linear(weight.out, weight.in, std::move(bias)), by_(by), stored_(weight.stored), bits_(weight.out * weight.in) {
    weight.read_bits(0, weight.out, bits_.data());
  }

  void apply(const float* x, int64_t ldx, int64_t n, float* y, int64_t ldy, const Epilogue& e) const override {
    Floats panel(std::min(kPanel, out()) * in());
    Floats product(n * out());
    for (int64_t begin = 0; begin < out(); begin += kPanel) {
      const int64_t count = std::min(kPanel, out() - begin);
      weight_rows(begin, count, panel.data());
      gemm(by_, Transpose::no, Transpose::yes, n, count, in(), 1, x, ldx, panel.data(), in(), 0, product.data() + begin,
           out());
    }
    finish(product.data(), out(), n, e);
    for (int64_t i = 0; i < n; i++) std::copy_n(product.data() + i * out(), out(), y + i * ldy);
  }

  void apply_back(const float* dy, int64_t lddy, int64_t n, float* dx, int64_t lddx, bool add) const override {
    Floats panel(std::min(kPanel, out()) * in());
    for (int64_t begin = 0; begin < out(); begin += kPanel, add = true) {
      const int64_t count = std::min(kPanel, out() - begin);
      weight_rows(begin, count, panel.data());
      gemm(by_, Transpose::no, Transpose::no, n, in(), count, 1, dy + begin, lddy, panel.data(), in(), add ? 1 : 0, dx,
           lddx);
    }
  }

  void weight_rows(int64_t begin, int64_t count, float* values) const override {
    widen(stored_, bits_.data() + begin * in(), count * in(), values);
  }

  int64_t bytes() const override {
    return static_cast<int64_t>(bits_.size() * sizeof(uint16_t) + bias().size() * sizeof(float));
  }

 private:
  /** Rows widened at a time. */
  static constexpr int64_t kPanel = 128;

  Gemm by_;
  Stored stored_;
  std::vector<uint16_t> bits_;  // (out, in)
};

}  // namespace

std::unique_ptr<Linear> make_plain_linear(Gemm by, Precision precision, const WeightRows& weight, Floats bias) {
  if (precision == Precision::stored && weight.stored != Stored::f32)
    return std::make_unique<HalfLinear>(by, weight, std::move(bias));
  return std::make_unique<PlainLinear>(by, weight, std::move(bias));
}

}  // namespace vit
