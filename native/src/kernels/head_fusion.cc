#include "kernels/head_fusion.h"

#include <algorithm>

namespace vit {

void fuse_heads(const float* maps, int64_t heads, int64_t size, HeadFusion how, Floats& fused) {
  fused.assign(maps, maps + size);
  for (int64_t h = 1; h < heads; h++) {
    const float* map = maps + h * size;
    for (int64_t i = 0; i < size; i++) {
      if (how == HeadFusion::mean) fused[i] += map[i];
      if (how == HeadFusion::max) fused[i] = std::max(fused[i], map[i]);
      if (how == HeadFusion::min) fused[i] = std::min(fused[i], map[i]);
    }
  }
  if (how == HeadFusion::mean)
    for (float& value : fused) value /= static_cast<float>(heads);
}

}  // namespace vit
