#include "packed/packed_matrix.h"

#include <algorithm>
#include <vector>

#include "weights/half.h"

namespace vit {
namespace packed {

namespace {

WeightType weight_type(Precision precision, Stored stored) {
  if (precision != Precision::stored || stored == Stored::f32) return WeightType::f32;
  return stored == Stored::f16 ? WeightType::f16 : WeightType::bf16;
}

int64_t value_bytes(WeightType type) { return type == WeightType::f32 ? 4 : 2; }

/** panel [in][width] = the transpose of rows (count, in); columns from count on keep their zeros. */
template <class T>
void transpose_rows(const T* rows, int64_t count, int64_t in, int64_t width, T* panel) {
  for (int64_t k = 0; k < in; k++)
    for (int64_t j = 0; j < count; j++) panel[k * width + j] = rows[j * in + k];
}

}  // namespace

PackedMatrix::PackedMatrix(const Kernels& kernels, Precision precision, const WeightRows& rows)
    : kernels_(kernels),
      out_(rows.out),
      in_(rows.in),
      type_(weight_type(precision, rows.stored)),
      values_(panels() * kernels.panel * rows.in * value_bytes(type_)) {
  const int64_t width = kernels.panel;
  const auto pack = [&](auto* panels, const auto& read) {
    std::vector<std::remove_pointer_t<decltype(panels)>> block(static_cast<size_t>(width * in_));
    for (int64_t begin = 0; begin < out_; begin += width) {
      const int64_t count = std::min(width, out_ - begin);
      read(begin, count, block.data());
      transpose_rows(block.data(), count, in_, width, panels + begin * in_);
    }
  };
  if (type_ == WeightType::f32)
    pack(values_.floats(), rows.read);
  else
    pack(static_cast<uint16_t*>(values_.data()), rows.read_bits);
}

void PackedMatrix::rows(int64_t begin, int64_t count, float* values) const {
  const int64_t width = kernels_.panel;
  for (int64_t i = 0; i < count; i++) {
    const int64_t first = (begin + i) / width * width * in_ + (begin + i) % width;
    for (int64_t k = 0; k < in_; k++) {
      const int64_t at = first + k * width;
      float& value = values[i * in_ + k];
      if (type_ == WeightType::f32)
        value = values_.floats()[at];
      else
        widen(type_ == WeightType::f16 ? Stored::f16 : Stored::bf16, static_cast<const uint16_t*>(values_.data()) + at,
              1, &value);
    }
  }
}

Product PackedMatrix::product(int64_t panel_begin, int64_t panel_end) const {
  Product p;
  p.a_length = round_up(in_, kChunk);
  p.k = in_;
  p.type = type_;
  p.panels = values_.data();
  p.b_length = in_;
  p.columns = out_;
  p.panel_begin = panel_begin;
  p.panel_end = panel_end;
  return p;
}

}  // namespace packed
}  // namespace vit
