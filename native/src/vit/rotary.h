#pragma once

#include <memory>
#include <vector>

#include "vit/attention_positions.h"

namespace vit {

/** Makes the rotary tables of a model's blocks from its description and, where they are trained, its weights. */
class RotaryLoader {
 public:
  /** Throws as WeightStore does. */
  RotaryLoader(const Architecture& a, WeightStore& weights);

  /** Of block `layer`; axial frequencies make one for all. */
  std::shared_ptr<const RotaryTable> table(int64_t layer);

 private:
  const Architecture& a_;
  const Rotary& r_;
  const Grid grid_;
  const int64_t pairs_;
  std::vector<double> first_, second_;  // coordinates of every patch
  Floats trained_, prefix_;
  std::shared_ptr<const RotaryTable> shared_;
};

}  // namespace vit
