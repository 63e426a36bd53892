#include "model/model.h"

#include <algorithm>

#include "architecture/footprint.h"
#include "limits.h"
#include "linalg/cpu.h"
#include "memory/limit.h"
#include "products/linear_factory.h"

namespace vit {

namespace {

double bytes_of_matrix_value(const LoadRequest& request) {
  if (request.precision == Precision::int8) return 1;
  if (request.precision == Precision::bf16) return 2;
  const auto wide = [](const auto& entry) { return entry.second.dtype == Stored::f32; };
  const bool stored = request.precision == Precision::stored && !request.seed &&
                      std::none_of(request.tensors.begin(), request.tensors.end(), wide);
  return stored ? 2 : 4;
}

/** Bytes that loading needs at its most: the weights as they rest, and beside them what a seed draws. */
double load_bytes(const LoadRequest& request) {
  const WeightCount count = count_weights(request.architecture);
  // Small tensors are kept by their name too.
  double bytes = count.matrices * bytes_of_matrix_value(request) + 8 * count.vectors;
  bytes += 4 * count_resampling(request.architecture);
  return request.seed ? bytes + 4 * count.largest : bytes;
}

}  // namespace

void Model::check_run(int64_t batch, const ForwardOptions& options) const {
  const RunBytes bytes = estimate_run(a_, batch, options.attention, options.tokens);
  const bool maps = bytes.maps > bytes.total() / 2;
  check_memory(bytes.total() + static_cast<double>(weight_bytes()), memory_limit_, [&](auto needed, auto limit) {
    return maps ? sentence(
                      "This run needs {0} of memory, most of it to keep every attention map; the limit is {1}. Run it "
                      "without attention maps, with fewer images, or with a smaller picture.",
                      needed, limit)
                : sentence(
                      "This run needs {0} of memory, its model's weights included; the limit is {1}. Run fewer images "
                      "at once, or a smaller picture.",
                      needed, limit);
  });
}

std::shared_ptr<Model> Model::load(LoadRequest request) {
  request.architecture.check();
  if (!takes(request.gemm, request.precision))
    throw Error::argument(
        sentence("8-bit weights and products in bfloat16 need the packed kernels: choose gemm 'packed' with them, or "
                 "another precision."));
  check_memory(load_bytes(request), request.memory_limit, [](auto needed, auto limit) {
    return sentence("This model needs {0} of memory for its weights; the limit is {1}.", needed, limit);
  });
  if (request.seed) check_drawn(count_weights(request.architecture));
  std::shared_ptr<Model> model(new Model());
  model->a_ = request.architecture;
  model->by_ = request.gemm;
  model->threads_ = choose_threads(request.threads);
  model->memory_limit_ = request.memory_limit;
  const Architecture& a = model->a_;
  const auto cancel = request.cancel;
  WeightStore weights = request.seed ? WeightStore(*request.seed, request.gemm, request.precision)
                                     : WeightStore(std::move(request.tensors), request.gemm, request.precision);
  weights.stop_when(cancel.get());
  if (a.tokenizer.kind == Tokenizer::Kind::patch)
    model->patch_tokenization_ = PatchTokenization::load(a, weights);
  else
    model->tokens_to_token_ = TokensToToken::load(a, weights);
  model->token_processing_ = TokenProcessing::load(a, weights);
  const auto positions = load_attention_positions(a, weights);
  for (int64_t i = 0; i < a.depth; i++)
    model->blocks_.push_back(
        Encoding::load(a.block, "blocks." + std::to_string(i) + ".", weights, positions[static_cast<size_t>(i)]));
  // Between two blocks positions are added by this path only.
  if (!a.position.each_block) model->fused_ = FusedEncoder::make(a.block, model->blocks_);
  model->prediction_ = PredictionProcessing::load(a, weights);
  weights.check_unchanged();
  model->parameters_ = weights.parameters();
  model->named_ = weights.take_named();
  return model;
}

int64_t Model::weight_bytes() const { return named_.bytes(); }

Tensor Model::tensor(const std::string& name) const { return named_.get(name); }

Pass Model::pass() {
  set_blas_threads(threads_);
  if (by_ == Gemm::packed) set_packed_threads(threads_);
  return Pass{by_, scratch_};
}

void Model::tokenize(const float* input, int64_t batch, float* tokens, std::vector<StageKept>* stages,
                     Pass& pass) const {
  if (a_.tokenizer.kind == Tokenizer::Kind::patch)
    patch_tokenization_.forward(a_, input, batch, tokens, pass);
  else
    tokens_to_token_.forward(a_, input, batch, tokens, stages, pass);
}

void Model::process_tokens(const float* tokens, int64_t batch, float* x, Pass& pass) const {
  token_processing_.forward(a_, tokens, batch, x, pass);
}

void Model::embed(const float* input, int64_t batch, const std::vector<uint32_t>& masked, float* x,
                  std::vector<StageKept>* stages, Pass& pass) const {
  const int64_t patches = a_.grid().count();
  float* tokens = pass.scratch.get(Scratch::stage, batch * patches * a_.dim);
  tokenize(input, batch, tokens, stages, pass);
  for (int64_t b = 0; b < batch; b++)
    for (const uint32_t patch : masked) std::fill_n(tokens + (b * patches + patch) * a_.dim, a_.dim, 0.0f);
  process_tokens(tokens, batch, x, pass);
}

void Model::predict_back(const float* x, const Target& target, float* dx, Backward& back) const {
  prediction_.backward(a_, x, target, dx, back);
}

void Model::embed_back(const float* input, int64_t batch, const std::vector<uint32_t>& masked, const float* dx,
                       float* dinput, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t patches = a_.grid().count();
  float* const tokens = scope.take(batch * patches * a_.dim);
  const auto put_to_zero = [&](float* of) {
    for (int64_t b = 0; b < batch; b++)
      for (const uint32_t patch : masked) std::fill_n(of + (b * patches + patch) * a_.dim, a_.dim, 0.0f);
  };
  if (a_.pre_norm) {
    tokenize(input, batch, tokens, nullptr, back.pass);
    put_to_zero(tokens);
  }
  float* const dtokens = scope.take(batch * patches * a_.dim);
  token_processing_.backward(a_, tokens, dx, batch, dtokens, back);
  put_to_zero(dtokens);
  if (a_.tokenizer.kind == Tokenizer::Kind::patch)
    patch_tokenization_.backward(a_, input, dtokens, batch, dinput, back);
  else
    tokens_to_token_.backward(a_, input, dtokens, batch, dinput, back);
}

void Model::measure_scratch() {
  scratch_bytes_ = scratch_.bytes() + (fused_ ? fused_->scratch_bytes() : 0) + backward_room_.arena.bytes() +
                   backward_room_.layers.bytes();
}

void Model::encode(int64_t layer, float* x, int64_t batch, const AttentionKept& kept, Pass& pass) const {
  std::string outer;
  if (pass.trace) outer = pass.trace->enter("blocks." + std::to_string(layer) + ".");
  token_processing_.show_block(a_, layer, pass);
  blocks_[static_cast<size_t>(layer)]->forward(x, batch, a_.num_tokens(), x, kept, pass);
  token_processing_.after_block(a_, layer, batch, x);
  if (pass.trace) pass.trace->enter(outer);
}

void Model::predict(const float* x, int64_t batch, float* out, Pass& pass, float* features) const {
  prediction_.forward(a_, x, batch, out, pass, features);
}

void Model::encode_all(float* x, int64_t batch, float* maps, float* layers, Pass& pass) const {
  const int64_t tokens = a_.num_tokens(), map = a_.block.heads * tokens * tokens, floats = batch * tokens * a_.dim;
  if (layers) std::copy_n(x, floats, layers);
  if (fused_) {
    FusedKept kept;
    kept.maps = maps;
    kept.maps_image_stride = a_.depth * map;
    kept.maps_block_stride = map;
    kept.tokens = layers ? layers + floats : nullptr;
    kept.tokens_image_stride = tokens * a_.dim;
    kept.tokens_block_stride = floats;
    // With the tokens not kept nobody reads more of the last block than the pooling does.
    if (!layers) kept.last_tokens = a_.pool == Pool::token ? 1 : a_.pool == Pool::distilled ? 2 : 0;
    return fused_->run(x, x, batch, tokens, kept, pass);
  }
  for (int64_t i = 0; i < a_.depth; i++) {
    pass.stop_if_cancelled();
    AttentionKept kept;
    if (maps) {
      kept.maps = maps + i * map;
      kept.maps_stride = a_.depth * map;
    }
    encode(i, x, batch, kept, pass);
    if (layers) std::copy_n(x, floats, layers + (i + 1) * floats);
  }
}

std::shared_ptr<Run> Model::forward(Floats input, int64_t batch, const ForwardOptions& options) {
  const int64_t length = a_.input_length();
  if (batch < 1) throw Error::argument(sentence("A forward pass needs at least one image."));
  if (batch > limits::batch) throw Error::argument(sentence("A forward pass takes at most {0} images.", limits::batch));
  if (static_cast<int64_t>(input.size()) != batch * length)
    throw Error::argument(sentence("The input has {0} values where {1} needs {2}.", input.size(),
                                   to_string({batch, a_.channels, a_.height, a_.width}), batch * length));
  for (const uint32_t patch : options.masked_patches)
    if (patch >= a_.grid().count())
      throw Error::argument(
          sentence("There is no patch {0} to mask; there are {1}.", static_cast<int64_t>(patch), a_.grid().count()));
  check_run(batch, options);

  auto run = std::make_shared<Run>();
  run->model = shared_from_this();
  run->batch = batch;
  run->tokens = a_.num_tokens();
  run->input = std::move(input);
  run->masked = options.masked_patches;
  const int64_t map = a_.block.heads * run->tokens * run->tokens, floats = batch * run->tokens * a_.dim;
  if (options.attention) run->maps = spares_->maps.take(static_cast<size_t>(batch * a_.depth * map));
  run->spares = spares_;
  if (options.tokens) run->layers.resize(static_cast<size_t>((a_.depth + 1) * floats));

  Profile profile;
  Pass pass = this->pass();
  pass.profile = options.profile ? &profile : nullptr;
  pass.cancel = options.cancel.get();
  pass.stop_if_cancelled();
  Floats x(static_cast<size_t>(floats));
  embed(run->input.data(), batch, options.masked_patches, x.data(), options.attention ? &run->stages : nullptr, pass);
  pass.stop_if_cancelled();
  encode_all(x.data(), batch, options.attention ? run->maps.data() : nullptr,
             options.tokens ? run->layers.data() : nullptr, pass);
  pass.stop_if_cancelled();
  run->logits.resize(static_cast<size_t>(batch * PredictionProcessing::output_length(a_)));
  run->features.resize(static_cast<size_t>(batch * PredictionProcessing::feature_length(a_)));
  predict(x.data(), batch, run->logits.data(), pass, run->features.data());
  run->profile = profile.entries();
  measure_scratch();
  return run;
}

}  // namespace vit
