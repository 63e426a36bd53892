#pragma once

#include <optional>
#include <string>
#include <vector>

#include "architecture/architecture.h"
#include "inspect/part.h"
#include "memory/tensor.h"

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
/** Those of a part on its own, named as run_part names them; `tokens`: how many a block is given. */
std::vector<Step> list_steps(const Part& part, int64_t tokens);

/**
 * The values of one step for one image of a run, computed again from the tokens it kept, or from its input. Uses the
 * model's scratch. Throws ERR_ARGUMENT when there is no such step, ERR_MEMORY when it is too large to look at whole.
 */
Tensor compute_step(const Run& run, int64_t image, const std::string& name);

/**
 * The first step of one image that holds NaN or infinity, computed again from the run's input; none when all are
 * finite. Uses the model's scratch. Throws ERR_ARGUMENT.
 */
std::optional<std::string> first_step_not_finite(const Run& run, int64_t image);

/** (depth, output length): final norm, pooling and head applied to what leaves each block. Uses the model's scratch. */
Floats prediction_by_depth(const Run& run, int64_t image);

}  // namespace vit
