#include "packed/packed_linear.h"

#include <algorithm>

#include "kernels/activations.h"
#include "packed/workspace.h"

namespace vit {
namespace packed {

PackedLinear::PackedLinear(const Kernels& kernels, Precision precision, const WeightRows& weight, Floats bias)
    : Linear(weight.out, weight.in, std::move(bias)), matrix_(kernels, precision, weight) {}

void PackedLinear::apply(const float* x, int64_t ldx, int64_t n, float* y, int64_t ldy, const Epilogue& e) const {
  const Kernels& k = matrix_.kernels();
  ThreadPool& pool = current_pool();
  // Rows are split over the threads; with few rows (a classifier) the outputs are.
  const bool by_rows = n >= pool.size() * k.tile_rows;
  pool.run([&](int thread) {
    const auto share = [&](int64_t total) {
      return std::pair<int64_t, int64_t>{total * thread / pool.size(), total * (thread + 1) / pool.size()};
    };
    const auto [row, row_end] = by_rows ? share(n) : std::pair<int64_t, int64_t>{0, n};
    const auto [panel, panel_end] =
        by_rows ? std::pair<int64_t, int64_t>{0, matrix_.panels()} : share(matrix_.panels());
    if (row == row_end || panel == panel_end) return;

    // A bounded number of rows at a time: the strips stay in L2 and the workspace small.
    const int64_t most = 16 * k.tile_rows;
    Workspace& space = thread_workspace();
    for (int64_t begin = row; begin < row_end; begin += most) {
      const Strips strips(std::min(most, row_end - begin), k.tile_rows);
      const int64_t length = round_up(in(), kChunk);
      space.start();
      float* const values = space.take(strips.rows * length);

      NormRows as_strips;
      as_strips.kind = NormRows::Kind::identity;
      as_strips.x = x + begin * ldx;
      as_strips.stride = ldx;
      as_strips.length = in();
      as_strips.strips = strips;
      as_strips.out = values;
      k.norm(as_strips);

      Product p = matrix_.product();
      p.panel_begin = panel;
      p.panel_end = panel_end;
      p.scratch = space.take(k.product_scratch(strips.count));
      matrix_.feed(p, strips, values, length, in(), space.take(matrix_.feed_scratch(strips.rows)));
      p.store.bias = bias().empty() ? nullptr : bias().data();
      set_activation(p.store, e.activation);
      p.store.gamma = e.gamma;
      p.store.out = y + begin * ldy;
      p.store.stride = ldy;
      p.store.residual = e.residual ? e.residual + begin * e.ldr : nullptr;
      p.store.residual_stride = e.ldr;
      k.product(p);
    }
  });
}

void set_activation(TileStore& store, Activation activation) {
  switch (activation) {
    case Activation::identity:
      store.activation = FusedActivation::none;
      return;
    case Activation::gelu:
      store.activation = FusedActivation::gelu;
      return;
    case Activation::gelu_tanh:
      store.activation = FusedActivation::gelu_tanh;
      return;
    case Activation::quick_gelu:
      store.activation = FusedActivation::quick_gelu;
      return;
    case Activation::silu:
      store.activation = FusedActivation::silu;
      return;
    case Activation::relu:
      store.activation = FusedActivation::relu;
      return;
    default:
      store.activation = FusedActivation::other;
      store.which = static_cast<int>(activation);
      store.other = [](int which, float* values, int64_t n) { activate(static_cast<Activation>(which), values, n); };
  }
}

}  // namespace packed
}  // namespace vit
