#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "packed/buffer.h"
#include "packed/thread_pool.h"

namespace vit {
namespace packed {

/** Buffers of one thread, taken in the same order every time, so that a second pass allocates nothing. */
class Workspace {
 public:
  void start() { next_ = 0; }
  /** At least `floats` of them on a 64-byte boundary; they hold whatever was left there. Valid until start(). */
  float* take(int64_t floats) {
    if (next_ == buffers_.size()) buffers_.emplace_back();
    Buffer& buffer = buffers_[next_++];
    if (buffer.bytes() < floats * 4) buffer = Buffer(floats * 4);
    return buffer.floats();
  }

 private:
  std::vector<Buffer> buffers_;
  size_t next_ = 0;
};

/** The calling thread's; lives as long as the thread. */
Workspace& thread_workspace();
/** Gives its memory back; a thread of ours calls it before it ends. */
void clear_thread_workspace();

/** The pool packed layers run on. use_threads replaces it unless it already has that many; call it between two passes.
 */
ThreadPool& current_pool();
void use_threads(int threads);
/**
 * How many threads of the pool that many multiplications are worth: all of them, or one where waking the others would
 * take longer than what they save.
 */
int threads_for(double multiplications);
/** For tests, whose models are small: from how many multiplications on all threads are used. */
void share_from(double multiplications);

}  // namespace packed
}  // namespace vit
