#pragma once

#include <atomic>
#include <vector>

#include "model/run.h"

namespace vit {

/**
 * Outputs (variants, output length) of one image with the tokens of some patches put to zero before position embedding:
 * those that `masks` (variants, patches) has other than 0, and those that the run itself masked. The picture is
 * embedded once; as many variants run at a time as the memory limit allows, at most 16. Throws ERR_ARGUMENT,
 * ERR_MEMORY, ERR_CANCELLED.
 */
Floats masked_outputs(const Run& run, int64_t image, const std::vector<uint8_t>& masks, int64_t variants,
                      const std::atomic<bool>* cancel);

}  // namespace vit
