#include "linalg/transposed_layers.h"

namespace vit {

void TransposedLayers::apply_back(const Linear& layer, const float* dy, int64_t lddy, int64_t n, float* dx,
                                  int64_t lddx, bool add) {
  const auto found = layers_.find(&layer);
  const Linear* by = found == layers_.end() ? nullptr : found->second.get();
  std::unique_ptr<Linear> made;
  if (!by) {
    made = layer.transposed();
    if (!made) return layer.apply_back(dy, lddy, n, dx, lddx, add);
    by = made.get();
  }
  Epilogue e;
  if (add) {
    e.residual = dx;
    e.ldr = lddx;
  }
  by->apply(dy, lddy, n, dx, lddx, e);
  if (made && bytes_ + made->bytes() <= limit_) {
    bytes_ += made->bytes();
    layers_[&layer] = std::move(made);
  }
}

}  // namespace vit
