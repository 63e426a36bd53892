#pragma once

#include <functional>

#include "architecture/activation.h"
#include "kernels/layer_norm.h"
#include "linalg/transposed_layers.h"
#include "memory/arena.h"
#include "vit/pass.h"

namespace vit {

/**
 * What travels through the parts of one backward pass. Each part's `backward` stands beside its `forward`: it computes
 * again what it needs of it from the part's input. Only activations have gradients here, never weights.
 */
struct Backward {
  Pass& pass;
  Arena& arena;
  TransposedLayers& layers;

  /** Parts that `share` makes of so many multiplications: the packed kernels' threads, or one (BLAS has its own). */
  int parts(double multiplications) const;
  /** body(part, begin, end) for `parts` contiguous parts of [0, count), on a thread each. */
  void share(int parts, int64_t count, const std::function<void(int part, int64_t begin, int64_t end)>& body) const;

  // Elementwise work, on vectors of the processor's widest kind where the packed kernels are in use.
  /** activate_backward and, on contiguous rows, softmax. */
  void slopes(Activation activation, const float* x, float* dy, int64_t n) const;
  void softmax(float* x, int64_t n, int64_t length) const;

  /** y (n, length) = norm of x, and its backward pass as norm_backward; rows shared by the threads, all contiguous. */
  void norm(const NormLayer& layer, const float* x, int64_t n, int64_t length, float* y) const;
  void norm_back(const NormLayer& layer, const float* x, const float* dy, int64_t n, int64_t length, float* dx,
                 bool add) const;
  /** dy * gamma (length) by rows, in `into`; dy itself where gamma is empty. */
  const float* scaled(const Floats& gamma, const float* dy, int64_t n, int64_t length, Arena::Scope& into) const;
};

/** What becomes of dy/dA of one block: it is used up row by row as it is made, and kept only where it was asked for. */
struct MapLook {
  float* gradient = nullptr;       // (B, h, N, N): dy/dA goes here
  float* maps = nullptr;           // (B, h, N, N): A goes here
  bool add = false;                // to these two, rather than in their place
  const float* carried = nullptr;  // (B, N): the row of the relevance that comes from the layers after this one
  float* next = nullptr;  // (B, N): carried * mean_h(max(0, dy/dA * A)) is added here (Chefer et al. 2021, eq. 5, 6)
  bool any() const { return gradient || maps || next; }
};

/** Adds to `next` (N) what rows [row, row + count) of one head's A and dA (count, N) carry on; `carried` (N). */
void carry_relevance(const float* a, const float* da, int64_t tokens, int64_t row, int64_t count, const float* carried,
                     int64_t heads, float* next);

/** What a block's backward pass leaves on its way, and what it is spared. */
struct BlockLook {
  MapLook maps;
  /** (B, N, D): what norm1 makes, and its gradient; see GradientRequest.gradCam in binding.d.ts. */
  float* norm = nullptr;
  float* norm_gradient = nullptr;
  /** Whether anybody reads dx. */
  bool input = true;
};

}  // namespace vit
