#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "error.h"
#include "linalg/gemm.h"
#include "memory/tensor.h"
#include "profile.h"
#include "vit/trace.h"

namespace vit {

/** Buffers a forward pass writes to and forgets, kept by the model so that the second pass allocates nothing. */
class Scratch {
 public:
  enum Slot { patches, normed, qkv, scores, context, branch, hidden, gated, stage, stage_next, slots };

  float* get(Slot slot, int64_t floats) {
    if (static_cast<int64_t>(buffers_[slot].size()) < floats) {
      Floats().swap(buffers_[slot]);
      buffers_[slot].resize(static_cast<size_t>(floats));
    }
    return buffers_[slot].data();
  }
  int64_t bytes() const {
    int64_t total = 0;
    for (const Floats& b : buffers_) total += static_cast<int64_t>(b.size() * sizeof(float));
    return total;
  }

 private:
  Floats buffers_[slots];
};

/** What travels through the parts of one forward pass. */
struct Pass {
  Gemm by;
  Scratch& scratch;
  Trace* trace = nullptr;
  Profile* profile = nullptr;
  const std::atomic<bool>* cancel = nullptr;

  /** Asked between two blocks. */
  void stop_if_cancelled() const {
    if (cancel && cancel->load(std::memory_order_relaxed)) throw Error::cancelled();
  }
};

/** Adds the time of its scope to the pass's profile, if there is one. */
class Timed {
 public:
  Timed(const Pass& pass, const char* stage) : profile_(pass.profile), stage_(stage) {
    if (profile_) start_ = Clock::now();
  }
  ~Timed() {
    if (profile_) profile_->add(stage_, std::chrono::duration<double, std::milli>(Clock::now() - start_).count());
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  Profile* profile_;
  const char* stage_;
  Clock::time_point start_;
};

}  // namespace vit
