#include "check.h"
#include "kernels/softmax.h"
#include "t2t/soft_split.h"
#include "vit/attention.h"
#include "vit/position_embedding.h"
#include "weights/seeded_init.h"

namespace vit {
namespace test {

void test_seeded_init() {
  for (const double x : {1e-300, 1e-17, 0.1, 0.5, 0.70710678, 1.0, 1.5, 2.0, 1e10, 1e300})
    check(std::fabs(exact_log(x) - std::log(x)) <= 2e-15 * std::max(1.0, std::fabs(std::log(x))),
          "exact_log of " + std::to_string(x));
  // The quantile undoes the distribution function, Phi(x) = erfc(-x / sqrt 2) / 2.
  for (double x = -8; x <= 8; x += 0.01) {
    const double p = 0.5 * std::erfc(-x / std::sqrt(2.0));
    if (p <= 0 || p >= 1 || x > 5) continue;
    check(std::fabs(normal_quantile(p) - x) < 1e-8 * std::max(1.0, std::fabs(x)), "quantile at " + std::to_string(x));
  }
  const SeededTensor tensor(7, "blocks.0.attn.qkv.weight"), other(7, "blocks.1.attn.qkv.weight"),
      reseeded(8, "blocks.0.attn.qkv.weight");
  double sum = 0, squares = 0, together = 0, again = 0;
  constexpr int64_t kCount = 200000;
  for (int64_t i = 0; i < kCount; i++) {
    const double v = tensor.truncated_normal(static_cast<uint64_t>(i));
    sum += v;
    squares += v * v;
    together += v * other.truncated_normal(static_cast<uint64_t>(i));
    again += v * reseeded.truncated_normal(static_cast<uint64_t>(i));
  }
  // Four standard errors each.
  check(std::fabs(sum / kCount) < 4 * 0.02 / std::sqrt(kCount), "mean of the truncated normal");
  check(std::fabs(std::sqrt(squares / kCount) / 0.02 - 1) < 4 / std::sqrt(2.0 * kCount),
        "deviation of the truncated normal");
  check(std::fabs(together / kCount / 4e-4) < 4 / std::sqrt(kCount), "two tensors are independent");
  check(std::fabs(again / kCount / 4e-4) < 4 / std::sqrt(kCount), "two seeds are independent");
}

void test_positions() {
  const Floats table = sinusoid_table(5, 6);
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 6; j++) {
      const double angle = i / std::pow(10000.0, 2 * (j / 2) / 6.0);
      check(table[i * 6 + j] == static_cast<float>(j % 2 ? std::cos(angle) : std::sin(angle)), "sinusoid table");
    }
  Random random(4);
  const Floats values = random.reals(6 * 4 * 3);
  for (const Resample how : {Resample::bicubic, Resample::bicubic_antialias}) {
    check_close(resample_positions(values.data(), 3, {6, 4}, {6, 4}, how), values, 1e-6, "resampling to the same grid");
    // A constant stays constant whatever the grid: the taps sum to one.
    const Floats constant(6 * 4 * 3, 2.5f);
    check_close(resample_positions(constant.data(), 3, {6, 4}, {9, 2}, how), Floats(9 * 2 * 3, 2.5f), 1e-6,
                "resampling a constant");
  }
}

void test_soft_split() {
  Random random(5);
  for (int round = 0; round < 40; round++) {
    const SoftSplit split{random.between(1, 7), random.between(1, 4), random.between(0, 3)};
    const int64_t batch = random.between(1, 2), channels = random.between(1, 3);
    const int64_t height = random.between(split.kernel, 15), width = random.between(split.kernel, 15);
    const Grid grid = count_tokens({height, width}, split);
    // The articles' formula, in its own words.
    const auto count = [&](int64_t size) {
      return static_cast<int64_t>(
          std::floor((size + 2.0 * split.padding - (split.kernel - 1.0) - 1.0) / split.stride + 1.0));
    };
    check(grid.rows == count(height) && grid.columns == count(width), "count_tokens");
    const Floats image = random.reals(batch * channels * height * width);
    const int64_t length = channels * split.kernel * split.kernel;
    Floats tokens(static_cast<size_t>(batch * grid.count() * length)), naive(tokens.size());
    soft_split(ImageView::planar(image.data(), batch, channels, height, width), split, tokens.data());
    for (size_t at = 0; at < naive.size(); at++) {
      const auto index = static_cast<int64_t>(at);
      const int64_t j = index % split.kernel, i = index / split.kernel % split.kernel,
                    c = index / (split.kernel * split.kernel) % channels;
      const int64_t token = index / length % grid.count(), b = index / (length * grid.count());
      const int64_t y = token / grid.columns * split.stride - split.padding + i,
                    x = token % grid.columns * split.stride - split.padding + j;
      naive[at] =
          y < 0 || x < 0 || y >= height || x >= width ? 0 : image[((b * channels + c) * height + y) * width + x];
    }
    check_close(tokens, naive, 0, "soft split");
  }
}

void test_attention() {
  Random random(6);
  for (int round = 0; round < 25; round++) {
    Attention a{};
    a.heads = random.between(1, 5);
    a.head_dim = random.between(1, 20);
    a.scale = 0.3f;
    // Some runs have more tokens than one block of rows, so that the streaming path takes several.
    const int64_t batch = random.between(1, 2), n = round % 5 == 0 ? random.between(800, 1100) : random.between(1, 60);
    const int64_t length = a.heads * a.head_dim, ld = 3 * length;
    Floats qkv = random.reals(batch * n * ld);
    const auto size = static_cast<size_t>(batch * n * length);
    const auto map = a.heads * n * n;
    Floats kept_context(size), context(size), naive_context(size), maps(static_cast<size_t>(batch * map)),
        naive_maps(maps.size());
    Scratch scratch;
    const auto attend = [&](Gemm by, float* into, float* maps) {
      Pass pass{by, scratch};
      AttentionKept kept;
      kept.maps = maps;
      kept.maps_stride = map;
      a.attend(qkv.data(), qkv.data() + length, qkv.data() + 2 * length, ld, batch, n, into, kept, pass);
    };
    attend(Gemm::blas, kept_context.data(), maps.data());
    attend(Gemm::blas, context.data(), nullptr);
    attend(Gemm::naive, naive_context.data(), naive_maps.data());
    const std::string what = "attention of " + std::to_string(n) + " tokens";
    check_close(maps, naive_maps, 1e-5, what + ": maps");
    check_close(kept_context, naive_context, 1e-5, what + ": with maps");
    check_close(context, naive_context, 1e-5, what + ": streaming");
  }
}

}  // namespace test
}  // namespace vit
