#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vit/attention.h"
#include "vit/neural_net.h"

namespace vit {

/** An encoding block of one of Block's orders. The same parts serve as token transformers. */
class Encoding {
 public:
  virtual ~Encoding() = default;

  /** x (B, N, dim_in) to y (B, N, dim); y may be x when the lengths agree. */
  virtual void forward(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
                       Pass& pass) const = 0;

  /** dx (B, N, dim_in) from dy (B, N, dim) and what came in, x (B, N, dim_in); dx is neither of them. */
  virtual void backward(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx,
                        const BlockLook& look, Backward& back) const = 0;

  /**
   * Of one image, x (N, dim): adds what query `query` takes from token j, sum_h A[h, query, j] v_j^h W_o^h, to row j of
   * sums (N, dim); branches are added up.
   */
  virtual void add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums, Pass& pass) const = 0;

  /** A token transformer knows no places. */
  static std::unique_ptr<Encoding> load(const Block& block, const std::string& name, WeightStore& weights,
                                        const AttentionPositions& positions = {});
};

/** Orders pre, res-post and post: attention, then neural network, one after the other. */
struct SequentialEncoding final : Encoding {
  Block::Order order;
  bool attn_residual;
  NormLayer norm1, norm2;
  Attention attn;
  NeuralNet mlp;
  Floats ls1, ls2;  // (dim), or empty

  void forward(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
               Pass& pass) const override;
  void backward(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx, const BlockLook& look,
                Backward& back) const override;
  void add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums, Pass& pass) const override;

 private:
  void forward_pre(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
                   Pass& pass) const;
  void forward_post(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
                    Pass& pass) const;
  void backward_pre(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx, const BlockLook& look,
                    Backward& back) const;
  void backward_post(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx, const BlockLook& look,
                     Backward& back) const;
};

/** Order parallel: sums of branches (timm ParallelThingsBlock, Touvron et al. 2022). Kept maps are the mean over
 * branches. */
struct ParallelEncoding final : Encoding {
  struct AttentionBranch {
    NormLayer norm;
    Attention attn;
    Floats ls;
  };
  struct NetBranch {
    NormLayer norm;
    NeuralNet mlp;
    Floats ls;
  };
  std::vector<AttentionBranch> attns;
  std::vector<NetBranch> ffns;

  void forward(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
               Pass& pass) const override;
  void backward(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx, const BlockLook& look,
                Backward& back) const override;
  void add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums, Pass& pass) const override;
};

/** Order parallel-scaling: attention and neural network side by side from one projection (timm ParallelScalingBlock,
 * Dehghani et al. 2023). */
struct ScalingEncoding final : Encoding {
  NormLayer in_norm;
  std::shared_ptr<const Linear> in_proj;  // (mlp_hidden + 3*dim, dim), rows MLP, Q, K, V
  Attention attn;                         // qkv is null: in_proj makes Q, K and V
  Activation activation;
  std::shared_ptr<const Linear> mlp_out;  // (dim, mlp_hidden)
  int64_t mlp_hidden;
  Floats ls;

  static std::unique_ptr<Encoding> load(const Block& block, const std::string& name, WeightStore& weights,
                                        const AttentionPositions& positions);
  void forward(const float* x, int64_t batch, int64_t tokens, float* y, const AttentionKept& kept,
               Pass& pass) const override;
  void backward(const float* x, const float* dy, int64_t batch, int64_t tokens, float* dx, const BlockLook& look,
                Backward& back) const override;
  void add_weighted_values(const float* x, int64_t tokens, int64_t query, float* sums, Pass& pass) const override;
};

/** The epilogue of a part: layer scale `gamma` unless empty, then `residual` (n, dim) unless null. */
Epilogue scale_and_add(const Floats& gamma, const float* residual, int64_t dim);

}  // namespace vit
