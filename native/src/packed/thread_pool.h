#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vit {
namespace packed {

/**
 * All of `size` threads wait until the last one comes. They spin for half a millisecond, more than a layer's
 * imbalance takes, and sleep after that: with more threads than free cores spinning would keep the late one from its
 * core.
 */
class Barrier {
 public:
  explicit Barrier(int size) : size_(size) {}
  void wait();
  /** Before anybody waits. */
  void resize(int size) { size_ = size; }

 private:
  int size_;
  std::atomic<int> arrived_{0};
  std::atomic<uint32_t> round_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable woken_;
};

/**
 * Threads made once that run one task together. The caller is thread 0. While a task runs, every thread flushes
 * denormals (they cost a hundred cycles each and are nothing beside the other numbers); the caller's mode is put back
 * afterwards.
 */
class ThreadPool {
 public:
  /** Of fewer threads where the system gives no more. */
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  /**
   * task(index) on every thread, index 0 .. size - 1; returns when all are done. One caller at a time. The first
   * exception of a task is thrown again; a task that calls barrier() must not throw, or the others would wait for ever.
   */
  void run(const std::function<void(int)>& task);
  /** The same on all threads, or, when `threads` is 1, as task(0) on the caller alone, which wakes nobody. */
  void run(int threads, const std::function<void(int)>& task);

  /** For tasks: every thread of the pool waits here for the others. */
  void barrier() { inner_.wait(); }

 private:
  void work(int index);
  void run_task(int index) noexcept;

  int size_;
  Barrier start_;
  Barrier done_;
  Barrier inner_;
  const std::function<void(int)>* task_ = nullptr;
  bool stopping_ = false;
  std::mutex callers_;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  /** Threads begin once all of them are there, or it is known how many there are. */
  std::promise<void> ready_;
  std::vector<std::thread> threads_;
};

}  // namespace packed
}  // namespace vit
