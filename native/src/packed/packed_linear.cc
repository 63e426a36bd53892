#include "packed/packed_linear.h"

#include <algorithm>

#include "packed/workspace.h"

namespace vit {
namespace packed {

PackedLinear::PackedLinear(const Kernels& kernels, Precision precision, const WeightRows& weight, Floats bias)
    : Linear(weight.out, weight.in, std::move(bias)), matrix_(kernels, precision, weight) {
  if (!matrix_.half() || this->bias().empty()) return;
  column_bias_.assign(static_cast<size_t>(matrix_.columns()), 0.0f);
  for (int64_t n = 0; n < matrix_.columns(); n++)
    if (matrix_.output(n) >= 0)
      column_bias_[static_cast<size_t>(n)] = this->bias()[static_cast<size_t>(matrix_.output(n))];
}

const float* PackedLinear::column_bias() const {
  const Floats& values = matrix_.half() ? column_bias_ : bias();
  return values.empty() ? nullptr : values.data();
}

std::unique_ptr<Linear> PackedLinear::transposed() const {
  const PackedMatrix& m = matrix_;
  WeightRows rows{in(), out(), Stored::f32, nullptr, nullptr, false};
  rows.read = [&m](int64_t begin, int64_t count, float* to) { m.transposed_rows(begin, count, to); };
  Precision precision = Precision::fp32;
  if (m.type() != WeightType::f32 && m.type() != WeightType::int8) {
    precision = Precision::stored;
    rows.stored = m.type() == WeightType::f16 ? Stored::f16 : Stored::bf16;
    rows.read_bits = [&m](int64_t begin, int64_t count, uint16_t* to) { m.transposed_rows(begin, count, to); };
  }
  return std::make_unique<PackedLinear>(m.kernels(), precision, rows, Floats());
}

void PackedLinear::apply_back(const float* dy, int64_t lddy, int64_t n, float* dx, int64_t lddx, bool add) const {
  Epilogue e;
  if (add) {
    e.residual = dx;
    e.ldr = lddx;
  }
  transposed()->apply(dy, lddy, n, dx, lddx, e);
}

void PackedLinear::apply(const float* x, int64_t ldx, int64_t n, float* y, int64_t ldy, const Epilogue& e) const {
  const Kernels& k = matrix_.kernels();
  ThreadPool& pool = current_pool();
  const int threads = threads_for(static_cast<double>(n) * static_cast<double>(out()) * static_cast<double>(in()));
  // Rows are split over the threads; with few rows (a classifier) the outputs are.
  const bool by_rows = n >= threads * k.tile_rows;
  pool.run(threads, [&](int thread) {
    const auto share = [&](int64_t total) {
      return std::pair<int64_t, int64_t>{total * thread / threads, total * (thread + 1) / threads};
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
      p.store.bias = column_bias();
      p.store.half_columns = matrix_.half();
      p.store.activation = e.activation;
      p.store.gamma = e.gamma;
      p.store.out = y + begin * ldy;
      p.store.stride = ldy;
      p.store.residual = e.residual ? e.residual + begin * e.ldr : nullptr;
      p.store.residual_stride = e.ldr;
      k.product(p);
    }
  });
}

}  // namespace packed
}  // namespace vit
