#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "model/run.h"
#include "t2t/tokens_to_token.h"
#include "vit/fused_encoder.h"
#include "vit/patch_tokenization.h"
#include "vit/prediction_processing.h"
#include "vit/token_processing.h"
#include "weights/weight_store.h"

namespace vit {

struct LoadRequest {
  Architecture architecture;
  TensorSources tensors;
  std::optional<uint64_t> seed;  // instead of tensors
  Gemm gemm;
  Precision precision;
  int threads;
  /** Bytes that the model's weights, and these with one run, may need. */
  int64_t memory_limit;
  std::shared_ptr<const std::atomic<bool>> cancel = nullptr;
};

struct ForwardOptions {
  bool attention = false;
  bool tokens = false;
  bool profile = false;
  std::vector<uint32_t> masked_patches;
  std::shared_ptr<const std::atomic<bool>> cancel = nullptr;
};

/** A Vision Transformer with its weights. Its methods use one scratch: never call two at once. */
class Model : public std::enable_shared_from_this<Model> {
 public:
  static std::shared_ptr<Model> load(LoadRequest request);

  const Architecture& architecture() const { return a_; }
  int64_t parameters() const { return parameters_; }
  int64_t weight_bytes() const;
  /** As the last forward pass left it; may be asked for while one runs. */
  int64_t scratch_bytes() const { return scratch_bytes_; }
  /** A tensor by canonical name; throws ERR_TENSOR when the model has none of that name. */
  Tensor tensor(const std::string& name) const;

  /** The first tensor, in the order of the computation, that holds NaN or infinity. */
  std::optional<std::string> first_tensor_not_finite() const { return named_.first_not_finite(); }

  /** Memory for `floats` numbers of input, that of a released run if it fits. */
  Floats input_buffer(int64_t floats) { return spares_->input.take(static_cast<size_t>(floats)); }
  /** input (B, C, H, W). */
  std::shared_ptr<Run> forward(Floats input, int64_t batch, const ForwardOptions& options);

  /** Image to the tokens that enter block 0, x (B, N, D). */
  void embed(const float* input, int64_t batch, const std::vector<uint32_t>& masked, float* x,
             std::vector<StageKept>* stages, Pass& pass) const;
  /** Image to patch tokens (B, patches, D): the first half of embed. */
  void tokenize(const float* input, int64_t batch, float* tokens, std::vector<StageKept>* stages, Pass& pass) const;
  /** Patch tokens to the tokens that enter block 0: the other half. */
  void process_tokens(const float* tokens, int64_t batch, float* x, Pass& pass) const;
  /** Block `layer` in place on x (B, N, D). */
  void encode(int64_t layer, float* x, int64_t batch, const AttentionKept& kept, Pass& pass) const;
  /** All blocks in place on x (B, N, D); maps (B, depth, h, N, N) and layers (depth + 1, B, N, D) are kept unless null.
   */
  void encode_all(float* x, int64_t batch, float* maps, float* layers, Pass& pass) const;
  /** x (B, N, D) to out (B, output_length). */
  void predict(const float* x, int64_t batch, float* out, Pass& pass, float* features = nullptr) const;

  /**
   * The way back from x (N, D), what leaves the last block of one image, to dx, the gradient of a sum of its outputs;
   * and from dx (B, N, D), that of what enters block 0, to dinput (B, C, H, W).
   */
  void predict_back(const float* x, const Target& target, float* dx, Backward& back) const;
  void embed_back(const float* input, int64_t batch, const std::vector<uint32_t>& masked, const float* dx,
                  float* dinput, Backward& back) const;

  const Encoding& block(int64_t layer) const { return *blocks_[static_cast<size_t>(layer)]; }
  int64_t memory_limit() const { return memory_limit_; }

  /** A pass that uses this model's scratch and products. */
  Pass pass();
  int threads() const { return threads_; }

  /** What backward passes work in: buffers, and the transposed layers that are kept for the next one. */
  struct BackwardRoom {
    Arena arena;
    TransposedLayers layers;
  };
  BackwardRoom& backward_room() { return backward_room_; }
  /** After a pass: what scratch_bytes says from now on. */
  void measure_scratch();

 private:
  Model() = default;

  /** Throws ERR_MEMORY when a run would need more than the limit, before anything is allocated. */
  void check_run(int64_t batch, const ForwardOptions& options) const;

  Architecture a_;
  Gemm by_ = Gemm::blas;
  int threads_ = 1;
  int64_t memory_limit_ = 0;
  PatchTokenization patch_tokenization_;
  TokensToToken tokens_to_token_;
  TokenProcessing token_processing_;
  std::vector<std::unique_ptr<Encoding>> blocks_;
  std::unique_ptr<FusedEncoder> fused_;  // of blocks_, or null
  PredictionProcessing prediction_;
  NamedTensors named_;
  const std::shared_ptr<Run::Spares> spares_ = std::make_shared<Run::Spares>();
  int64_t parameters_ = 0;
  Scratch scratch_;
  BackwardRoom backward_room_;
  std::atomic<int64_t> scratch_bytes_{0};
};

}  // namespace vit
