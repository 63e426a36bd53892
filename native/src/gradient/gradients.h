#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "model/run.h"
#include "vit/prediction_processing.h"

namespace vit {

/** GradientRequest and Gradients of binding.d.ts, field for field. */
struct GradientRequest {
  std::vector<Target> targets;  // one for each image
  std::vector<int64_t> attention, tokens;
  bool input = false, relevance = false, grad_cam = false;
  std::shared_ptr<const std::atomic<bool>> cancel;
};

struct Gradients {
  Floats y;                               // (B)
  std::vector<Floats> attention, tokens;  // as requested: (B, h, N, N) and (B, N, D) each
  Floats input, relevance, grad_cam;      // (B, C, H, W), (B, N), (B, patches), or empty
};

/**
 * Gradients of y by one backward pass over the run's kept tokens, one block computed again at a time. Throws
 * ERR_ARGUMENT, ERR_MEMORY and ERR_CANCELLED.
 */
Gradients gradients(const Run& run, const GradientRequest& request);

}  // namespace vit
