#pragma once

#include "kernels/head_fusion.h"
#include "model/run.h"

namespace vit {

struct RolloutOptions {
  int64_t query, from, to;  // layers from..to, both included
  HeadFusion fusion;
  double discard_ratio;  // 0..1
};

/**
 * Row `query` of the attention rollout (Abnar & Zuidema 2020, eq. 1): A_to ... A_from with A = rows of (fused + I) / 2
 * made to sum to 1, `fused` one map from all heads with the smallest discard_ratio of its entries put to zero. (N).
 * Only the row is carried through the layers, so this is N^2 a layer, not N^3. Throws ERR_ARGUMENT.
 */
Floats rollout(const Run& run, int64_t image, const RolloutOptions& options);

}  // namespace vit
