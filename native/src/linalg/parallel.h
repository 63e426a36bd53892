#pragma once

#include <cstdint>
#include <functional>

namespace vit {

/**
 * Calls body(begin, end) for contiguous parts of [0, count), one on each of `threads` threads of its own (this one
 * among them), and returns when all are done. For work at load; forward passes have a pool. The first exception of any
 * part is thrown again.
 */
void run_in_parallel(int64_t threads, int64_t count, const std::function<void(int64_t begin, int64_t end)>& body);

}  // namespace vit
