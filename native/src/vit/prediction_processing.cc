#include "vit/prediction_processing.h"

#include <algorithm>

#include "kernels/activations.h"
#include "weights/weight_store.h"

namespace vit {

PredictionProcessing PredictionProcessing::load(const Architecture& a, WeightStore& weights) {
  PredictionProcessing made;
  if (a.final_norm) made.final_norm = weights.norm(*a.final_norm, "norm", a.dim);
  if (a.pool == Pool::map) made.map = AttentionPool::load(a, weights);
  if (a.fc_norm) made.fc_norm = weights.norm(*a.fc_norm, "fc_norm", a.feature_length());
  if (a.projection)
    made.projection = weights.linear("projection.weight", a.projection->bias ? "projection.bias" : "",
                                     a.projection->length, a.feature_length());
  if (a.classes == 0) return made;
  made.head = weights.linear("head.weight", a.head_bias ? "head.bias" : "", a.classes, a.head_in());
  if (a.pool == Pool::distilled)
    made.head_dist = weights.linear("head_dist.weight", a.head_bias ? "head_dist.bias" : "", a.classes, a.dim);
  return made;
}

int64_t PredictionProcessing::output_length(const Architecture& a) {
  if (a.pool == Pool::none) return 0;
  return a.classes > 0 ? a.classes : a.head_in();
}

namespace {

/** Mean, maximum or half their sum of rows x (n, dim), by column. */
void pool_rows(Pool pool, const float* x, int64_t n, int64_t dim, float* feature) {
  for (int64_t j = 0; j < dim; j++) {
    double sum = 0;
    float top = x[j];
    for (int64_t i = 0; i < n; i++) {
      sum += x[i * dim + j];
      top = std::max(top, x[i * dim + j]);
    }
    const auto mean = static_cast<float>(sum / static_cast<double>(n));
    feature[j] = pool == Pool::max ? top : pool == Pool::avgmax ? 0.5f * (mean + top) : mean;
  }
}

}  // namespace

void PredictionProcessing::forward(const Architecture& a, const float* x, int64_t batch, float* out, Pass& pass) const {
  const Timed timed(pass, "head");
  const int64_t tokens = a.num_tokens(), dim = a.dim, length = output_length(a);
  const int64_t first = a.pool_includes_prefix ? 0 : a.prefix.count();
  // Without a look at the steps only the rows that the pooling reads are normalised.
  const int64_t rows = pass.trace                  ? tokens
                       : a.pool == Pool::none      ? 0
                       : a.pool == Pool::token     ? 1
                       : a.pool == Pool::distilled ? 2
                                                   : tokens;
  float* normed = pass.scratch.get(Scratch::normed, tokens * dim);
  for (int64_t b = 0; b < batch; b++, out += length) {
    Floats feature(static_cast<size_t>(2 * dim));
    apply_norm(final_norm, x + b * tokens * dim, dim, rows, dim, normed, dim);
    VIT_STEP(pass.trace, "norm", (Shape{tokens, dim}), normed, dim);
    if (a.pool == Pool::none) continue;
    Shape shape{a.feature_length()};
    switch (a.pool) {
      case Pool::token:
        std::copy_n(normed, dim, feature.data());
        break;
      case Pool::distilled:
        std::copy_n(normed, 2 * dim, feature.data());
        shape = {2, dim};
        break;
      case Pool::class_avg:
        std::copy_n(normed, dim, feature.data());
        pool_rows(Pool::avg, normed + a.prefix.count() * dim, tokens - a.prefix.count(), dim, feature.data() + dim);
        break;
      case Pool::map:
        map->forward(normed + first * dim, tokens - first, feature.data(), pass);
        break;
      default:
        pool_rows(a.pool, normed + first * dim, tokens - first, dim, feature.data());
    }
    VIT_STEP(pass.trace, "pool", shape, feature.data(), shape.back());
    if (a.pool == Pool::distilled) {
      // DeiT (Touvron et al. 2021, sec. 4): the two classifiers' mean at test time.
      Floats second(static_cast<size_t>(length));
      if (head) {
        head->apply(feature.data(), dim, 1, out, length);
        head_dist->apply(feature.data() + dim, dim, 1, second.data(), length);
      } else {
        std::copy_n(feature.data(), dim, out);
        std::copy_n(feature.data() + dim, dim, second.data());
      }
      for (int64_t j = 0; j < length; j++) out[j] = (out[j] + second[j]) / 2;
      VIT_STEP(pass.trace, "distilled:head", (Shape{length}), out, length);
      continue;
    }
    if (a.fc_norm) {
      apply_norm(fc_norm, feature.data(), a.feature_length(), 1, a.feature_length(), feature.data(),
                 a.feature_length());
      VIT_STEP(pass.trace, "fc_norm", (Shape{a.feature_length()}), feature.data(), a.feature_length());
    }
    if (projection) {
      Floats projected(static_cast<size_t>(a.head_in()));
      projection->apply(feature.data(), a.feature_length(), 1, projected.data(), a.head_in());
      if (a.projection->activation) activate(*a.projection->activation, projected.data(), a.head_in());
      VIT_STEP(pass.trace, "projection", (Shape{a.head_in()}), projected.data(), a.head_in());
      feature = std::move(projected);
    }
    if (head) {
      head->apply(feature.data(), a.head_in(), 1, out, length);
      VIT_STEP(pass.trace, "head", (Shape{length}), out, length);
    } else {
      std::copy_n(feature.data(), length, out);
    }
  }
}

}  // namespace vit
