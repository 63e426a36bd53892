#include <string>

#include "architecture/footprint.h"
#include "block_oracle.h"
#include "check.h"
#include "kernels/activations.h"
#include "model/model.h"
#include "packed/workspace.h"

namespace vit {
namespace test {

namespace {

Norm random_norm(Random& random) {
  return {static_cast<Norm::Kind>(random.between(0, 9) < 7 ? 0 : random.between(1, 2)), 1e-6f};
}

/** Any order and any norms unless `plain`; with a value skip the caller makes its lengths meet. */
Block random_block(Random& random, int64_t dim_in, int64_t dim, int64_t most_heads, bool plain) {
  const auto coin = [&random] { return random.coin(); };
  Block b{};
  b.dim_in = dim_in;
  b.dim = dim;
  b.heads = random.between(1, most_heads);
  b.head_dim = coin() ? 16 * random.between(1, 2) : random.between(1, 30);
  // Seeded weights are small; a large scale makes attention choose all the same.
  b.scale = static_cast<float>(random.uniform() * 8 / std::sqrt(static_cast<double>(b.head_dim)));
  b.qkv_bias = coin();
  b.proj_bias = coin();
  b.attn_residual = true;
  b.norm = random_norm(random);
  b.branches = 1;
  b.layer_scale = coin();
  // Sometimes more than the columns that exist at a time.
  b.mlp_hidden = random.between(0, 19) == 0 ? random.between(760, 1700) : random.between(1, 150);
  b.mlp_bias = coin();
  b.activation = static_cast<Activation>(random.between(0, static_cast<int64_t>(Activation::identity)));
  if (plain) return b;
  b.order = static_cast<Block::Order>(random.between(0, 4));
  const bool scaling = b.order == Block::Order::parallel_scaling;
  if (b.order == Block::Order::parallel) b.branches = random.between(1, 3);
  if (coin()) b.qk_norm = random_norm(random);
  if (!scaling && coin()) b.attn_norm = random_norm(random);
  if (!scaling && coin()) b.mlp_norm = random_norm(random);
  b.value_skip = !scaling && b.order != Block::Order::parallel && coin();
  if (!scaling && coin()) {
    b.mlp = coin() ? Block::Mlp::glu : Block::Mlp::swiglu;
    b.mlp_hidden *= 2;
  }
  return b;
}

/** One or two soft splits in front of the last one, as the articles' Tokens2Token. */
Tokenizer random_soft_splits(Random& random, int64_t channels, Grid image) {
  Tokenizer t{};
  t.kind = Tokenizer::Kind::soft_split;
  t.bias = random.coin();
  int64_t length = channels;
  const int64_t stages = random.between(1, 2);
  for (int64_t i = 0; i <= stages; i++) {
    SoftSplit split{random.between(1, 4), random.between(1, 3), random.between(0, 2)};
    if (count_tokens(image, split).count() < 1) split = {1, 1, 0};
    image = count_tokens(image, split);
    t.splits.push_back(split);
    if (i == stages) break;
    const int64_t window = length * split.kernel * split.kernel;
    Block stage = random_block(random, window, random.between(1, 40), 3, random.coin());
    stage.order = Block::Order::pre;
    stage.branches = 1;
    stage.value_skip = random.coin();
    if (stage.value_skip) stage.dim = stage.qkv_dim();
    stage.attn_residual = stage.dim == window && random.coin();
    length = stage.dim;
    t.stages.push_back(stage);
  }
  return t;
}

/** Of the encoding blocks; the model's grid and prefix tokens are known. */
void random_attention_positions(Random& random, Architecture& a) {
  const auto coin = [&random] { return random.coin(); };
  const bool axial = coin();
  if (coin() && a.block.head_dim % (axial ? 4 : 2) == 0) {
    Rotary r{};
    r.frequencies = axial ? Rotary::Frequencies::axial : Rotary::Frequencies::mixed;
    r.theta = coin() ? 100 : 10000;
    r.column_first = coin();
    r.coordinates = coin() ? Rotary::Coordinates::index : Rotary::Coordinates::centre;
    r.offset = random.uniform();
    if (coin()) r.reference = Grid{random.between(1, 9), random.between(1, 9)};
    r.pairs = coin() ? Rotary::Pairs::neighbours : Rotary::Pairs::halves;
    r.prefix = a.prefix.count() > 0 && coin();
    a.rotary = r;
  }
  if (coin()) {
    RelativeBias b{};
    b.per_block = coin();
    b.shared = !b.per_block || coin();
    b.grid = a.grid();
    b.class_entries = a.prefix.class_token && a.prefix.count() == 1;
    a.relative_bias = b;
  }
}

/** Widths that are multiples of nothing, any order of a block, any number of prefix tokens. */
Architecture random_architecture(Random& random, int64_t most_tokens, int64_t most_heads) {
  const auto coin = [&random] { return random.between(0, 1) == 1; };
  const auto norm = [&] { return random_norm(random); };
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

  const bool plain = random.between(0, 2) == 0;
  a.block = random_block(random, a.dim, a.dim, most_heads, plain);
  if (a.block.value_skip) a.dim = a.block.dim_in = a.block.dim = a.block.qkv_dim();

  if (most_tokens <= 100 && random.between(0, 3) == 0)
    a.tokenizer = random_soft_splits(random, a.channels, {a.height, a.width});

  a.position.kind = static_cast<Position::Kind>(random.between(0, 2));
  a.position.covers = static_cast<Position::Covers>(random.between(0, 2));
  a.position.grid = coin() ? Grid{rows, columns} : Grid{random.between(1, 9), random.between(1, 9)};
  random_attention_positions(random, a);
  a.final_norm = norm();
  a.pool = a.prefix.class_token ? static_cast<Pool>(random.between(0, 3)) : Pool::avg;
  if (a.pool == Pool::distilled) a.pool = Pool::avg;
  a.classes = random.between(1, 40);
  a.head_bias = coin();
  return a;
}

struct Outcome {
  std::shared_ptr<const Model> model;
  Floats logits, maps, tokens, stage_rows;  // tokens: (depth + 1, B, N, D)
};

Outcome run(const Architecture& a, Gemm by, int threads, const Floats& input, int64_t batch) {
  const auto model = Model::load({a, {}, 11, by, Precision::fp32, threads, int64_t{1} << 32});
  const bool computed = a.position.kind == Position::Kind::sinusoid;  // not among the parameters
  const double counted =
      count_weights(a).total() - (computed ? static_cast<double>(a.position_rows(a.position.grid) * a.dim) : 0);
  const auto parameters = static_cast<double>(model->parameters());
  // What positions inside attention take is counted with the tables made for the grid.
  check(a.rotary || a.relative_bias ? parameters <= counted : parameters == counted,
        "the weights are counted before they are loaded");
  ForwardOptions options;
  const auto plain = model->forward(input, batch, options);
  options.attention = true;
  options.tokens = true;
  const auto kept = model->forward(input, batch, options);
  options.tokens = false;
  // Without them the packed path's last block leaves out what nobody reads.
  const auto few = by == Gemm::packed ? model->forward(input, batch, options) : kept;
  check_close(plain->logits, kept->logits, 2e-5, "logits with what is kept and without");
  check_close(few->maps, kept->maps, 2e-5, "maps with the tokens and without");
  Floats rows;
  for (size_t stage = 0; stage < a.tokenizer.stages.size(); stage++) {
    const Floats one = kept->stage_attention_rows(batch - 1, static_cast<int64_t>(stage), 0);
    rows.insert(rows.end(), one.begin(), one.end());
  }
  return {model, plain->logits, kept->maps, kept->layers, rows};
}

double furthest(const Doubles& a, const Doubles& b) {
  double most = 0;
  for (size_t i = 0; i < a.size(); i++) most = std::max(most, std::fabs(a[i] - b[i]));
  return most;
}

/**
 * Every path against the blocks in float64, the naive one too, which rounds each result to float32: maps within 1e-5,
 * tokens within 1e-4, or, where a model answers float32's rounding with more than that (a norm of three nearly equal
 * numbers, in front of a softmax that chooses), within what that rounding does to the float64 results.
 */
class Bounds {
 public:
  Bounds(const Architecture& a, const Outcome& naive, int64_t batch, uint64_t seed)
      : a_(a), model_(*naive.model), batch_(batch), noise_(seed) {
    entering_ = entering(naive);
    exact_ = BlockOracle(a, model_).run(entering_, batch);
  }
  void check(const Outcome& path, const std::string& what) {
    const Floats own = entering(path);
    check_close(own, entering_, 1e-4, what + ", tokens in front of the blocks");
    Apart apart(path, own.size(), exact_);
    Apart bound{1e-5, 1e-4};
    if (apart.maps > bound.maps || apart.tokens > bound.tokens) {
      // From what entered this path's blocks, which a token transformer may have moved.
      const auto exact = BlockOracle(a_, model_).run(own, batch_);
      apart = Apart(path, own.size(), exact);
      for (int draw = 0; draw < 8; draw++) {
        const auto moved = BlockOracle(a_, model_, &noise_).run(own, batch_);
        bound.maps = std::max(bound.maps, furthest(moved.maps, exact.maps));
        bound.tokens = std::max(bound.tokens, furthest(moved.tokens, exact.tokens));
      }
    }
    check_below(apart.maps, bound.maps, what + ", maps");
    check_below(apart.tokens, bound.tokens, what + ", tokens");
  }

 private:
  struct Apart {
    double maps, tokens;
    Apart(double of_maps, double of_tokens) : maps(of_maps), tokens(of_tokens) {}
    Apart(const Outcome& path, size_t skip, const BlockOracle::Outcome& exact)
        : maps(furthest(Doubles(path.maps.begin(), path.maps.end()), exact.maps)),
          tokens(furthest(Doubles(path.tokens.begin() + static_cast<int64_t>(skip), path.tokens.end()), exact.tokens)) {
    }
  };
  Floats entering(const Outcome& path) const {
    return Floats(path.tokens.begin(), path.tokens.begin() + batch_ * a_.num_tokens() * a_.dim);
  }

  const Architecture& a_;
  const Model& model_;
  const int64_t batch_;
  Floats entering_;
  BlockOracle::Outcome exact_;
  Random noise_;
};

void compare_paths(Random& random, int64_t most_tokens, int64_t most_heads) {
  const Architecture a = random_architecture(random, most_tokens, most_heads);
  const int64_t batch = most_tokens > 100 ? 1 : random.between(1, 3);
  const int threads = static_cast<int>(random.between(1, 3));
  const Floats input = random.reals(batch * a.channels * a.height * a.width, 2);
  const std::string what =
      std::to_string(a.num_tokens()) + " tokens of " + std::to_string(a.dim) + ", " + std::to_string(a.block.heads) +
      " heads of " + std::to_string(a.block.head_dim) + ", order " + std::to_string(static_cast<int>(a.block.order)) +
      ", " + to_string(a.block.activation) + ", MLP " + std::to_string(static_cast<int>(a.block.mlp)) + " of " +
      std::to_string(a.block.mlp_hidden) + ", " + std::to_string(a.tokenizer.stages.size()) + " token transformers" +
      (a.rotary ? ", rotary" : "") + (a.relative_bias ? ", bias" : "");
  const Outcome naive = run(a, Gemm::naive, threads, input, batch);
  Bounds bounds(a, naive, batch, random.next());
  bounds.check(naive, "naive: " + what);
  for (const Gemm by : {Gemm::blas, Gemm::packed}) {
    const Outcome other = run(a, by, threads, input, batch);
    const std::string path = (by == Gemm::blas ? "blas: " : "packed: ") + what;
    bounds.check(other, path);
    check_close(other.logits, naive.logits, 1e-4, path + ", logits");
    check_close(other.stage_rows, naive.stage_rows, 1e-5, path + ", rows of the token transformers");
  }
}

}  // namespace

void test_models() {
  Random random(6);
#if defined(VIT_PACKED)
  packed::share_from(0);
#endif
  for (int round = 0; round < 200; round++) compare_paths(random, random.between(1, 90), 16);
  for (int round = 0; round < 4; round++) compare_paths(random, 1100, 3);
}

}  // namespace test
}  // namespace vit
