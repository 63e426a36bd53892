#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace vit {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

/**
 * Asks for large pages for the whole ones of them in these bytes, before they are touched: fewer have to be. Advice:
 * where the system does not take it, small pages serve.
 */
inline void ask_for_large_pages(void* data, std::size_t bytes) {
#if defined(__linux__)
  const auto begin = reinterpret_cast<uintptr_t>(data), end = begin + bytes;
  const uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage, last = end / kLargePage * kLargePage;
  if (first < last) (void)madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
  (void)data;
  (void)bytes;
#endif
}

}  // namespace vit
