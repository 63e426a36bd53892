#include "weights/named_tensors.h"

#include "error.h"

namespace vit {

void NamedTensors::add(const std::string& name, Shape shape, const Floats& values) {
  values_[name] = {std::move(shape), values};
}

void NamedTensors::add(const std::string& name, std::shared_ptr<const Linear> linear) {
  linears_[name] = std::move(linear);
}

Tensor NamedTensors::get(const std::string& name) const {
  const auto value = values_.find(name);
  if (value != values_.end()) return value->second;
  const auto found = linears_.find(name);
  if (found == linears_.end()) throw Error::tensor("This model has no tensor " + name + ".");
  const Linear& linear = *found->second;
  Tensor tensor{{linear.out(), linear.in()}, Floats(static_cast<size_t>(linear.out() * linear.in()))};
  linear.weight_rows(0, linear.out(), tensor.values.data());
  return tensor;
}

int64_t NamedTensors::bytes() const {
  int64_t total = 0;
  for (const auto& [name, tensor] : values_) total += static_cast<int64_t>(tensor.values.size() * sizeof(float));
  for (const auto& [name, linear] : linears_) total += linear->bytes();
  return total;
}

}  // namespace vit
