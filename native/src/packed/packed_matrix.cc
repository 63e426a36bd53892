#include "packed/packed_matrix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/half.h"
#include "linalg/cpu.h"
#include "linalg/parallel.h"

namespace vit {
namespace packed {

namespace {

WeightType weight_type(const Kernels& kernels, Precision precision, Stored stored) {
  if (precision == Precision::int8) return WeightType::int8;
  if (precision == Precision::bf16) return kernels.pairs ? WeightType::bf16_pairs : WeightType::bf16;
  if (precision != Precision::stored || stored == Stored::f32) return WeightType::f32;
  return stored == Stored::f16 ? WeightType::f16 : WeightType::bf16;
}

int64_t value_bytes(WeightType type) { return type == WeightType::f32 ? 4 : type == WeightType::int8 ? 1 : 2; }

/** panel [in][width] = the transpose of rows (width, in). */
template <class T>
void transpose_rows(const T* rows, int64_t in, int64_t width, T* panel) {
  for (int64_t k = 0; k < in; k++)
    for (int64_t j = 0; j < width; j++) panel[k * width + j] = rows[j * in + k];
}

int64_t step_of(const Kernels& kernels, WeightType type) {
  return type == WeightType::int8 ? kernels.group : type == WeightType::bf16_pairs ? 2 : 1;
}

/** Rows of a weight as bfloat16. */
struct NarrowedRows {
  const WeightRows& rows;

  void operator()(int64_t begin, int64_t count, uint16_t* bits) const {
    Floats values(static_cast<size_t>(count * rows.in));
    rows.read(begin, count, values.data());
    for (size_t i = 0; i < values.size(); i++) bits[i] = nearest_bf16(values[i]);
  }
};

}  // namespace

PackedMatrix::PackedMatrix(const Kernels& kernels, Precision precision, const WeightRows& rows)
    : kernels_(kernels),
      out_(rows.out),
      in_(rows.in),
      half_(rows.gated ? rows.out / 2 : 0),
      type_(weight_type(kernels, precision, rows.stored)),
      step_(step_of(kernels, type_)),
      narrows_(precision == Precision::bf16),
      values_(Buffer::untouched(panels() * kernels.panel * steps() * step_ * value_bytes(type_))) {
  if (type_ == WeightType::int8) {
    scale_.assign(static_cast<size_t>(columns()), 0.0f);
    zero_.assign(static_cast<size_t>((1 + segments()) * columns()), 0);
  }
  // A thread first touches the memory it fills, which takes longer than filling it. Small matrices are not worth
  // threads.
  const int64_t threads = values_.bytes() >= int64_t{1} << 20 ? choose_threads(0) : 1;
  run_in_parallel(threads, panels(), [&](int64_t begin, int64_t end) {
    if (type_ == WeightType::f32)
      pack(begin, end, rows.read, values_.floats());
    else if (type_ == WeightType::int8)
      pack_int8(begin, end, rows);
    else if (type_ == WeightType::bf16_pairs)
      pack_pairs(begin, end, rows);
    else if (narrows_)
      pack(begin, end, NarrowedRows{rows}, static_cast<uint16_t*>(values_.data()));
    else
      pack(begin, end, rows.read_bits, static_cast<uint16_t*>(values_.data()));
  });
}

int64_t PackedMatrix::steps_of(int64_t k) const {
  const int64_t steps = (k + step_ - 1) / step_;
  return type_ == WeightType::bf16_pairs ? round_up(steps, kChunk) : steps;
}

int64_t PackedMatrix::output(int64_t column) const {
  if (!half_) return column < out_ ? column : -1;
  const int64_t width = kernels_.panel, part = width / 2, at = column / width * part + column % part;
  return at < half_ ? column % width / part * half_ + at : -1;
}

int64_t PackedMatrix::column(int64_t output) const {
  if (!half_) return output;
  const int64_t width = kernels_.panel, part = width / 2, at = output % half_;
  return at / part * width + output / half_ * part + at % part;
}

template <class Read, class T>
void PackedMatrix::pack(int64_t panel, int64_t panel_end, const Read& read, T* panels) const {
  const int64_t width = kernels_.panel;
  std::vector<T> block(static_cast<size_t>(width * in_));
  for (; panel < panel_end; panel++) {
    const int64_t begin = panel * width;
    std::fill(block.begin(), block.end(), T{});
    // Outputs of a panel lie side by side in the file, or half of them do.
    const int64_t run = half_ ? width / 2 : width;
    for (int64_t j = 0; j < width; j += run) {
      const int64_t first = output(begin + j);
      if (first < 0) continue;
      const int64_t end = half_ ? (first / half_ + 1) * half_ : out_;
      read(first, std::min(run, end - first), block.data() + j * in_);
    }
    transpose_rows(block.data(), in_, width, panels + begin * in_);
  }
}

void PackedMatrix::pack_pairs(int64_t panel, int64_t panel_end, const WeightRows& rows) {
  const int64_t width = kernels_.panel, size = width * steps() * step_;
  const NarrowedRows narrowed{rows};
  std::vector<uint16_t> row(static_cast<size_t>(in_));
  for (; panel < panel_end; panel++) {
    uint16_t* const values = static_cast<uint16_t*>(values_.data()) + panel * size;
    std::fill_n(values, size, uint16_t{0});
    for (int64_t n = panel * width; n < std::min(columns(), (panel + 1) * width); n++) {
      const int64_t from = output(n);
      if (from < 0) continue;
      narrowed(from, 1, row.data());
      for (int64_t k = 0; k < in_; k++)
        values[(k / step_ * width + n % width) * step_ + k % step_] = row[static_cast<size_t>(k)];
    }
  }
}

void PackedMatrix::pack_int8(int64_t panel, int64_t panel_end, const WeightRows& rows) {
  const int64_t width = kernels_.panel, steps = this->steps();
  const auto most = static_cast<float>(kernels_.largest_weight);
  Floats row(static_cast<size_t>(in_));
  for (; panel < panel_end; panel++) {
    int8_t* const values = static_cast<int8_t*>(values_.data()) + panel * width * steps * step_;
    std::fill_n(values, width * steps * step_, int8_t{0});
    for (int64_t n = panel * width; n < std::min(columns(), (panel + 1) * width); n++) {
      const int64_t from = output(n);
      if (from < 0) continue;
      rows.read(from, 1, row.data());
      float largest = 0;
      for (const float value : row) largest = std::max(largest, std::fabs(value));
      scale_[static_cast<size_t>(n)] = largest / most;
      const float factor = largest > 0 ? most / largest : 0.0f;
      for (int64_t k = 0; k < in_; k++) {
        const auto value = static_cast<int8_t>(std::lrintf(row[static_cast<size_t>(k)] * factor));
        values[(k / step_ * width + n % width) * step_ + k % step_] = value;
        zero_[static_cast<size_t>(n)] += kernels_.zero * value;
        zero_[static_cast<size_t>((1 + k / kSegment) * columns() + n)] += kernels_.zero * value;
      }
    }
  }
}

int64_t PackedMatrix::bytes() const {
  return values_.bytes() + static_cast<int64_t>(4 * (scale_.size() + zero_.size()));
}

void PackedMatrix::rows(int64_t begin, int64_t count, float* values) const {
  const int64_t width = kernels_.panel, length = steps() * step_;
  for (int64_t i = 0; i < count; i++) {
    const int64_t n = column(begin + i), panel = n / width * width * length;
    for (int64_t k = 0; k < in_; k++) {
      const int64_t at = panel + (k / step_ * width + n % width) * step_ + k % step_;
      float& value = values[i * in_ + k];
      if (type_ == WeightType::f32)
        value = values_.floats()[at];
      else if (type_ == WeightType::int8)
        value = static_cast<float>(static_cast<const int8_t*>(values_.data())[at]) * scale_[static_cast<size_t>(n)];
      else
        widen(type_ == WeightType::f16 ? Stored::f16 : Stored::bf16, static_cast<const uint16_t*>(values_.data()) + at,
              1, &value);
    }
  }
}

template <class Copy>
void PackedMatrix::each_run(int64_t begin, int64_t count, const Copy& copy) const {
  const int64_t width = kernels_.panel, run = half_ ? width / 2 : width, length = steps() * step_;
  for (int64_t n = 0; n < panels() * width; n += run) {
    const int64_t first = output(n);
    if (first < 0) continue;
    const int64_t end = half_ ? (first / half_ + 1) * half_ : out_, taken = std::min(run, end - first);
    const int64_t panel = n / width * width * length;
    for (int64_t k = begin; k < begin + count; k++)
      copy(k, panel + (k / step_ * width + n % width) * step_ + k % step_, first, taken);
  }
}

void PackedMatrix::transposed_rows(int64_t begin, int64_t count, float* values) const {
  each_run(begin, count, [&](int64_t k, int64_t from, int64_t first, int64_t n) {
    float* const to = values + (k - begin) * out_ + first;
    if (type_ == WeightType::f32) {
      std::copy_n(values_.floats() + from, n, to);
    } else if (type_ == WeightType::int8) {
      const int8_t* const quantised = static_cast<const int8_t*>(values_.data()) + from;
      for (int64_t j = 0; j < n; j++)
        to[j] = static_cast<float>(quantised[j * step_]) * scale_[static_cast<size_t>(column(first + j))];
    } else {
      const Stored stored = type_ == WeightType::f16 ? Stored::f16 : Stored::bf16;
      const uint16_t* const bits = static_cast<const uint16_t*>(values_.data()) + from;
      for (int64_t j = 0; j < n; j++) widen(stored, bits + j * step_, 1, to + j);
    }
  });
}

void PackedMatrix::transposed_rows(int64_t begin, int64_t count, uint16_t* bits) const {
  each_run(begin, count, [&](int64_t k, int64_t from, int64_t first, int64_t n) {
    const uint16_t* const values = static_cast<const uint16_t*>(values_.data()) + from;
    for (int64_t j = 0; j < n; j++) bits[(k - begin) * out_ + first + j] = values[j * step_];
  });
}

Product PackedMatrix::product() const {
  Product p;
  p.k = steps();
  p.type = type_;
  p.panels = values_.data();
  p.b_length = p.k;
  p.columns = columns();
  p.panel_begin = 0;
  p.panel_end = panels();
  p.column_scale = scale_.data();
  p.column_zero = zero_.data();
  return p;
}

Product PackedMatrix::product(int64_t segment) const {
  Product p = product();
  p.b_begin = segment * kSegment / step_;
  p.k = steps_of(std::min(kSegment, in_ - segment * kSegment));
  p.column_zero += (1 + segment) * columns();
  return p;
}

int64_t PackedMatrix::feed_scratch(int64_t rows) const {
  const int64_t strips = rows * round_up(steps(), kChunk);
  if (type_ == WeightType::int8) return strips + round_up(rows, kChunk);
  return narrows_ ? strips : 0;
}

void PackedMatrix::feed(Product& product, const Strips& strips, const float* x, int64_t x_length, int64_t length,
                        float* scratch) const {
  product.strips = strips;
  product.a = x;
  product.a_length = x_length;
  if (type_ != WeightType::int8 && !narrows_) return;
  product.a_length = round_up(steps_of(length), kChunk);
  if (narrows_) {
    NarrowRows n;
    n.strips = strips;
    n.x = x;
    n.x_length = x_length;
    n.length = length;
    n.out = reinterpret_cast<int32_t*>(scratch);
    n.out_length = product.a_length;
    kernels_.narrow(n);
    product.a = n.out;
    return;
  }
  QuantiseRows q;
  q.strips = strips;
  q.x = x;
  q.x_length = x_length;
  q.length = length;
  q.scale = scratch;
  q.out = reinterpret_cast<int32_t*>(scratch + round_up(strips.rows, kChunk));
  kernels_.quantise(q);
  product.a = q.out;
  product.row_scale = q.scale;
}

}  // namespace packed
}  // namespace vit
