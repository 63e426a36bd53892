#include "linalg/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace vit {

void run_in_parallel(int64_t threads, int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  threads = std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1));
  std::exception_ptr failure;
  std::mutex mutex;
  const auto part = [&](int64_t t) {
    try {
      body(count * t / threads, count * (t + 1) / threads);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  helpers.reserve(static_cast<size_t>(threads));  // nothing below throws while threads run
  for (int64_t t = 1; t < threads; t++) {
    try {
      helpers.emplace_back(part, t);
    } catch (const std::system_error&) {  // no thread to be had
      part(t);
    }
  }
  part(0);
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace vit
