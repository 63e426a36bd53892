#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "memory/sizes.h"

namespace vit {

/** Allocator on 64-byte boundaries that leaves floats uninitialised: every buffer here is written before it is read. */
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
  template <class U>
  void construct(U* p) {
    ::new (static_cast<void*>(p)) U;
  }
  template <class U, class... Args>
  void construct(U* p, Args&&... args) {
    ::new (static_cast<void*>(p)) U(std::forward<Args>(args)...);
  }
  bool operator==(const AlignedAllocator&) const { return true; }
  bool operator!=(const AlignedAllocator&) const { return false; }
};

using Floats = std::vector<float, AlignedAllocator<float>>;
using Shape = std::vector<int64_t>;

/** Product of the sizes, none of them negative; the largest int64 where it would not fit. */
inline int64_t elements(const Shape& shape) {
  int64_t n = 1;
  for (const int64_t d : shape) {
    if (d == 0) return 0;
    n = product({n, d});
  }
  return n;
}

/** "(197, 768)", for sentences. */
std::string to_string(const Shape& shape);

/** Row-major float32 values with their shape; owns them. */
struct Tensor {
  Shape shape;
  Floats values;
};

}  // namespace vit
