#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "vit/attention_pool.h"

namespace vit {

/** weight * output[index], of which a sum is differentiated. */
struct TargetTerm {
  int64_t index;
  float weight;
};
using Target = std::vector<TargetTerm>;

/** Final norm, pooling and head: what turns tokens into a prediction. */
struct PredictionProcessing {
  NormLayer final_norm;
  NormLayer fc_norm;
  std::optional<AttentionPool> map;
  std::shared_ptr<const Linear> projection;  // (length, feature), or null
  std::shared_ptr<const Linear> head;        // (classes, projection or feature), or null
  std::shared_ptr<const Linear> head_dist;   // pool distilled

  static PredictionProcessing load(const Architecture& a, WeightStore& weights);

  /** Length of one image's output: classes, or the pooled feature's, or 0 when there is no pooling. */
  static int64_t output_length(const Architecture& a);

  /** Length of what the head reads of one image; 0 when there is no pooling. */
  static int64_t feature_length(const Architecture& a);

  /** x (B, N, D), unchanged, to out (B, output_length), and, unless null, what the head reads to features (B,
   * feature_length). */
  void forward(const Architecture& a, const float* x, int64_t batch, float* out, Pass& pass,
               float* features = nullptr) const;
  /** dx (N, D) of one image from its tokens x (N, D): the gradient of the target's sum. Where two are equally large, a
   * maximum's is the first's. */
  void backward(const Architecture& a, const float* x, const Target& target, float* dx, Backward& back) const;
};

}  // namespace vit
