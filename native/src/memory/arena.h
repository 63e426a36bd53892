#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "memory/tensor.h"

namespace vit {

/**
 * Buffers that nest: a scope's are given back when it ends, and whoever comes next takes the same ones, so that a loop
 * over like blocks allocates in its first turn only.
 */
class Arena {
 public:
  class Scope {
   public:
    explicit Scope(Arena& arena) : arena_(arena), begin_(arena.next_) {}
    ~Scope() { arena_.next_ = begin_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    /** `floats` of them that hold whatever was left there. */
    float* take(int64_t floats) { return arena_.take(floats); }
    float* take_zeros(int64_t floats) {
      float* const taken = take(floats);
      std::fill_n(taken, floats, 0.0f);
      return taken;
    }

   private:
    Arena& arena_;
    const size_t begin_;
  };

  int64_t bytes() const {
    int64_t total = 0;
    for (const Floats& buffer : buffers_) total += static_cast<int64_t>(buffer.size() * sizeof(float));
    return total;
  }
  /** Between scopes. */
  void clear() { buffers_.clear(); }

 private:
  float* take(int64_t floats) {
    if (next_ == buffers_.size()) buffers_.emplace_back();
    Floats& buffer = buffers_[next_++];
    if (static_cast<int64_t>(buffer.size()) < floats) {
      Floats().swap(buffer);
      buffer.resize(static_cast<size_t>(floats));
    }
    return buffer.data();
  }

  std::vector<Floats> buffers_;
  size_t next_ = 0;
};

}  // namespace vit
