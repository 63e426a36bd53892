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

bool Trace::wants(const char* id) const {
  const char* colon = std::strchr(id, ':');
  return !found_ && scope_ + (colon ? colon + 1 : id) == wanted_;
}

void Trace::offer(const char* id, const Shape& shape, const float* values, int64_t ld) {
  if (!wants(id)) return;
  found_ = true;
  tensor_.shape = shape;
  tensor_.shape.insert(tensor_.shape.begin(), 1);  // the batch, which the walk-through shows
  tensor_.values.resize(static_cast<size_t>(elements(shape)));
  const int64_t columns = shape.back();
  const int64_t rows = columns ? elements(shape) / columns : 0;
  for (int64_t i = 0; i < rows; i++) std::copy_n(values + i * ld, columns, tensor_.values.data() + i * columns);
}

}  // namespace vit
