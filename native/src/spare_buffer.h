#pragma once

#include <mutex>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "tensor.h"

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
    ask_for_large_pages(taken);
    return taken;
  }

  void give(Floats buffer) {
    if (buffer.empty() || buffer.size() > (size_t{256} << 20) / sizeof(float)) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    spare_.swap(buffer);
  }

 private:
  static void ask_for_large_pages(Floats& buffer) {
#if defined(__linux__)
    constexpr uintptr_t kLargePage = 2 << 20;
    const auto begin = reinterpret_cast<uintptr_t>(buffer.data()), end = begin + buffer.size() * sizeof(float);
    const uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage, last = end / kLargePage * kLargePage;
    // Advice: where the system does not take it, small pages serve.
    if (first < last) (void)madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
    (void)buffer;
#endif
  }

  std::mutex mutex_;
  Floats spare_;
};

}  // namespace vit
