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

int64_t PredictionProcessing::feature_length(const Architecture& a) { return a.pool == Pool::none ? 0 : a.head_in(); }

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

namespace {

/** The backward pass of pool_rows: adds to dx (n, dim). */
void pool_rows_backward(Pool pool, const float* x, const float* dfeature, int64_t n, int64_t dim, float* dx) {
  const float of_mean = pool == Pool::max ? 0.0f : (pool == Pool::avgmax ? 0.5f : 1.0f) / static_cast<float>(n);
  const float of_top = pool == Pool::max ? 1.0f : pool == Pool::avgmax ? 0.5f : 0.0f;
  for (int64_t j = 0; j < dim; j++) {
    int64_t top = 0;
    for (int64_t i = 0; i < n; i++) {
      if (x[i * dim + j] > x[top * dim + j]) top = i;
      dx[i * dim + j] += of_mean * dfeature[j];
    }
    dx[top * dim + j] += of_top * dfeature[j];
  }
}

/** dx (in) = the sum of dy * rows of the weight, for a few rows: no layer of its transpose is worth making. */
void add_rows(const Linear& layer, const Target& dy, float* dx) {
  Floats row(static_cast<size_t>(layer.in()));
  for (const TargetTerm& term : dy) {
    layer.weight_rows(term.index, 1, row.data());
    for (int64_t j = 0; j < layer.in(); j++) dx[j] += term.weight * row[static_cast<size_t>(j)];
  }
}

/** The gradient of what `head` reads, or, without a head, of the output itself: added to dx. */
void head_backward(const std::shared_ptr<const Linear>& head, const Target& target, float share, float* dx) {
  Target scaled = target;
  for (TargetTerm& term : scaled) term.weight *= share;
  if (head) return add_rows(*head, scaled, dx);
  for (const TargetTerm& term : scaled) dx[term.index] += term.weight;
}

}  // namespace

void PredictionProcessing::backward(const Architecture& a, const float* x, const Target& target, float* dx,
                                    Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t tokens = a.num_tokens(), dim = a.dim, length = a.feature_length();
  const int64_t prefix = a.prefix.count(), first = a.pool_includes_prefix ? 0 : prefix;
  float* const normed = scope.take(tokens * dim);
  back.norm(final_norm, x, tokens, dim, normed);
  float* const dnormed = scope.take_zeros(tokens * dim);
  if (a.pool == Pool::distilled) {
    head_backward(head, target, 0.5f, dnormed);
    head_backward(head_dist, target, 0.5f, dnormed + dim);
    return back.norm_back(final_norm, x, dnormed, tokens, dim, dx, false);
  }

  // What the pooling makes is needed where something that is not linear reads it.
  float* const pooled = scope.take(length);
  if (a.fc_norm || a.projection) {
    if (a.pool == Pool::map) {
      map->forward(normed + first * dim, tokens - first, pooled, back.pass);
    } else if (a.pool == Pool::token || a.pool == Pool::class_avg) {
      std::copy_n(normed, dim, pooled);
      if (a.pool == Pool::class_avg) pool_rows(Pool::avg, normed + prefix * dim, tokens - prefix, dim, pooled + dim);
    } else {
      pool_rows(a.pool, normed + first * dim, tokens - first, dim, pooled);
    }
  }
  float* dfeature = scope.take_zeros(a.head_in());
  head_backward(head, target, 1, dfeature);
  if (projection) {
    float* const read = scope.take(length);
    apply_norm(fc_norm, pooled, length, 1, length, read, length);
    float* const projected = scope.take(a.head_in());
    projection->apply(read, length, 1, projected, a.head_in());
    if (a.projection->activation) activate_backward(*a.projection->activation, projected, dfeature, a.head_in());
    Target rows;
    for (int64_t i = 0; i < a.head_in(); i++) rows.push_back({i, dfeature[i]});
    dfeature = scope.take_zeros(length);
    add_rows(*projection, rows, dfeature);
  }
  if (a.fc_norm) norm_backward(fc_norm, pooled, length, dfeature, length, 1, length, dfeature, length, false);

  switch (a.pool) {
    case Pool::token:
      std::copy_n(dfeature, dim, dnormed);
      break;
    case Pool::class_avg:
      std::copy_n(dfeature, dim, dnormed);
      pool_rows_backward(Pool::avg, normed + prefix * dim, dfeature + dim, tokens - prefix, dim,
                         dnormed + prefix * dim);
      break;
    case Pool::map:
      map->backward(normed + first * dim, dfeature, tokens - first, dnormed + first * dim, back);
      break;
    default:
      pool_rows_backward(a.pool, normed + first * dim, dfeature, tokens - first, dim, dnormed + first * dim);
  }
  back.norm_back(final_norm, x, dnormed, tokens, dim, dx, false);
}

void PredictionProcessing::forward(const Architecture& a, const float* x, int64_t batch, float* out, Pass& pass,
                                   float* features) const {
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
      if (features)
        for (int64_t j = 0; j < dim; j++)
          features[b * dim + j] = (feature[static_cast<size_t>(j)] + feature[static_cast<size_t>(dim + j)]) / 2;
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
    if (features) std::copy_n(feature.data(), a.head_in(), features + b * a.head_in());
    if (head) {
      head->apply(feature.data(), a.head_in(), 1, out, length);
      VIT_STEP(pass.trace, "head", (Shape{length}), out, length);
    } else {
      std::copy_n(feature.data(), length, out);
    }
  }
}

}  // namespace vit
