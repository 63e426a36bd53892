#pragma once

#include <mutex>

#include "memory/large_pages.h"
#include "memory/tensor.h"

namespace vit {

/**
 * The last buffer that was given back, kept for the next run of the same size: the first touch of new memory costs more
 * than writing attention maps to memory that is already there. Buffers over 256 MiB are not kept; large ones ask for
 * large pages, of which fewer have to be touched.
 */
class SpareBuffer {
 public:
  /** `n` floats that hold whatever was left there. */
  Floats take(size_t n) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Floats taken;
    if (spare_.size() == n) {
      taken.swap(spare_);
      return taken;
    }
    taken.resize(n);
    ask_for_large_pages(taken.data(), n * sizeof(float));
    return taken;
  }

  void give(Floats buffer) {
    if (buffer.empty() || buffer.size() > (size_t{256} << 20) / sizeof(float)) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    spare_.swap(buffer);
  }

 private:
  std::mutex mutex_;
  Floats spare_;
};

}  // namespace vit
