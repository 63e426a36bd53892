#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linalg/linear.h"

namespace vit {

/** The tensors of a loaded model by canonical name: linear weights through their layer, small ones as a copy. */
class NamedTensors {
 public:
  void add(const std::string& name, Shape shape, const Floats& values);
  void add(const std::string& name, std::shared_ptr<const Linear> linear);

  /** Throws ERR_TENSOR when there is none of that name. */
  Tensor get(const std::string& name) const;
  int64_t bytes() const;
  /** The first of them, in the order they were added, that holds NaN or infinity. */
  std::optional<std::string> first_not_finite() const;

 private:
  std::vector<std::string> order_;
  std::map<std::string, Tensor> values_;
  std::map<std::string, std::shared_ptr<const Linear>> linears_;
};

}  // namespace vit
