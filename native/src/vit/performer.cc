#include "vit/performer.h"

#include <algorithm>
#include <cmath>

#include "kernels/sums.h"
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

namespace {

/** phi (N, m) of rows x (N, length), ld apart. */
void make_features(const Performer& p, Gemm by, const float* x, int64_t ld, int64_t tokens, float* phi) {
  const int64_t m = p.features;
  const float scale = 1 / std::sqrt(static_cast<float>(m));
  gemm(by, Transpose::no, Transpose::yes, tokens, m, p.length, 1, x, ld, p.w.data(), p.length, 0, phi, m);
  for (int64_t i = 0; i < tokens; i++) {
    float half = 0;
    for (int64_t j = 0; j < p.length; j++) half += x[i * ld + j] * x[i * ld + j];
    for (int64_t j = 0; j < m; j++) phi[i * m + j] = std::exp(phi[i * m + j] - half / 2) * scale;
  }
}

/** dx = (dphi * phi) W - x sum(dphi * phi); dphi becomes dphi * phi. */
void features_backward(const Performer& p, Gemm by, const float* x, int64_t ld, const float* phi, float* dphi,
                       int64_t tokens, float* dx, int64_t ldd) {
  const int64_t m = p.features;
  for (int64_t i = 0; i < tokens * m; i++) dphi[i] *= phi[i];
  gemm(by, Transpose::no, Transpose::no, tokens, p.length, m, 1, dphi, m, p.w.data(), p.length, 0, dx, ldd);
  for (int64_t i = 0; i < tokens; i++) {
    float total = 0;
    for (int64_t j = 0; j < m; j++) total += dphi[i * m + j];
    for (int64_t j = 0; j < p.length; j++) dx[i * ldd + j] -= x[i * ld + j] * total;
  }
}

}  // namespace

void Performer::backward(const float* q, const float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens,
                         const float* context, const float* dcontext, float* dq, float* dk, float* dv, int64_t ldd,
                         Backward& back) const {
  const Gemm by = back.pass.by;
  const int64_t m = features;
  for (int64_t b = 0; b < batch; b++) {
    Arena::Scope scope(back.arena);
    const int64_t at = b * tokens * ld, to = b * tokens * ldd;
    const float* const made = context + b * tokens * length;
    float* const query = scope.take(tokens * m);
    float* const key = scope.take(tokens * m);
    make_features(*this, by, q + at, ld, tokens, query);
    make_features(*this, by, k + at, ld, tokens, key);
    float* const total = scope.take_zeros(m);      // z = sum of phi(k)
    float* const summed = scope.take(m * length);  // S = sum of phi(k) v^T
    for (int64_t i = 0; i < tokens; i++)
      for (int64_t j = 0; j < m; j++) total[j] += key[i * m + j];
    gemm(by, Transpose::yes, Transpose::no, m, length, tokens, 1, key, m, v + at, ld, 0, summed, length);

    // context = n / d, n = phi(q) S, d = phi(q) z: dn = g / d, dd = -(g . context) / d.
    float* const dn = scope.take(tokens * length);
    float* const dd = scope.take(tokens);
    for (int64_t i = 0; i < tokens; i++) {
      const float* const g = dcontext + (b * tokens + i) * length;
      const float d = dot(query + i * m, total, m) + kStable;
      for (int64_t j = 0; j < length; j++) dn[i * length + j] = g[j] / d;
      dd[i] = -dot(g, made + i * length, length) / d;
    }
    float* const dphi = scope.take(tokens * m);
    gemm(by, Transpose::no, Transpose::yes, tokens, m, length, 1, dn, length, summed, length, 0, dphi, m);
    for (int64_t i = 0; i < tokens; i++)
      for (int64_t j = 0; j < m; j++) dphi[i * m + j] += dd[i] * total[j];
    features_backward(*this, by, q + at, ld, query, dphi, tokens, dq + to, ldd);

    float* const dsummed = scope.take(m * length);
    gemm(by, Transpose::yes, Transpose::no, m, length, tokens, 1, query, m, dn, length, 0, dsummed, length);
    float* const dtotal = scope.take_zeros(m);
    for (int64_t i = 0; i < tokens; i++)
      for (int64_t j = 0; j < m; j++) dtotal[j] += dd[i] * query[i * m + j];
    gemm(by, Transpose::no, Transpose::no, tokens, length, m, 1, key, m, dsummed, length, 0, dv + to, ldd);
    gemm(by, Transpose::no, Transpose::yes, tokens, m, length, 1, v + at, ld, dsummed, length, 0, dphi, m);
    for (int64_t i = 0; i < tokens; i++)
      for (int64_t j = 0; j < m; j++) dphi[i * m + j] += dtotal[j];
    features_backward(*this, by, k + at, ld, key, dphi, tokens, dk + to, ldd);
    back.pass.stop_if_cancelled();
  }
}

void Performer::attend(const float* q, const float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens,
                       float* context, float* kept, Pass& pass) const {
  const int64_t m = features;
  float* const query = pass.scratch.get(Scratch::scores, 2 * tokens * m + m * (length + 1));
  float* const key = query + tokens * m;
  float* const summed = key + tokens * m;    // (m, length): sum of phi(k) v^T
  float* const total = summed + m * length;  // (m): sum of phi(k)
  for (int64_t b = 0; b < batch; b++, q += tokens * ld, k += tokens * ld, v += tokens * ld) {
    make_features(*this, pass.by, q, ld, tokens, query);
    make_features(*this, pass.by, k, ld, tokens, key);
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
