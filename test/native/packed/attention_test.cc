#include <algorithm>

#include "check.h"

namespace vit {
namespace test {

namespace {

/** Q, K and V of an image as they are defined, each (heads, tokens, hd); Q is scaled for a softmax of powers of two. */
struct Heads {
  packed::HeadLayout layout;
  Floats q, k, v;

  size_t at(int64_t head, int64_t token, int64_t d) const {
    return static_cast<size_t>((head * layout.tokens + token) * layout.head_dim + d);
  }
};

/** Rows [first, first + rows) of an image through the kernel; `maps` (heads, tokens, tokens) or null. */
Floats run(const packed::Kernels& kernels, const Heads& h, int64_t first, int64_t rows, bool pairs, float* maps) {
  const packed::HeadLayout& l = h.layout;
  const packed::Strips strips(rows, kernels.tile_rows);
  Floats query(static_cast<size_t>(l.heads * l.query_head(rows))), key(static_cast<size_t>(l.heads * l.key_head())),
      value(static_cast<size_t>(l.heads * l.value_head()));
  const auto strip_at = [&strips](int64_t k_length, int64_t s, int64_t row, int64_t k) {
    return static_cast<size_t>(strips.begin(s) * k_length + (k / 16 * strips.height(s) + row - strips.begin(s)) * 16 +
                               k % 16);
  };
  const auto each_row = [&strips](const auto& body) {
    for (int64_t s = 0; s < strips.count; s++)
      for (int64_t row = strips.begin(s); row < strips.begin(s) + strips.height(s); row++) body(s, row);
  };
  for (int64_t head = 0; head < l.heads; head++)
    for (int64_t d = 0; d < l.head_dim; d++) {
      each_row([&](int64_t s, int64_t row) {
        query[static_cast<size_t>(head * l.query_head(rows)) + strip_at(l.padded_dim(), s, row, d)] =
            h.q[h.at(head, first + row, d)];
      });
      for (int64_t t = 0; t < l.tokens; t++) {
        key[static_cast<size_t>(head * l.key_head() + t / l.panel * l.head_dim * l.panel + d * l.panel + t % l.panel)] =
            h.k[h.at(head, t, d)];
        value[static_cast<size_t>(head * l.value_head() + d / l.panel * l.tokens * l.panel + t * l.panel +
                                  d % l.panel)] = h.v[h.at(head, t, d)];
      }
    }

  packed::AttentionRows a;
  a.layout = l;
  a.strips = strips;
  a.first_token = first;
  a.query = query.data();
  a.key = key.data();
  a.value = value.data();
  a.out_length = packed::round_up(l.heads * l.head_dim, packed::kChunk);
  Floats out(static_cast<size_t>(rows * a.out_length)),
      scratch(static_cast<size_t>(kernels.attention_scratch(l, strips, pairs)), NAN);
  a.out = out.data();
  a.maps = maps ? maps + first * l.tokens : nullptr;
  a.pairs = pairs;
  a.scratch = scratch.data();
  kernels.attention(a);

  Floats result(static_cast<size_t>(l.heads * rows * l.head_dim));
  each_row([&](int64_t s, int64_t row) {
    for (int64_t c = 0; c < l.heads * l.head_dim; c++)
      result[static_cast<size_t>((c / l.head_dim * rows + row) * l.head_dim + c % l.head_dim)] =
          out[strip_at(a.out_length, s, row, c)];
  });
  return result;
}

struct Differences {
  double out, maps;
};

/** The kernel against the definition in float64, of numbers that bfloat16 holds where they come in pairs. */
Differences compare(const packed::Kernels& kernels, Random& random, const packed::HeadLayout& l, bool pairs,
                    bool keep) {
  const int64_t size = l.heads * l.tokens * l.head_dim;
  Heads h{l, random.reals(size, 1), random.reals(size, 1), random.reals(size, 1)};
  const int64_t first = random.between(0, l.tokens - 1), rows = random.between(1, l.tokens - first);
  Floats maps(static_cast<size_t>(keep ? l.heads * l.tokens * l.tokens : 0));
  const Floats out = run(kernels, h, first, rows, pairs, keep ? maps.data() : nullptr);
  if (pairs)
    for (Floats* numbers : {&h.q, &h.k, &h.v})
      for (float& number : *numbers) number = rounded_to_bf16(number);
  Differences most{0, 0};
  std::vector<double> weights(static_cast<size_t>(l.tokens));
  for (int64_t head = 0; head < l.heads; head++)
    for (int64_t row = 0; row < rows; row++) {
      double largest = -INFINITY, sum = 0;
      for (int64_t t = 0; t < l.tokens; t++) {
        double score = 0;
        for (int64_t d = 0; d < l.head_dim; d++)
          score += static_cast<double>(h.q[h.at(head, first + row, d)]) * h.k[h.at(head, t, d)];
        weights[static_cast<size_t>(t)] = score;
        largest = std::fmax(largest, score);
      }
      for (double& weight : weights) sum += weight = std::exp2(weight - largest);
      for (int64_t t = 0; t < l.tokens && keep; t++)
        most.maps =
            std::fmax(most.maps, std::fabs(weights[static_cast<size_t>(t)] / sum -
                                           maps[static_cast<size_t>((head * l.tokens + first + row) * l.tokens + t)]));
      for (int64_t d = 0; d < l.head_dim; d++) {
        double value = 0;
        for (int64_t t = 0; t < l.tokens; t++) value += weights[static_cast<size_t>(t)] * h.v[h.at(head, t, d)];
        const double off = value / sum - out[static_cast<size_t>((head * rows + row) * l.head_dim + d)];
        most.out = std::isnan(off) ? INFINITY : std::fmax(most.out, std::fabs(off));
      }
    }
  return most;
}

}  // namespace

void test_attention(const packed::Kernels& kernels) {
  Random random(11);
  for (const bool pairs : {false, true}) {
    if (pairs && !kernels.pair_attention) continue;
    Differences most{0, 0};
    const auto try_one = [&](int64_t heads, int64_t head_dim, int64_t tokens, bool keep) {
      const Differences off = compare(kernels, random, {heads, head_dim, tokens, kernels.panel}, pairs, keep);
      const std::string what = std::string(kernels.name) + (pairs ? " attention in pairs, " : " attention, ") +
                               std::to_string(heads) + " x " + std::to_string(head_dim) + ", " +
                               std::to_string(tokens) + " tokens";
      // values are at most 1, and each weight is within 2^-9 of itself where it is rounded
      check_below(off.out, pairs ? 1.0 / 512 + 1e-5 : 1e-5, what);
      check_below(off.maps, 1e-5, what + ", maps");
      most = {std::fmax(most.out, off.out), std::fmax(most.maps, off.maps)};
    };
    for (int round = 0; round < 40; round++)
      try_one(random.between(1, 4), random.coin() ? 16 * random.between(1, 5) : random.between(1, 70),
              random.between(1, 120), random.coin());
    // several blocks of keys, the last of an odd length
    try_one(1, 24, 1301, false);
    try_one(1, 7, 1301, true);
    std::printf("  attention%s max difference %.2g, maps %.2g\n", pairs ? " in pairs" : "", most.out, most.maps);
  }
}

}  // namespace test
}  // namespace vit
