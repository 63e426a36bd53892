#include "architecture/grid.h"

namespace vit {

Grid count_tokens(Grid image, const SoftSplit& split) {
  const auto count = [&](int64_t size) {
    const int64_t room = size + 2 * split.padding - split.kernel;
    return room < 0 ? 0 : room / split.stride + 1;
  };
  return {count(image.rows), count(image.columns)};
}

}  // namespace vit
