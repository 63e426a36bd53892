#include "vit/trace.h"

#include <algorithm>
#include <cstring>

#include "kernels/sums.h"

namespace vit {

namespace {

std::vector<StepMark>& registry() {
  static std::vector<StepMark> marks;
  return marks;
}

}  // namespace

const std::vector<StepMark>& step_marks() { return registry(); }

bool detail::register_step(const StepMark& mark) {
  registry().push_back(mark);
  return true;
}

std::string Trace::enter(std::string scope) {
  std::swap(scope, scope_);
  return scope;
}

std::string Trace::name(const char* id) const {
  const char* colon = std::strchr(id, ':');
  return scope_ + (colon ? colon + 1 : id);
}

bool Trace::wants(const char* id) const {
  if (look_ == Look::all) return true;
  if (found()) return false;
  // All maps at once can be larger than everything else; what is not finite there is not finite in what follows.
  if (look_ == Look::not_finite) return std::strcmp(id, "attn.scores") != 0 && std::strcmp(id, "attn.weights") != 0;
  return name(id) == wanted_;
}

void Trace::offer(const char* id, const Shape& shape, const float* values, int64_t ld) {
  if (!wants(id)) return;
  const int64_t columns = shape.back();
  const int64_t rows = columns ? elements(shape) / columns : 0;
  Tensor tensor;
  tensor.shape = shape;
  tensor.shape.insert(tensor.shape.begin(), 1);  // the batch, which the walk-through shows
  if (look_ == Look::not_finite) {
    int64_t finite = 0;
    while (finite < rows && all_finite(values + finite * ld, columns)) finite++;
    if (finite < rows) steps_.push_back({name(id), std::move(tensor)});
    return;
  }
  tensor.values.resize(static_cast<size_t>(elements(shape)));
  for (int64_t i = 0; i < rows; i++) std::copy_n(values + i * ld, columns, tensor.values.data() + i * columns);
  steps_.push_back({name(id), std::move(tensor)});
}

}  // namespace vit
