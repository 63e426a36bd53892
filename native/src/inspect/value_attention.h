#pragma once

#include "model/run.h"

namespace vit {

/**
 * For query `query` and every token j the length of sum_h A[h, query, j] v_j^h W_o^h (Kobayashi et al. 2020, eq. 5),
 * without proj's bias: (N). Throws ERR_ARGUMENT for an index out of range or a run without tokens.
 */
Floats value_attention(const Run& run, int64_t image, int64_t layer, int64_t query);

}  // namespace vit
