#pragma once

#include "memory/tensor.h"

namespace vit {

/** How several heads become one map. */
enum class HeadFusion { mean, max, min };

/** maps (heads, size) to fused (size). */
void fuse_heads(const float* maps, int64_t heads, int64_t size, HeadFusion how, Floats& fused);

}  // namespace vit
