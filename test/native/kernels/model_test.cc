#include <string>

#include "architecture/footprint.h"
#include "check.h"
#include "model/model.h"

namespace vit {
namespace test {

namespace {

/** Widths that are multiples of nothing, any order of a block, any number of prefix tokens. */
Architecture random_architecture(Random& random, int64_t most_tokens, int64_t most_heads) {
  const auto coin = [&random] { return random.between(0, 1) == 1; };
  const auto norm = [&]() -> Norm {
    return {static_cast<Norm::Kind>(random.between(0, 9) < 7 ? 0 : random.between(1, 2)), 1e-6f};
  };
  Architecture a{};
  a.prefix = {coin(), false, random.between(0, 3)};
  a.prefix.distillation = a.prefix.class_token && coin();
  const int64_t patches = std::max<int64_t>(1, most_tokens - a.prefix.count());
  const int64_t rows = random.between(1, std::min<int64_t>(patches, 34)), columns = random.between(1, patches / rows);
  a.tokenizer.kind = Tokenizer::Kind::patch;
  a.tokenizer.patch_height = random.between(1, 5);
  a.tokenizer.patch_width = random.between(1, 5);
  a.tokenizer.bias = coin();
  a.channels = random.between(1, 4);
  // Pixels that fill no patch are left out.
  a.height = rows * a.tokenizer.patch_height + random.between(0, a.tokenizer.patch_height - 1);
  a.width = columns * a.tokenizer.patch_width + random.between(0, a.tokenizer.patch_width - 1);
  a.dim = random.between(1, 100);
  a.depth = random.between(1, 2);

  Block& b = a.block;
  b.dim_in = b.dim = a.dim;
  b.heads = random.between(1, most_heads);
  b.head_dim = coin() ? 16 * random.between(1, 2) : random.between(1, 30);
  // Seeded weights are small; a large scale makes attention choose all the same.
  b.scale = static_cast<float>(random.uniform() * 8 / std::sqrt(static_cast<double>(b.head_dim)));
  b.qkv_bias = coin();
  b.proj_bias = coin();
  b.attn_residual = true;
  b.norm = norm();
  b.branches = 1;
  b.layer_scale = coin();
  b.mlp_hidden = random.between(1, 150);
  b.mlp_bias = coin();
  b.activation = static_cast<Activation>(random.between(0, static_cast<int64_t>(Activation::identity)));
  if (random.between(0, 2) == 0) {
    b.order = static_cast<Block::Order>(random.between(0, 4));
    if (b.order == Block::Order::parallel) b.branches = random.between(1, 3);
    if (coin()) b.qk_norm = norm();
    const bool scaling = b.order == Block::Order::parallel_scaling;
    if (!scaling && coin()) b.attn_norm = norm();
    if (!scaling && coin()) b.mlp_norm = norm();
    if (b.order != Block::Order::parallel_scaling && coin()) {
      b.mlp = coin() ? Block::Mlp::glu : Block::Mlp::swiglu;
      b.mlp_hidden *= 2;
    }
  }

  a.position.kind = static_cast<Position::Kind>(random.between(0, 2));
  a.position.covers = static_cast<Position::Covers>(random.between(0, 2));
  a.position.grid = coin() ? Grid{rows, columns} : Grid{random.between(1, 9), random.between(1, 9)};
  a.final_norm = norm();
  a.pool = a.prefix.class_token ? static_cast<Pool>(random.between(0, 3)) : Pool::avg;
  if (a.pool == Pool::distilled) a.pool = Pool::avg;
  a.classes = random.between(1, 40);
  a.head_bias = coin();
  return a;
}

struct Outcome {
  Floats logits, maps, tokens;
};

Outcome run(const Architecture& a, Gemm by, int threads, const Floats& input, int64_t batch, bool keep_tokens) {
  const auto model = Model::load({a, {}, 11, by, Precision::fp32, threads, int64_t{1} << 32});
  const bool computed = a.position.kind == Position::Kind::sinusoid;  // not among the parameters
  check(static_cast<double>(model->parameters()) ==
            count_weights(a).total() - (computed ? static_cast<double>(a.position_rows(a.position.grid) * a.dim) : 0),
        "the weights are counted before they are loaded");
  ForwardOptions options;
  const auto plain = model->forward(input, batch, options);
  options.attention = true;
  options.tokens = keep_tokens;
  const auto kept = model->forward(input, batch, options);
  check_close(plain->logits, kept->logits, 2e-5, "logits with what is kept and without");
  return {plain->logits, kept->maps, kept->layers};
}

void compare_paths(Random& random, int64_t most_tokens, int64_t most_heads) {
  const Architecture a = random_architecture(random, most_tokens, most_heads);
  const int64_t batch = most_tokens > 100 ? 1 : random.between(1, 3);
  const int threads = static_cast<int>(random.between(1, 3));
  const bool keep_tokens = random.between(0, 1) == 1;
  const Floats input = random.reals(batch * a.channels * a.height * a.width, 2);
  const std::string what = std::to_string(a.num_tokens()) + " tokens of " + std::to_string(a.dim) + ", " +
                           std::to_string(a.block.heads) + " heads of " + std::to_string(a.block.head_dim);
  const Outcome naive = run(a, Gemm::naive, threads, input, batch, keep_tokens);
  for (const Gemm by : {Gemm::blas, Gemm::packed}) {
    const Outcome other = run(a, by, threads, input, batch, keep_tokens);
    const std::string path = (by == Gemm::blas ? "blas: " : "packed: ") + what;
    check_close(other.logits, naive.logits, 1e-4, path + ", logits");
    check_close(other.maps, naive.maps, 1e-5, path + ", maps");
    check_close(other.tokens, naive.tokens, 1e-4, path + ", tokens");
  }
}

}  // namespace

void test_models() {
  Random random(6);
  for (int round = 0; round < 120; round++) compare_paths(random, random.between(1, 90), 16);
  for (int round = 0; round < 4; round++) compare_paths(random, 1100, 3);
}

}  // namespace test
}  // namespace vit
