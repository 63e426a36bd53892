#pragma once

#include <string>
#include <vector>

#include "architecture.h"
#include "tensor.h"

namespace vit {

struct Run;

/** One step of the walk-through: what it is called, its shape for one image, and the line that computes it. */
struct Step {
  std::string name;
  Shape shape;
  std::string file;  // native/src/...
  int line;
};

/** Every step of a model, in the order of the computation. */
std::vector<Step> list_steps(const Architecture& a);

/**
 * The values of one step for one image of a run, computed again from the tokens it kept, or from its input. Uses the
 * model's scratch. Throws ERR_ARGUMENT when there is no such step, ERR_MEMORY when it is too large to look at whole.
 */
Tensor compute_step(const Run& run, int64_t image, const std::string& name);

/** (depth, output length): final norm, pooling and head applied to what leaves each block. Uses the model's scratch. */
Floats prediction_by_depth(const Run& run, int64_t image);

}  // namespace vit
