#include <atomic>
#include <vector>

#include "check.h"
#include "packed/denormals.h"
#include "packed/thread_pool.h"

namespace vit {
namespace test {

namespace {

float halve(float x) {
  volatile float v = x;
  v = v * 0.5f;
  return v;
}

}  // namespace

void test_pool() {
  const float smallest = 1.17549435e-38f;  // of the normal numbers
  for (const int threads : {1, 2, 3, 8}) {
    packed::ThreadPool pool(threads);
    std::vector<int> seen(static_cast<size_t>(threads), 0);
    std::atomic<int> flushed{0}, early{0};
    std::atomic<int> arrived{0};
    for (int round = 1; round <= 300; round++) {
      pool.run([&](int index) {
        seen[static_cast<size_t>(index)]++;
        if (halve(smallest) == 0) flushed++;
        arrived++;
        pool.barrier();
        if (arrived < round * threads) early++;
        pool.barrier();
      });
    }
    for (const int count : seen) check(count == 300, "every thread runs every task once");
    check(early == 0, "nobody passes a barrier before all have come");
    check(flushed == 300 * threads, "denormals are flushed in a task");
    check(halve(smallest) > 0, "and are not after it");
  }
}

}  // namespace test
}  // namespace vit
