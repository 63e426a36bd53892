#include "check.h"
#include "kernels/half.h"
#include "products/linear_factory.h"

namespace vit {
namespace test {

namespace {

/** A weight held by the test and read as from a file. */
struct Held {
  int64_t out, in;
  Stored stored;
  Floats values;
  std::vector<uint16_t> bits;

  Held(Random& random, int64_t out, int64_t in, Stored stored)
      : out(out), in(in), stored(stored), values(random.reals(out * in)) {
    if (stored == Stored::f32) return;
    for (float& value : values) {
      // Small numbers of either sign.
      const auto pattern = static_cast<uint16_t>(random.between(0, stored == Stored::f16 ? 0x3BFF : 0x3F7F) |
                                                 (random.between(0, 1) << 15));
      bits.push_back(pattern);
      widen(stored, &pattern, 1, &value);
    }
  }
  WeightRows rows() const {
    return {
        out, in, stored,
        [this](int64_t begin, int64_t count, float* to) { std::copy_n(values.data() + begin * in, count * in, to); },
        [this](int64_t begin, int64_t count, uint16_t* to) { std::copy_n(bits.data() + begin * in, count * in, to); }};
  }
};

void test_linear(Random& random, int round) {
  const int64_t n = random.between(1, 70), in = random.between(1, 150), out = random.between(1, 300);
  const int64_t ldx = in + random.between(0, 7), ldy = out + random.between(0, 7);
  const Held held(random, out, in, static_cast<Stored>(round % 3));
  const Floats bias = round % 2 ? random.reals(out) : Floats();
  const Floats x = random.reals(n * ldx), gamma = random.reals(out), residual = random.reals(n * ldy);
  Epilogue e;
  if (round % 5 == 0) e.activation = Activation::gelu;
  if (round % 4 == 0) e.gamma = gamma.data();

  const auto apply = [&](Gemm by, Precision precision, bool in_place) {
    const auto linear = make_linear(by, precision, held.rows(), bias);
    Floats y = residual;
    Epilogue epilogue = e;
    if (round % 3) {
      epilogue.residual = in_place ? y.data() : residual.data();
      epilogue.ldr = ldy;
    }
    linear->apply(x.data(), ldx, n, y.data(), ldy, epilogue);
    Floats weight(static_cast<size_t>(out * in));
    linear->weight_rows(0, out, weight.data());
    check_close(weight, held.values, 0, "weight_rows");
    return y;
  };
  const std::string what = "linear " + to_string({n, in, out});
  const Floats naive = apply(Gemm::naive, Precision::fp32, false);
  const double limit = 1e-6 * static_cast<double>(in) + 2e-6;
  check_close(apply(Gemm::blas, Precision::fp32, false), naive, limit, what + " by blas");
  check_close(apply(Gemm::blas, Precision::fp32, true), naive, limit, what + " by blas, adding to its own output");
  check_close(apply(Gemm::naive, Precision::fp32, true), naive, limit, what + " naive, adding to its own output");
  check_close(apply(Gemm::blas, Precision::stored, true), naive, limit, what + " by blas, weights as stored");
  check_close(apply(Gemm::packed, Precision::fp32, true), naive, limit, what + " packed");
}

}  // namespace

void test_products() {
  Random random(3);
  for (int round = 0; round < 60; round++) test_linear(random, round);
  for (int round = 0; round < 40; round++) {
    const auto ta = static_cast<Transpose>(round % 2), tb = static_cast<Transpose>(round / 2 % 2);
    const int64_t m = random.between(1, 40), n = random.between(1, 40), k = random.between(1, 60);
    const int64_t lda = (ta == Transpose::yes ? m : k) + 3, ldb = (tb == Transpose::yes ? k : n) + 2, ldc = n + 1;
    const Floats a = random.reals((ta == Transpose::yes ? k : m) * lda),
                 b = random.reals((tb == Transpose::yes ? n : k) * ldb);
    Floats naive = random.reals(m * ldc), blas = naive;
    const float alpha = 0.7f, beta = round % 3 ? 0.0f : 0.5f;
    gemm(Gemm::naive, ta, tb, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, naive.data(), ldc);
    gemm(Gemm::blas, ta, tb, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, blas.data(), ldc);
    check_close(blas, naive, 2e-5, "gemm " + to_string({m, n, k}));
  }
}

void test_half() {
  // All 65,536 patterns of binary16 against its definition; of bfloat16, the upper half of a float32.
  for (uint32_t bits = 0; bits < 65536; bits++) {
    const uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits & 0x8000 ? -1 : 1;
    const double want = exponent == 31 ? (fraction ? NAN : sign * INFINITY)
                        : exponent     ? sign * std::ldexp(1024.0 + fraction, static_cast<int>(exponent) - 25)
                                       : sign * std::ldexp(static_cast<double>(fraction), -24);
    const float got = from_f16(static_cast<uint16_t>(bits));
    if (std::isnan(want) ? !std::isnan(got) : (got != want || std::signbit(got) != std::signbit(want)))
      return check(false, "binary16 pattern " + std::to_string(bits) + " is " + std::to_string(got));
  }
  check(from_bf16(0x3F80) == 1.0f && from_bf16(0xC040) == -3.0f && std::isinf(from_bf16(0x7F80)), "bfloat16");
}

}  // namespace test
}  // namespace vit
