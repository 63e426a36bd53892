#include <algorithm>
#include <list>

#include "check.h"
#include "kernels/activations.h"
#include "packed/encoder_stack.h"
#include "packed/workspace.h"

namespace vit {
namespace test {

namespace {

struct Shape4 {
  int64_t batch, tokens, heads, head_dim, dim, hidden, depth;
};

std::string name(const Shape4& s) {
  return "B " + std::to_string(s.batch) + " N " + std::to_string(s.tokens) + " heads " + std::to_string(s.heads) + "x" +
         std::to_string(s.head_dim) + " D " + std::to_string(s.dim) + " hidden " + std::to_string(s.hidden);
}

/** A random stack and what its weights are. */
struct RandomStack {
  struct Layer {
    HeldRows qkv, proj, fc1, fc2;
    NormLayer norm1, norm2;
    Floats ls1, ls2;
    std::unique_ptr<packed::PackedLinear> packed[4];
  };
  std::list<Layer> layers;
  std::vector<packed::StackBlock> blocks;

  RandomStack(const packed::Kernels& kernels, Random& random, const Shape4& s, Norm norm, Precision precision) {
    const bool scale = random.coin(), bias = random.coin();
    const auto norm_layer = [&] {
      if (norm.kind == Norm::Kind::identity) return NormLayer{norm, {}, {}};
      return NormLayer{norm, random.reals(s.dim, 1),
                       norm.kind == Norm::Kind::layer ? random.reals(s.dim, 0.3) : Floats()};
    };
    const int64_t length = s.heads * s.head_dim;
    for (int64_t i = 0; i < s.depth; i++) {
      Layer& l = layers.emplace_back(Layer{HeldRows::random(random, 3 * length, s.dim, Stored::f32),
                                           HeldRows::random(random, s.dim, length, Stored::f32),
                                           HeldRows::random(random, s.hidden, s.dim, Stored::f32),
                                           HeldRows::random(random, s.dim, s.hidden, Stored::f32),
                                           norm_layer(),
                                           norm_layer(),
                                           scale ? random.reals(s.dim, 1) : Floats(),
                                           scale ? random.reals(s.dim, 1) : Floats(),
                                           {}});
      const HeldRows* held[4] = {&l.qkv, &l.proj, &l.fc1, &l.fc2};
      for (int p = 0; p < 4; p++)
        l.packed[p] = std::make_unique<packed::PackedLinear>(kernels, precision, held[p]->rows(),
                                                             bias ? random.reals(held[p]->out, 0.3) : Floats());
      packed::AttentionPart attn;
      attn.norm = &l.norm1;
      attn.qkv = l.packed[0].get();
      attn.proj = l.packed[1].get();
      attn.scale = scale ? &l.ls1 : nullptr;
      blocks.push_back({{attn}, {{&l.norm2, l.packed[2].get(), nullptr, l.packed[3].get(), scale ? &l.ls2 : nullptr}}});
    }
  }
};

/** A plain pre-norm block of that shape. */
Block plain_block(const Shape4& s, double scale, Activation activation) {
  Block block{};
  block.dim_in = block.dim = s.dim;
  block.heads = s.heads;
  block.head_dim = s.head_dim;
  block.scale = static_cast<float>(scale);
  block.attn_residual = true;
  block.branches = 1;
  block.mlp_hidden = s.hidden;
  block.activation = activation;
  return block;
}

/** y (n, out) = x W^T + b by the definition. */
Floats naive_layer(const packed::PackedLinear& packed, const HeldRows& held, const Floats& x, int64_t n) {
  Floats y(static_cast<size_t>(n * held.out));
  gemm(Gemm::naive, Transpose::no, Transpose::yes, n, held.out, held.in, 1, x.data(), held.in, held.values.data(),
       held.in, 0, y.data(), held.out);
  finish_rows(y.data(), held.out, n, held.out, packed.bias().empty() ? nullptr : packed.bias().data(), {});
  return y;
}

void add_scaled(Floats& x, const Floats& part, const Floats& gamma, int64_t dim) {
  for (size_t i = 0; i < x.size(); i++) x[i] += part[i] * (gamma.empty() ? 1 : gamma[i % static_cast<size_t>(dim)]);
}

/** One image through one block by the definition; maps (h, N, N). */
void naive_block(const RandomStack::Layer& l, const Shape4& s, double scale, Activation activation, Floats& x,
                 float* maps) {
  const int64_t n = s.tokens, length = s.heads * s.head_dim;
  Floats normed(x.size());
  apply_norm_naive(l.norm1, x.data(), s.dim, n, s.dim, normed.data(), s.dim);
  const Floats qkv = naive_layer(*l.packed[0], l.qkv, normed, n);
  Floats context(static_cast<size_t>(n * length));
  std::vector<double> row(static_cast<size_t>(n));
  for (int64_t h = 0; h < s.heads; h++) {
    for (int64_t i = 0; i < n; i++) {
      const float* q = &qkv[static_cast<size_t>(i * 3 * length + h * s.head_dim)];
      double most = -INFINITY, sum = 0;
      for (int64_t j = 0; j < n; j++) {
        const float* k = &qkv[static_cast<size_t>(j * 3 * length + length + h * s.head_dim)];
        double dot = 0;
        for (int64_t d = 0; d < s.head_dim; d++) dot += static_cast<double>(q[d]) * k[d];
        row[static_cast<size_t>(j)] = dot * scale;
        most = std::max(most, dot * scale);
      }
      for (double& v : row) sum += v = std::exp(v - most);
      for (int64_t j = 0; j < n; j++) maps[(h * n + i) * n + j] = static_cast<float>(row[static_cast<size_t>(j)] / sum);
      for (int64_t d = 0; d < s.head_dim; d++) {
        double value = 0;
        for (int64_t j = 0; j < n; j++)
          value +=
              row[static_cast<size_t>(j)] * qkv[static_cast<size_t>(j * 3 * length + 2 * length + h * s.head_dim + d)];
        context[static_cast<size_t>(i * length + h * s.head_dim + d)] = static_cast<float>(value / sum);
      }
    }
  }
  add_scaled(x, naive_layer(*l.packed[1], l.proj, context, n), l.ls1, s.dim);
  apply_norm_naive(l.norm2, x.data(), s.dim, n, s.dim, normed.data(), s.dim);
  Floats hidden = naive_layer(*l.packed[2], l.fc1, normed, n);
  for (float& v : hidden) v = static_cast<float>(activate_naive(activation, v));
  add_scaled(x, naive_layer(*l.packed[3], l.fc2, hidden, n), l.ls2, s.dim);
}

double stack_difference(const packed::Kernels& kernels, Random& random, const Shape4& s, bool keep) {
  const bool keep_tokens = keep && random.coin();
  const auto kind = static_cast<Norm::Kind>(random.between(0, 9) < 8 ? 0 : random.between(1, 2));
  const RandomStack stack(kernels, random, s, {kind, 1e-6f}, Precision::fp32);
  const auto activation =
      static_cast<Activation>(random.between(0, 9) < 5 ? 0 : random.between(0, static_cast<int>(Activation::mish)));
  const double scale = 1 / std::sqrt(static_cast<double>(s.head_dim));
  packed::EncoderStack encoder(plain_block(s, scale, activation), stack.blocks);

  const int64_t map_size = s.heads * s.tokens * s.tokens, token_size = s.tokens * s.dim;
  Floats x = random.reals(s.batch * token_size, 2), right = x;
  Floats maps(static_cast<size_t>(keep ? s.batch * s.depth * map_size : 0), -1.0f);
  Floats tokens(static_cast<size_t>(keep_tokens ? s.batch * s.depth * token_size : 0), -1.0f);
  packed::StackKept kept;
  if (keep) {
    kept.maps = maps.data();
    kept.maps_image_stride = s.depth * map_size;
    kept.maps_block_stride = map_size;
  }
  if (keep_tokens) {
    kept.tokens = tokens.data();
    kept.tokens_image_stride = s.depth * token_size;
    kept.tokens_block_stride = token_size;
  }
  if (!keep_tokens && random.coin()) kept.last_tokens = random.between(1, s.tokens);
  check(encoder.run(x.data(), x.data(), s.batch, s.tokens, kept, nullptr, nullptr), "the stack runs to its end");
  const int64_t read = (kept.last_tokens ? kept.last_tokens : s.tokens) * s.dim;

  double most = 0;
  Floats naive_maps(static_cast<size_t>(map_size));
  for (int64_t b = 0; b < s.batch; b++) {
    Floats image(right.begin() + b * token_size, right.begin() + (b + 1) * token_size);
    int64_t i = b * s.depth;
    for (const RandomStack::Layer& layer : stack.layers) {
      naive_block(layer, s, scale, activation, image, naive_maps.data());
      if (keep) {
        const double off = max_difference(naive_maps.data(), maps.data() + i * map_size, map_size);
        check_below(off, 1e-5, std::string(kernels.name) + " maps " + name(s));
      }
      if (keep_tokens) most = std::max(most, max_difference(image.data(), tokens.data() + i * token_size, token_size));
      i++;
    }
    most = std::max(most, max_difference(image.data(), x.data() + b * token_size, read));
  }
  return most;
}

/** Root mean square of the error that a precision brings, beside that of what the blocks add to x. */
double relative_error(const packed::Kernels& kernels, Random& random, const Shape4& s, Precision precision) {
  const RandomStack stack(kernels, random, s, {Norm::Kind::layer, 1e-6f}, precision);
  packed::EncoderStack encoder(plain_block(s, 0.2, Activation::gelu), stack.blocks);
  const Floats before = random.reals(s.batch * s.tokens * s.dim, 2);
  Floats x = before;
  check(encoder.run(x.data(), x.data(), s.batch, s.tokens, {}, nullptr, nullptr), "the stack runs to its end");
  double error = 0, change = 0;
  Floats maps(static_cast<size_t>(s.heads * s.tokens * s.tokens));
  const int64_t size = s.tokens * s.dim;
  for (int64_t b = 0; b < s.batch; b++) {
    Floats image(before.begin() + b * size, before.begin() + (b + 1) * size);
    for (const RandomStack::Layer& layer : stack.layers)
      naive_block(layer, s, 0.2, Activation::gelu, image, maps.data());
    for (int64_t i = 0; i < size; i++) {
      error += std::pow(x[static_cast<size_t>(b * size + i)] - image[static_cast<size_t>(i)], 2);
      change += std::pow(image[static_cast<size_t>(i)] - before[static_cast<size_t>(b * size + i)], 2);
    }
  }
  return std::sqrt(error / change);
}

}  // namespace

void test_stack(const packed::Kernels& kernels) {
  Random random(5);
  double most = 0;
  const auto compare = [&](const Shape4& s, bool keep) {
    const double off = stack_difference(kernels, random, s, keep);
    check_below(off, 1e-4, std::string(kernels.name) + " stack " + name(s));
    most = std::max(most, off);
  };
  for (int round = 0; round < 40; round++) {
    packed::use_threads(static_cast<int>(random.between(1, 4)));
    const int64_t heads = random.between(1, 16);
    const int64_t head_dim = random.coin() ? 16 * random.between(1, 2) : random.between(1, 40);
    compare({random.between(1, 5), random.between(1, 60), heads, head_dim, random.between(1, 100),
             random.between(1, 200), 2},
            random.coin());
  }
  // Enough columns for several parts of the MLP, as many tokens as make blocks of keys, with maps and without.
  packed::use_threads(2);
  compare({1, 20, 2, 64, 48, 1700, 2}, false);
  compare({1, 1100, 2, 20, 24, 40, 1}, true);
  compare({1, 1100, 1, 64, 24, 40, 1}, false);
  compare({1, 1300, 3, 16, 24, 40, 1}, false);
  compare({2, 1300, 1, 33, 24, 40, 1}, true);
  std::printf("  stacks       max difference %.2g\n", most);

  const Shape4 whole{3, 50, 3, 24, 72, 1700, 2};
  const double error = relative_error(kernels, random, whole, Precision::int8);
  std::printf("  int8 stack   relative error %.2g\n", error);
  check_below(error, 0.03, std::string(kernels.name) + " int8 stack");
  const double bf16_error = relative_error(kernels, random, whole, Precision::bf16);
  std::printf("  bf16 stack   relative error %.2g\n", bf16_error);
  check_below(bf16_error, 0.01, std::string(kernels.name) + " bf16 stack");

  // Cancelled before the first block's attention.
  const Shape4 s{3, 30, 2, 16, 32, 64, 2};
  const RandomStack stack(kernels, random, s, {Norm::Kind::layer, 1e-6f}, Precision::fp32);
  packed::EncoderStack encoder(plain_block(s, 0.25, Activation::gelu), stack.blocks);
  Floats x = random.reals(s.batch * s.tokens * s.dim, 1);
  const std::atomic<bool> cancel{true};
  check(!encoder.run(x.data(), x.data(), s.batch, s.tokens, {}, &cancel, nullptr), "a cancelled stack says so");
}

}  // namespace test
}  // namespace vit
