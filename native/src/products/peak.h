#pragma once

namespace vit {

/** Float32 GFLOP/s that `threads` threads reach together in a multiply-add loop that stays in the first cache; takes
 * about 100 ms. */
double measure_peak(int threads);

}  // namespace vit
