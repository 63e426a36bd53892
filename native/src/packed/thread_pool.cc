#include "packed/thread_pool.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "packed/denormals.h"
#include "packed/workspace.h"

namespace vit {
namespace packed {

namespace {

// Longer than the serial parts between two tasks of a pass and most imbalances within one, so that threads sleep
// between passes and not during one: being woken on a busy machine can take milliseconds. Shorter than a time slice.
constexpr std::chrono::microseconds kSpin{500};

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void Barrier::wait() {
  if (size_ == 1) return;
  const uint32_t round = round_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      woken_.notify_all();
    }
    return;
  }
  const auto sleep_at = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; i++) {
      if (round_.load(std::memory_order_acquire) != round) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() < sleep_at);
  std::unique_lock<std::mutex> lock(mutex_);
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  woken_.wait(lock, [&] { return round_.load(std::memory_order_seq_cst) != round; });
  sleepers_.fetch_sub(1, std::memory_order_seq_cst);
}

ThreadPool::ThreadPool(int threads) : size_(threads), start_(threads), done_(threads), inner_(threads) {
  threads_.reserve(static_cast<size_t>(threads - 1));
  const std::shared_future<void> ready = ready_.get_future().share();
  try {
    for (int i = 1; i < threads; i++)
      threads_.emplace_back([this, i, ready] {
        ready.wait();
        work(i);
        clear_thread_workspace();
      });
  } catch (const std::system_error&) {
    size_ = static_cast<int>(threads_.size()) + 1;
    for (Barrier* barrier : {&start_, &done_, &inner_}) barrier->resize(size_);
  }
  ready_.set_value();
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  start_.wait();
  for (std::thread& t : threads_) t.join();
}

void ThreadPool::run_task(int index) noexcept {
  try {
    (*task_)(index);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(failure_mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void ThreadPool::run(const std::function<void(int)>& task) {
  std::lock_guard<std::mutex> one(callers_);
  task_ = &task;
  start_.wait();
  {
    const FlushDenormals flush;
    run_task(0);
  }
  done_.wait();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::run(int threads, const std::function<void(int)>& task) {
  if (threads > 1) return run(task);
  const FlushDenormals flush;
  task(0);
}

void ThreadPool::work(int index) {
  const FlushDenormals flush;
  for (;;) {
    start_.wait();
    if (stopping_) return;
    run_task(index);
    done_.wait();
  }
}

}  // namespace packed
}  // namespace vit
