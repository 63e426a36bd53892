#pragma once

#include <string>

#include "architecture/architecture.h"
#include "vit/backward.h"

namespace vit {

class WeightStore;

/**
 * Attention by positive random features (Performer, Choromanski et al. 2021, lemma 1), one head, as T2T-ViT's
 * Token_performer computes it: phi(x) = exp(w x - |x|^2 / 2) / sqrt(m); context = phi(q) sum(phi(k) v^T) / (phi(q)
 * sum(phi(k)) + 1e-8). No map is made; its rows phi(q) phi(k)^T / (... + 1e-8) can be had from the features.
 */
struct Performer {
  int64_t features = 0, length = 0;
  Floats w;  // (features, length)

  static Performer load(const Block& block, const std::string& name, WeightStore& weights);

  /**
   * dq, dk and dv, in rows ldd apart, from dcontext (B, N, length) and what `attend` read and made: q, k, v in rows ld
   * apart and context.
   */
  void backward(const float* q, const float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens,
                const float* context, const float* dcontext, float* dq, float* dk, float* dv, int64_t ldd,
                Backward& back) const;

  /** q, k, v in rows ld apart (B, N, length) to context (B, N, length); `kept` (B, N, 2 * features) unless null. */
  void attend(const float* q, const float* k, const float* v, int64_t ld, int64_t batch, int64_t tokens, float* context,
              float* kept, Pass& pass) const;
};

/** Divides a row of phi(q) phi(k)^T by its sum, as Performer does. */
void normalise_features(float* row, int64_t n);

}  // namespace vit
