#include "products/peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "linalg/parallel.h"

#if defined(VIT_PACKED)
#include "packed/kernels.h"
#endif

namespace vit {

namespace {

#if defined(VIT_PACKED)
double busy(int64_t rounds) { return packed::kernels().busy_tiles(rounds); }
#else
/** 64 independent chains of multiply and add, which a compiler keeps in registers of whatever width it was told. */
double busy(int64_t rounds) {
  constexpr int kChains = 64;
  constexpr int64_t kLength = 512;
  float chain[kChains] = {};
  volatile float factor_source = 0.5f;
  const float factor = factor_source;
  for (int64_t r = 0; r < rounds * kLength; r++)
    for (float& c : chain) c = c * factor + factor;
  volatile float sink = chain[rounds % kChains];
  (void)sink;
  return 2.0 * static_cast<double>(rounds) * kLength * kChains;
}
#endif

}  // namespace

double measure_peak(int threads) {
  using Clock = std::chrono::steady_clock;
  threads = std::max(1, threads);
  std::vector<double> rate(static_cast<size_t>(threads));
  const auto work = [&rate](size_t i) {
    const auto start = Clock::now();
    double operations = 0, seconds = 0;
    while (seconds < 0.1) {
      operations += busy(100);
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
    rate[i] = operations / seconds / 1e9;
  };
  run_in_parallel(threads, threads, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) work(static_cast<size_t>(i));
  });
  double total = 0;
  for (const double r : rate) total += r;
  return total;
}

}  // namespace vit
