#include <string>

#include "block_oracle.h"
#include "check.h"
#include "gradient/gradients.h"
#include "kernels/activations.h"
#include "kernels/layer_norm.h"
#include "kernels/softmax.h"
#if defined(VIT_PACKED)
#include "packed/kernels.h"
#include "packed/workspace.h"
#endif

// Backward passes against central differences of float64 forward passes.

namespace vit {
namespace test {

namespace {

constexpr double kStep = 1e-5;

Doubles moved_along(const Floats& x, const Floats& direction, double by) {
  Doubles moved(x.begin(), x.end());
  for (size_t i = 0; i < moved.size(); i++) moved[i] += by * direction[i];
  return moved;
}

/** Sum of a * b. */
template <class A, class B>
double along(const A& a, const B& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

/** A slope that is off by more than float32's sums are, of terms as large as these. */
template <class A, class B>
void check_slope(const A& gradient, const B& direction, double difference, const std::string& what) {
  double size = 0;
  for (size_t i = 0; i < gradient.size(); i++) size += std::fabs(static_cast<double>(gradient[i]) * direction[i]);
  check_below(std::fabs(along(gradient, direction) - difference), 2e-5 * size + 1e-8, what);
}

void test_slopes() {
  Floats x;
  for (int i = -900; i <= 900; i++) x.push_back(static_cast<float>(i) / 100 + 0.0037f);  // beside the kinks
  for (int a = 0; a <= static_cast<int>(Activation::identity); a++) {
    const auto act = static_cast<Activation>(a);
    Floats plain(x.size(), 1.0f), fast(x.size(), 1.0f);
    activate_backward(act, x.data(), plain.data(), static_cast<int64_t>(x.size()));
#if defined(VIT_PACKED)
    if (!packed::kernels().slopes(act, x.data(), fast.data(), static_cast<int64_t>(x.size()))) fast = plain;
#else
    fast = plain;
#endif
    for (size_t i = 0; i < x.size(); i++) {
      const double want = (activate_naive(act, x[i] + kStep) - activate_naive(act, x[i] - kStep)) / (2 * kStep);
      for (const Floats* of : {&plain, &fast})
        if (!(std::fabs((*of)[i] - want) <= 3e-6))
          return check(false, std::string("slope of ") + to_string(act) + " at " + std::to_string(x[i]) + " is " +
                                  std::to_string((*of)[i]) + ", by differences " + std::to_string(want));
    }
  }
}

Doubles exact_norm(const NormLayer& layer, const Doubles& x) {
  const auto n = static_cast<double>(x.size());
  double mean = 0, squares = 0;
  if (layer.norm.kind == Norm::Kind::identity) return x;
  if (layer.norm.kind == Norm::Kind::layer)
    for (const double v : x) mean += v / n;
  for (const double v : x) squares += (v - mean) * (v - mean) / n;
  Doubles y;
  for (size_t i = 0; i < x.size(); i++)
    y.push_back((x[i] - mean) / std::sqrt(squares + layer.norm.eps) * layer.weight[i] +
                (layer.bias.empty() ? 0.0 : layer.bias[i]));
  return y;
}

Doubles exact_softmax(const Doubles& x) {
  Doubles y;
  double total = 0;
  for (const double v : x) y.push_back(std::exp(v));
  for (const double v : y) total += v;
  for (double& v : y) v /= total;
  return y;
}

template <class Forward>
double difference(const Floats& x, const Floats& direction, const Floats& dy, const Forward& forward) {
  return (along(dy, forward(moved_along(x, direction, kStep))) -
          along(dy, forward(moved_along(x, direction, -kStep)))) /
         (2 * kStep);
}

void test_rows() {
  Random random(21);
  for (int round = 0; round < 60; round++) {
    const int64_t length = random.between(2, 300);
    const Floats x = random.reals(length, 3), dy = random.reals(length), direction = random.reals(length);
    const auto kind = static_cast<Norm::Kind>(round % 3);
    NormLayer layer{{kind, 1e-5f}, {}, {}};
    if (kind != Norm::Kind::identity) layer.weight = random.reals(length);
    if (kind == Norm::Kind::layer) layer.bias = random.reals(length);
    Floats dx(x.size()), added = dy;
    norm_backward(layer, x.data(), length, dy.data(), length, 1, length, dx.data(), length, false);
    check_slope(dx, direction, difference(x, direction, dy, [&](const Doubles& v) { return exact_norm(layer, v); }),
                "norm of length " + std::to_string(length));
    norm_backward(layer, x.data(), length, dy.data(), length, 1, length, added.data(), length, true);
    for (size_t i = 0; i < dx.size(); i++) dx[i] += dy[i];
    check_close(added, dx, 0, "what a norm's gradient is added to");

    Floats y = x, gradient = dy;
    softmax(y.data(), 1, length, length);
    softmax_backward(y.data(), gradient.data(), 1, length, length);
    check_slope(gradient, direction, difference(x, direction, dy, exact_softmax),
                "softmax of length " + std::to_string(length));
#if defined(VIT_PACKED)
    Floats fast = x;
    packed::kernels().softmax_rows(fast.data(), 1, length);
    check_close(fast, y, 1e-6, "softmax on vectors");
#endif
  }
}

Architecture random_model(Random& random, int64_t most_tokens) {
  const auto norm = [&] { return Norm{static_cast<Norm::Kind>(random.between(0, 9) < 7 ? 0 : 1), 1e-6f}; };
  Architecture a{};
  a.channels = 1;
  a.tokenizer.kind = Tokenizer::Kind::patch;
  a.tokenizer.patch_height = a.tokenizer.patch_width = 1;
  a.prefix = {true, false, 0};
  a.height = random.between(1, 4);
  a.width = random.between(1, std::max<int64_t>(1, most_tokens / a.height));
  a.depth = 1;
  Block& b = a.block;
  b.heads = random.between(1, 3);
  b.head_dim = random.between(2, 9);
  b.branches = 1;
  b.norm = norm();
  b.order = static_cast<Block::Order>(random.between(0, 4));
  const bool scaling = b.order == Block::Order::parallel_scaling, parallel = b.order == Block::Order::parallel;
  if (parallel) b.branches = random.between(1, 3);
  b.qkv_bias = random.coin();
  b.proj_bias = b.mlp_bias = random.coin();
  b.attn_residual = true;
  b.value_skip = !scaling && !parallel && random.coin();
  b.layer_scale = random.coin();
  a.dim = b.dim = b.dim_in = b.value_skip ? b.qkv_dim() : random.between(3, 40);
  if (random.coin()) b.qk_norm = norm();
  if (!scaling && random.coin()) b.attn_norm = norm();
  if (!scaling && random.coin()) b.mlp_norm = norm();
  b.scale = static_cast<float>((b.qk_norm ? 1 : 12) / std::sqrt(static_cast<double>(b.head_dim)));
  b.mlp = scaling ? Block::Mlp::mlp : static_cast<Block::Mlp>(random.between(0, 2));
  b.mlp_hidden = 2 * random.between(2, 30);
  b.activation = random.coin() ? Activation::gelu : Activation::silu;
  a.pool = Pool::token;
  a.classes = 3;
  return a;
}

void compare_block(Random& random, int64_t most_tokens) {
  const Architecture a = random_model(random, most_tokens);
  const int64_t n = a.num_tokens(), batch = random.between(1, 2), values = batch * n * a.dim,
                maps = batch * a.block.heads * n * n;
  const Floats x = random.reals(values), carried = random.reals(batch * n);
  Floats dy = random.reals(values);
  // As a prediction leaves it that reads the first tokens alone.
  if (random.coin()) std::fill(dy.begin() + random.between(1, n) * a.dim, dy.end(), 0.0f);
  const Floats direction = random.reals(values), map_direction = random.reals(maps);
  for (const Gemm by : {Gemm::packed, Gemm::blas, Gemm::naive}) {
    const auto model = Model::load({a, {}, 11, by, Precision::fp32, 2, int64_t{1} << 32});
    const std::string what = std::string("order ") + std::to_string(static_cast<int>(a.block.order)) + ", " +
                             std::to_string(n) + " tokens of " + std::to_string(a.dim) + ", MLP " +
                             std::to_string(static_cast<int>(a.block.mlp)) + ", products " +
                             std::to_string(static_cast<int>(by));
    const BlockOracle oracle(a, *model);
    const auto tokens = [&](const Doubles& v) { return oracle.run(v, batch).tokens; };

    Pass pass = model->pass();
    auto& [arena, layers] = model->backward_room();
    layers.set_limit(random.coin() ? int64_t{1} << 30 : 0);
    Backward back{pass, arena, layers};
    Floats dx(x.size()), gradient(static_cast<size_t>(maps)), alone(gradient.size()), next(carried.size(), 0.0f);
    BlockLook look;
    look.maps.gradient = gradient.data();
    look.maps.carried = carried.data();
    look.maps.next = next.data();
    model->block(0).backward(x.data(), dy.data(), batch, n, dx.data(), look, back);
    check_slope(dx, direction, difference(x, direction, dy, tokens), what + ": gradient of the tokens");

    const auto moved = [&](double by_much) {
      Doubles delta(map_direction.begin(), map_direction.end());
      for (double& d : delta) d *= by_much;
      return along(dy, oracle.run(Doubles(x.begin(), x.end()), batch, &delta).tokens);
    };
    check_slope(gradient, map_direction, (moved(kStep) - moved(-kStep)) / (2 * kStep), what + ": gradient of the maps");

    // Relevance from the maps and the gradients themselves.
    const Doubles exact = oracle.run(x, batch).maps;
    Doubles want(carried.size(), 0.0);
    double size = 0;
    for (size_t at = 0; at < gradient.size(); at++) {
      const auto index = static_cast<int64_t>(at);
      const int64_t b = index / (a.block.heads * n * n), i = index / n % n, j = index % n;
      const double part = std::max(0.0, exact[at] * gradient[at]) / static_cast<double>(a.block.heads) *
                          carried[static_cast<size_t>(b * n + i)];
      want[static_cast<size_t>(b * n + j)] += part;
      size += std::fabs(part);
    }
    double off = 0;
    for (size_t i = 0; i < want.size(); i++) off = std::max(off, std::fabs(want[i] - next[i]));
    check_below(off, 1e-5 * size + 1e-9, what + ": relevance");

    // With nobody below, what is asked of the maps is the same.
    look = {};
    look.maps.gradient = alone.data();
    look.input = false;
    model->block(0).backward(x.data(), dy.data(), batch, n, nullptr, look, back);
    check_close(alone, gradient, 1e-6, what + ": maps alone");
  }
}

}  // namespace

void test_backward() {
#if defined(VIT_PACKED)
  packed::share_from(0);
#endif
  test_slopes();
  test_rows();
  Random random(22);
  for (int round = 0; round < 60; round++) compare_block(random, 20);
  for (int round = 0; round < 2; round++) compare_block(random, 700);  // several blocks of rows
}

}  // namespace test
}  // namespace vit
