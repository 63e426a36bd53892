#include <algorithm>

#include "check.h"
#include "kernels/activations.h"
#include "kernels/half.h"
#include "packed/packed_linear.h"
#include "packed/workspace.h"

namespace vit {
namespace test {

namespace {

/** Largest difference between the packed layer and the definition in float64. */
double layer_difference(const packed::Kernels& kernels, Random& random, int64_t n, int64_t in, int64_t out,
                        Stored stored) {
  const HeldRows held = HeldRows::random(random, out, in, stored);
  const Floats bias = random.coin() ? random.reals(out, 1) : Floats();
  const packed::PackedLinear layer(kernels, Precision::stored, held.rows(), bias);

  Floats again(held.values.size());
  layer.weight_rows(0, out, again.data());
  check(again == held.values, "weights come back as they went in");

  const int64_t ldx = in + random.between(0, 3), ldy = out + random.between(0, 3);
  const Floats x = random.reals(n * ldx, 1);
  const Floats gamma = random.coin() ? random.reals(out, 2) : Floats();
  const Floats before = random.reals(n * ldy, 1);
  Epilogue e;
  e.activation = static_cast<Activation>(random.between(0, static_cast<int>(Activation::identity)));
  if (!gamma.empty()) e.gamma = gamma.data();
  Floats y = before, residual = before;
  const int kind = static_cast<int>(random.between(0, 2));  // none, its own, y itself
  if (kind > 0) {
    e.residual = kind == 1 ? residual.data() : y.data();
    e.ldr = ldy;
  }
  layer.apply(x.data(), ldx, n, y.data(), ldy, e);

  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < ldy; j++) {
      const float got = y[static_cast<size_t>(i * ldy + j)], was = before[static_cast<size_t>(i * ldy + j)];
      if (j >= out) {
        check(got == was, "nothing is written past a row's end");
        continue;
      }
      double sum = bias.empty() ? 0 : bias[static_cast<size_t>(j)];
      for (int64_t k = 0; k < in; k++)
        sum += static_cast<double>(x[static_cast<size_t>(i * ldx + k)]) * held.values[static_cast<size_t>(j * in + k)];
      const double right =
          activate_naive(e.activation, sum) * (gamma.empty() ? 1 : gamma[static_cast<size_t>(j)]) + (kind ? was : 0);
      // A step of the hard activations may fall on the other side; the sum itself is then within rounding of it.
      const bool near_step = e.activation == Activation::hardshrink && std::fabs(std::fabs(sum) - 0.5) < 1e-5;
      if (!near_step) most = std::fmax(most, std::fabs(got - right));
    }
  }
  return most;
}

/** The 8-bit product against the same integers multiplied one by one: only the last roundings differ. */
double int8_difference(const packed::Kernels& kernels, Random& random, int64_t n, int64_t in, int64_t out) {
  HeldRows held = HeldRows::random(random, out, in, Stored::f32);
  if (out > 2) std::fill_n(held.values.begin() + in, in, 0.0f);  // an output without weights
  const Floats bias = random.reals(out, 1);
  const packed::PackedLinear layer(kernels, Precision::int8, held.rows(), bias);
  Floats x = random.reals(n * in, 3);
  if (n > 2) std::fill_n(x.begin() + in, in, 0.0f);  // a token of nothing
  for (int64_t i = 0; i < n; i++) {
    // A tie may round either way: with one instruction for product and sum, or with two.
    float* const row = &x[static_cast<size_t>(i * in)];
    float largest = 0;
    for (int64_t k = 0; k < in; k++) largest = std::max(largest, std::fabs(row[k]));
    for (int64_t k = 0; k < in; k++) {
      const double steps = largest > 0 ? std::fabs(row[k]) * 127.0 / largest : 0;
      if (std::fabs(steps - std::floor(steps) - 0.5) < 1e-3) row[k] = 0;
    }
  }
  Floats y(static_cast<size_t>(n * out));
  layer.apply(x.data(), in, n, y.data(), out, {});

  const auto quantise = [in](const float* row, float most, std::vector<double>& values) {
    float largest = 0;
    for (int64_t k = 0; k < in; k++) largest = std::max(largest, std::fabs(row[k]));
    const float factor = largest > 0 ? most / largest : 0.0f;
    for (int64_t k = 0; k < in; k++) values[static_cast<size_t>(k)] = std::nearbyint(row[k] * factor);
    return static_cast<double>(largest / most);
  };
  Floats used(held.values.size());
  layer.weight_rows(0, out, used.data());
  double most = 0;
  std::vector<double> a(static_cast<size_t>(in)), w(a.size());
  for (int64_t j = 0; j < out; j++) {
    const double w_scale =
        quantise(&held.values[static_cast<size_t>(j * in)], static_cast<float>(kernels.largest_weight), w);
    for (int64_t k = 0; k < in; k++)
      most = std::max(most, std::fabs(used[static_cast<size_t>(j * in + k)] - w[static_cast<size_t>(k)] * w_scale));
    for (int64_t i = 0; i < n; i++) {
      const double a_scale = quantise(&x[static_cast<size_t>(i * in)], 127, a);
      double sum = 0;
      for (int64_t k = 0; k < in; k++) sum += a[static_cast<size_t>(k)] * w[static_cast<size_t>(k)];
      const double right = sum * a_scale * w_scale + bias[static_cast<size_t>(j)];
      most = std::fmax(most, std::fabs(y[static_cast<size_t>(i * out + j)] - right));
    }
  }
  return most;
}

/** The bfloat16 product against rounded weights and activations multiplied in float64. */
double bf16_difference(const packed::Kernels& kernels, Random& random, int64_t n, int64_t in, int64_t out, bool gated) {
  HeldRows held = HeldRows::random(random, out, in, Stored::f32);
  const Floats bias = random.reals(out, 1);
  WeightRows rows = held.rows();
  rows.gated = gated;
  const packed::PackedLinear layer(kernels, Precision::bf16, rows, bias);
  for (float& value : held.values) value = rounded_to_bf16(value);
  Floats again(held.values.size());
  layer.weight_rows(0, out, again.data());
  check(again == held.values, std::string(kernels.name) + " bf16 weights are the nearest");

  // Rows are further apart than they are long, and what lies between is no number.
  const int64_t ldx = in + random.between(0, 3);
  Floats x = random.reals(n * ldx, 3);
  for (int64_t i = 0; i < n; i++) std::fill(x.begin() + i * ldx + in, x.begin() + (i + 1) * ldx, NAN);
  Floats y(static_cast<size_t>(n * out)), back(static_cast<size_t>(n * in));
  layer.apply(x.data(), ldx, n, y.data(), out, {});
  double most = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < out; j++) {
      double sum = bias[static_cast<size_t>(j)];
      for (int64_t k = 0; k < in; k++)
        sum += static_cast<double>(rounded_to_bf16(x[static_cast<size_t>(i * ldx + k)])) *
               held.values[static_cast<size_t>(j * in + k)];
      most = std::fmax(most, std::fabs(y[static_cast<size_t>(i * out + j)] - sum));
    }

  // Gradients take the rounded weights, and no rounded activations.
  const Floats dy = random.reals(n * out, 1);
  layer.apply_back(dy.data(), out, n, back.data(), in, false);
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < in; k++) {
      double sum = 0;
      for (int64_t j = 0; j < out; j++)
        sum += static_cast<double>(dy[static_cast<size_t>(i * out + j)]) * held.values[static_cast<size_t>(j * in + k)];
      most = std::fmax(most, std::fabs(back[static_cast<size_t>(i * in + k)] - sum));
    }
  return most;
}

}  // namespace

void test_products(const packed::Kernels& kernels) {
  Random random(11);
  double most = 0;
  for (int round = 0; round < 160; round++) {
    packed::use_threads(static_cast<int>(random.between(1, 3)));
    const bool large = round % 20 == 0;
    const int64_t n = random.between(1, large ? 1100 : 70), in = random.between(1, large ? 300 : 500);
    const int64_t out = random.between(1, large ? 100 : 150);
    const auto stored = static_cast<Stored>(random.between(0, 2));
    const double off = layer_difference(kernels, random, n, in, out, stored);
    check_below(off, 1e-5,
                std::string(kernels.name) + " product (" + std::to_string(n) + ", " + std::to_string(in) + ") x " +
                    std::to_string(out));
    most = std::fmax(most, off);
  }
  // Longer than any block of k, in the middle of a chunk.
  most = std::fmax(most, layer_difference(kernels, random, 33, 2500, 37, Stored::f32));
  check_below(most, 1e-5, std::string(kernels.name) + " long product");
  std::printf("  products     max difference %.2g\n", most);

  most = 0;
  for (int round = 0; round < 60; round++) {
    packed::use_threads(static_cast<int>(random.between(1, 3)));
    const int64_t n = random.between(1, 70), in = random.between(1, round % 10 == 0 ? 5000 : 300),
                  out = random.between(1, 90);
    const double off = int8_difference(kernels, random, n, in, out);
    check_below(off, 5e-6,
                std::string(kernels.name) + " int8 (" + std::to_string(n) + ", " + std::to_string(in) + ") x " +
                    std::to_string(out));
    most = std::fmax(most, off);
  }
  std::printf("  int8         max difference %.2g\n", most);

  most = 0;
  for (int round = 0; round < 80; round++) {
    packed::use_threads(static_cast<int>(random.between(1, 3)));
    const bool gated = random.coin();
    const int64_t n = random.between(1, 70), in = random.between(1, round % 10 == 0 ? 5000 : 300),
                  out = random.between(1, 45) * (gated ? 2 : 1);
    const double off = bf16_difference(kernels, random, n, in, out, gated);
    check_below(off, 1e-5,
                std::string(kernels.name) + " bf16 (" + std::to_string(n) + ", " + std::to_string(in) + ") x " +
                    std::to_string(out));
    most = std::fmax(most, off);
  }
  std::printf("  bf16         max difference %.2g\n", most);

  // A row with a NaN anywhere is one of NaN in 8 bits and in bfloat16 too, and no other row is.
  for (const Precision precision : {Precision::int8, Precision::bf16})
    for (const int64_t in : {1, 15, 16, 17, 33, 100}) {
      const HeldRows held = HeldRows::random(random, 5, in, Stored::f32);
      const packed::PackedLinear layer(kernels, precision, held.rows(), {});
      for (int64_t at = 0; at < in; at++) {
        Floats x = random.reals(3 * in, 3), y(15);
        x[static_cast<size_t>(in + at)] = at % 2 ? NAN : -NAN;
        layer.apply(x.data(), in, 3, y.data(), 5, {});
        bool right = true;
        for (size_t i = 0; i < y.size(); i++) right &= std::isnan(y[i]) == (i / 5 == 1);
        check(right, std::string(kernels.name) + (precision == Precision::bf16 ? " bf16" : " int8") + " keeps a NaN, " +
                         std::to_string(at) + " of " + std::to_string(in));
      }
    }

  // Every pattern of 16 bits, finite ones exactly, widened inside the kernel.
  for (const Stored stored : {Stored::f16, Stored::bf16}) {
    HeldRows all{65536, 1, stored, Floats(65536), {}};
    for (uint32_t bits = 0; bits < 65536; bits++) {
      all.bits.push_back(static_cast<uint16_t>(bits));
      widen(stored, &all.bits.back(), 1, &all.values[bits]);
      // Pools flush float32's denormals, bfloat16's among them.
      if (std::fpclassify(all.values[bits]) == FP_SUBNORMAL) all.values[bits] = 0;
    }
    const packed::PackedLinear layer(kernels, Precision::stored, all.rows(), {});
    const float one = 1;
    Floats y(65536);
    layer.apply(&one, 1, 1, y.data(), 65536, {});
    bool same = true;
    for (size_t i = 0; i < y.size(); i++) same &= std::isnan(all.values[i]) ? std::isnan(y[i]) : y[i] == all.values[i];
    check(same, std::string(kernels.name) + (stored == Stored::f16 ? " f16" : " bf16") + " patterns");
  }
}

}  // namespace test
}  // namespace vit
