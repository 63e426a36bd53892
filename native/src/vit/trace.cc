#include "vit/trace.h"

#include <algorithm>
#include <cstring>

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

bool Trace::wants(const char* id) const { return all() || (!found() && name(id) == wanted_); }

void Trace::offer(const char* id, const Shape& shape, const float* values, int64_t ld) {
  if (!wants(id)) return;
  Tensor tensor;
  tensor.shape = shape;
  tensor.shape.insert(tensor.shape.begin(), 1);  // the batch, which the walk-through shows
  tensor.values.resize(static_cast<size_t>(elements(shape)));
  const int64_t columns = shape.back();
  const int64_t rows = columns ? elements(shape) / columns : 0;
  for (int64_t i = 0; i < rows; i++) std::copy_n(values + i * ld, columns, tensor.values.data() + i * columns);
  steps_.push_back({name(id), std::move(tensor)});
}

}  // namespace vit
