#pragma once

#include <map>
#include <memory>

#include "linalg/linear.h"

namespace vit {

/**
 * The layers of W^T that backward passes multiply by, of those linear layers that need them (Linear::transposed): made
 * when first asked for, and kept while together they stay within a limit; beyond it each is made for one product. They
 * take as much memory as the weights, of 8-bit weights four times as much.
 */
class TransposedLayers {
 public:
  /** From now on; what is kept already is let go when it is more. */
  void set_limit(int64_t bytes) {
    limit_ = bytes;
    if (bytes_ > limit_) clear();
  }
  int64_t bytes() const { return bytes_; }

  /** Linear::apply_back of `layer`, which must live as long as this does. */
  void apply_back(const Linear& layer, const float* dy, int64_t lddy, int64_t n, float* dx, int64_t lddx, bool add);

 private:
  void clear() {
    layers_.clear();
    bytes_ = 0;
  }

  std::map<const Linear*, std::unique_ptr<Linear>> layers_;
  int64_t limit_ = 0, bytes_ = 0;
};

}  // namespace vit
