#pragma once

#include "architecture/architecture.h"

namespace vit {

/**
 * The row of the identity that the relevance starts from (Chefer et al. 2021), (B, N): the token the prediction is read
 * from, or the mean over those it is; see GradientRequest.relevance in binding.d.ts.
 */
void start_relevance(const Architecture& a, int64_t batch, float* row);

/**
 * Grad-CAM (Selvaraju et al. 2017, eq. 1, 2) of tokens x (B, N, D) whose gradient is dx: max(0, sum_d w_d x_td) for
 * every patch t, w the mean of dx over the patches; (B, patches).
 */
void grad_cam(const Architecture& a, const float* x, const float* dx, int64_t batch, float* cam);

}  // namespace vit
