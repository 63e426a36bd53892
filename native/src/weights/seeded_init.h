#pragma once

#include <cstdint>
#include <string>

namespace vit {

/**
 * Weights from a seed number, the same bits on every platform and in any order of asking.
 *
 * Value i of the tensor called `name` depends on (seed, name, i) only: a 64-bit counter generator (SplitMix64's
 * finaliser, Steele et al. 2014, over a hash of seed and name plus i times its odd constant) gives 53 uniform bits, and
 * the quantile function of the normal distribution turns them into a value. The quantile is built from + - * / and sqrt
 * alone, which IEEE 754 rounds identically everywhere; libm's log differs in the last bit between systems.
 */
class SeededTensor {
 public:
  SeededTensor(uint64_t seed, const std::string& name);

  /** Uniform in (0, 1), never 0 or 1. */
  double uniform(uint64_t index) const;

  /**
   * torch.nn.init.trunc_normal_(std=.02): normal with mean 0 and that deviation, conditioned on [-2, 2] (absolute, as
   * torch's defaults a=-2, b=2; at .02 that is a hundred deviations, so the cut changes nothing that a double can
   * hold).
   */
  float truncated_normal(uint64_t index, double deviation = 0.02) const;

  /** truncated_normal(begin) to truncated_normal(begin + count - 1), the same bits several times as fast. */
  void fill(uint64_t begin, int64_t count, float* values) const;

 private:
  uint64_t key_;
};

/** Natural logarithm of x > 0 from IEEE-exact operations; relative error below 1e-15. */
double exact_log(double x);

/** Inverse of the standard normal distribution function at p in (0, 1); absolute error below 2e-9 deviations. */
double normal_quantile(double p);

}  // namespace vit
