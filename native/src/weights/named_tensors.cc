#include "weights/named_tensors.h"

#include <algorithm>

#include "error.h"
#include "kernels/sums.h"

namespace vit {

void NamedTensors::add(const std::string& name, Shape shape, const Floats& values) {
  order_.push_back(name);
  values_[name] = {std::move(shape), values};
}

void NamedTensors::add(const std::string& name, std::shared_ptr<const Linear> linear) {
  order_.push_back(name);
  linears_[name] = std::move(linear);
}

Tensor NamedTensors::get(const std::string& name) const {
  const auto value = values_.find(name);
  if (value != values_.end()) return value->second;
  const auto found = linears_.find(name);
  if (found == linears_.end()) throw Error::tensor(sentence("This model has no tensor {0}.", name));
  const Linear& linear = *found->second;
  Tensor tensor{{linear.out(), linear.in()}, Floats(static_cast<size_t>(linear.out() * linear.in()))};
  linear.weight_rows(0, linear.out(), tensor.values.data());
  return tensor;
}

std::optional<std::string> NamedTensors::first_not_finite() const {
  Floats rows;
  for (const std::string& name : order_) {
    const auto value = values_.find(name);
    if (value != values_.end()) {
      const Floats& values = value->second.values;
      if (!all_finite(values.data(), static_cast<int64_t>(values.size()))) return name;
      continue;
    }
    const Linear& linear = *linears_.at(name);
    constexpr int64_t kRows = 32;
    rows.resize(static_cast<size_t>(kRows * linear.in()));
    for (int64_t begin = 0; begin < linear.out(); begin += kRows) {
      const int64_t count = std::min(kRows, linear.out() - begin);
      linear.weight_rows(begin, count, rows.data());
      if (!all_finite(rows.data(), count * linear.in())) return name;
    }
  }
  return std::nullopt;
}

int64_t NamedTensors::bytes() const {
  int64_t total = 0;
  for (const auto& [name, tensor] : values_) total += static_cast<int64_t>(tensor.values.size() * sizeof(float));
  for (const auto& [name, linear] : linears_) total += linear->bytes();
  return total;
}

}  // namespace vit
