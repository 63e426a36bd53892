#include "vit/performer.h"

#include <algorithm>
#include <cmath>

#include "weights/weight_store.h"

namespace vit {

namespace {

constexpr float kStable = 1e-8f;

}  // namespace

void normalise_features(float* row, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += row[i];
  const float factor = 1 / (static_cast<float>(sum) + kStable);
  for (int64_t i = 0; i < n; i++) row[i] *= factor;
}

Performer Performer::load(const Block& block, const std::string& name, WeightStore& weights) {
  Performer made;
  made.features = block.performer->features;
  made.length = block.qkv_dim();
  made.w = weights.values(name + "features", {made.features, made.length});
  return made;
}

void Performer::attend(const float* q, const float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens,
                       float* context, float* kept, Pass& pass) const {
  const int64_t m = features;
  const float scale = 1 / std::sqrt(static_cast<float>(m));
  float* const query = pass.scratch.get(Scratch::scores, 2 * tokens * m + m * (length + 1));
  float* const key = query + tokens * m;
  float* const summed = key + tokens * m;    // (m, length): sum of phi(k) v^T
  float* const total = summed + m * length;  // (m): sum of phi(k)
  const auto map = [&](const float* x, float* phi) {
    gemm(pass.by, Transpose::no, Transpose::yes, tokens, m, length, 1, x, ld, w.data(), length, 0, phi, m);
    for (int64_t i = 0; i < tokens; i++) {
      float half = 0;
      for (int64_t j = 0; j < length; j++) half += x[i * ld + j] * x[i * ld + j];
      for (int64_t j = 0; j < m; j++) phi[i * m + j] = std::exp(phi[i * m + j] - half / 2) * scale;
    }
  };
  for (int64_t b = 0; b < batch; b++, q += tokens * ld, k += tokens * ld, v += tokens * ld) {
    map(q, query);
    map(k, key);
    VIT_STEP(pass.trace, "attn.q_features", (Shape{tokens, m}), query, m);
    VIT_STEP(pass.trace, "attn.k_features", (Shape{tokens, m}), key, m);
    if (kept)
      for (int64_t i = 0; i < tokens; i++, kept += 2 * m) {
        std::copy_n(query + i * m, m, kept);
        std::copy_n(key + i * m, m, kept + m);
      }
    std::fill_n(total, m, 0.0f);
    for (int64_t i = 0; i < tokens; i++)
      for (int64_t j = 0; j < m; j++) total[j] += key[i * m + j];
    gemm(pass.by, Transpose::yes, Transpose::no, m, length, tokens, 1, key, m, v, ld, 0, summed, length);
    float* const out = context + b * tokens * length;
    gemm(pass.by, Transpose::no, Transpose::no, tokens, length, m, 1, query, m, summed, length, 0, out, length);
    for (int64_t i = 0; i < tokens; i++) {
      float sum = 0;
      for (int64_t j = 0; j < m; j++) sum += query[i * m + j] * total[j];
      for (int64_t j = 0; j < length; j++) out[i * length + j] /= sum + kStable;
    }
    if (pass.trace && pass.trace->wants("attn.weights")) {
      Floats weights(static_cast<size_t>(tokens * tokens));
      gemm(pass.by, Transpose::no, Transpose::yes, tokens, tokens, m, 1, query, m, key, m, 0, weights.data(), tokens);
      for (int64_t i = 0; i < tokens; i++) normalise_features(weights.data() + i * tokens, tokens);
      VIT_STEP(pass.trace, "performer:attn.weights", (Shape{1, tokens, tokens}), weights.data(), tokens);
    }
    pass.stop_if_cancelled();
  }
}

}  // namespace vit
