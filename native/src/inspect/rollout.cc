#include "inspect/rollout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "error.h"
#include "model/model.h"

namespace vit {

namespace {

/** Puts the floor(ratio * size) smallest entries to zero; among equals those that come first. */
void discard_smallest(Floats& fused, double ratio) {
  const auto count = static_cast<int64_t>(std::floor(ratio * static_cast<double>(fused.size())));
  if (count <= 0) return;
  std::vector<uint32_t> order(fused.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto before = [&](uint32_t a, uint32_t b) { return fused[a] != fused[b] ? fused[a] < fused[b] : a < b; };
  if (count < static_cast<int64_t>(order.size()))
    std::nth_element(order.begin(), order.begin() + count, order.end(), before);
  for (int64_t i = 0; i < count; i++) fused[order[static_cast<size_t>(i)]] = 0;
}

}  // namespace

Floats rollout(const Run& run, int64_t image, const RolloutOptions& options) {
  const Architecture& a = run.model->architecture();
  const int64_t n = run.tokens;
  if (options.query < 0 || options.query >= n)
    throw Error::argument(
        sentence("There is no {0} {1}; there are {2}, counted from 0.", sentence("token"), options.query, n));
  if (options.from < 0 || options.to >= a.depth || options.from > options.to)
    throw Error::argument(sentence("Rollout from layer {0} to {1} is not possible with {2} layers, counted from 0.",
                                   options.from, options.to, a.depth));
  if (!(options.discard_ratio >= 0 && options.discard_ratio <= 1))
    throw Error::argument(sentence("The share of attention to discard must be between 0 and 1."));

  std::vector<double> row(static_cast<size_t>(n)), next(static_cast<size_t>(n));
  row[static_cast<size_t>(options.query)] = 1;
  Floats fused;
  for (int64_t layer = options.to; layer >= options.from; layer--) {
    fuse_heads(run.map(image, layer), a.block.heads, n * n, options.fusion, fused);
    discard_smallest(fused, options.discard_ratio);
    std::fill(next.begin(), next.end(), 0.0);
    for (int64_t i = 0; i < n; i++) {
      const double carried = row[static_cast<size_t>(i)];
      if (carried == 0) continue;
      const float* from = fused.data() + i * n;
      double total = 1;  // the identity's entry
      for (int64_t j = 0; j < n; j++) total += from[j];
      for (int64_t j = 0; j < n; j++) next[static_cast<size_t>(j)] += carried * from[j] / total;
      next[static_cast<size_t>(i)] += carried / total;
    }
    row.swap(next);
  }
  return Floats(row.begin(), row.end());
}

}  // namespace vit
