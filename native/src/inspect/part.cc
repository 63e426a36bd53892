#include "inspect/part.h"

#include <algorithm>
#include <functional>

#include "architecture/footprint.h"
#include "inspect/steps.h"
#include "limits.h"
#include "memory/limit.h"
#include "t2t/soft_split.h"
#include "t2t/tokens_to_token.h"
#include "vit/encoding.h"
#include "vit/patch_tokenization.h"
#include "vit/prediction_processing.h"
#include "vit/token_processing.h"
#include "weights/weight_store.h"

namespace vit {

namespace {

/** One image through the part: x to y, the steps offered to the pass's trace. */
using Compute = std::function<void(const float* x, float* y, Pass& pass)>;

/** A part made ready: what it takes and gives of one image, and how. */
struct Ready {
  Shape in, out;  // without batch
  Compute compute;
};

[[noreturn]] void refuse(const Shape& shape, const Argument& wanted) {
  throw Error::argument(sentence("The input has shape {0}, but this part takes {1}.", to_string(shape), wanted));
}

/** N of an input (B, N, length). */
int64_t tokens_of(const Shape& shape, int64_t length) {
  if (shape.size() != 3 || shape[2] != length || shape[1] < 1) refuse(shape, "(B, N, " + std::to_string(length) + ")");
  return shape[1];
}

Ready ready_soft_split(const SoftSplit& split, const Shape& shape) {
  if (shape.size() != 4) refuse(shape, "(B, C, H, W)");
  const int64_t channels = shape[1], height = shape[2], width = shape[3];
  for (int i = 1; i < 4; i++)
    if (shape[static_cast<size_t>(i)] > (i == 1 ? limits::channels : limits::side))
      refuse(shape, sentence("smaller images"));
  const Grid grid = count_tokens({height, width}, split);
  if (grid.rows < 1 || grid.columns < 1) refuse(shape, sentence("an image its kernel fits into"));
  return {
      {channels, height, width},
      {grid.count(), channels * split.kernel * split.kernel},
      [=](const float* x, float* y, Pass&) { soft_split(ImageView::planar(x, 1, channels, height, width), split, y); }};
}

Ready ready_block(const Part& part, const Shape& shape, WeightStore& weights) {
  const Block& block = part.block;
  if (part.kind == Part::Kind::neural_net) {
    const int64_t n = tokens_of(shape, block.dim);
    auto net = std::make_shared<NeuralNet>(NeuralNet::load(block, "mlp.", weights));
    return {
        {n, block.dim}, {n, block.dim}, [=](const float* x, float* y, Pass& pass) { net->forward(x, n, y, {}, pass); }};
  }
  const int64_t n = tokens_of(shape, block.dim_in);
  if (part.kind == Part::Kind::attention) {
    auto attention = std::make_shared<Attention>(Attention::load(block, "attn.", weights, {}));
    return {{n, block.dim_in}, {n, block.dim}, [=](const float* x, float* y, Pass& pass) {
              attention->forward(x, 1, n, y, {}, {}, pass);
            }};
  }
  std::shared_ptr<Encoding> encoding = Encoding::load(block, "", weights);
  return {{n, block.dim_in}, {n, block.dim}, [=](const float* x, float* y, Pass& pass) {
            encoding->forward(x, 1, n, y, {}, pass);
          }};
}

Ready ready_tokenization(const Architecture& a, const Shape& shape, WeightStore& weights) {
  const Shape image{a.channels, a.height, a.width};
  if (shape.size() != 4 || !std::equal(image.begin(), image.end(), shape.begin() + 1))
    refuse(shape, "(B, " + std::to_string(a.channels) + ", " + std::to_string(a.height) + ", " +
                      std::to_string(a.width) + ")");
  const Shape out{a.grid().count(), a.dim};
  if (a.tokenizer.kind == Tokenizer::Kind::soft_split) {
    auto t2t = std::make_shared<TokensToToken>(TokensToToken::load(a, weights));
    return {image, out, [=](const float* x, float* y, Pass& pass) { t2t->forward(a, x, 1, y, nullptr, pass); }};
  }
  auto tokenization = std::make_shared<PatchTokenization>(PatchTokenization::load(a, weights));
  return {image, out, [=](const float* x, float* y, Pass& pass) { tokenization->forward(a, x, 1, y, pass); }};
}

Ready ready_backbone(const Architecture& a, const Shape& shape, WeightStore& weights) {
  const int64_t patches = a.grid().count(), n = a.num_tokens();
  if (tokens_of(shape, a.dim) != patches)
    refuse(shape, "(B, " + std::to_string(patches) + ", " + std::to_string(a.dim) + ")");
  auto processing = std::make_shared<TokenProcessing>(TokenProcessing::load(a, weights));
  std::vector<std::shared_ptr<Encoding>> blocks;
  const auto positions = load_attention_positions(a, weights);
  for (int64_t i = 0; i < a.depth; i++)
    blocks.push_back(
        Encoding::load(a.block, "blocks." + std::to_string(i) + ".", weights, positions[static_cast<size_t>(i)]));
  auto prediction = std::make_shared<PredictionProcessing>(PredictionProcessing::load(a, weights));
  return {{patches, a.dim}, {PredictionProcessing::output_length(a)}, [=](const float* x, float* y, Pass& pass) {
            Floats tokens(static_cast<size_t>(n * a.dim));
            processing->forward(a, x, 1, tokens.data(), pass);
            for (size_t i = 0; i < blocks.size(); i++) {
              pass.trace->enter("blocks." + std::to_string(i) + ".");
              processing->show_block(a, static_cast<int64_t>(i), pass);
              blocks[i]->forward(tokens.data(), 1, n, tokens.data(), {}, pass);
              processing->after_block(a, static_cast<int64_t>(i), 1, tokens.data());
              pass.trace->enter("");
            }
            prediction->forward(a, tokens.data(), 1, y, pass);
          }};
}

void check(const Part& part) {
  switch (part.kind) {
    case Part::Kind::soft_split:
      return part.split.check(sentence("The soft split"));
    case Part::Kind::attention:
    case Part::Kind::neural_net:
    case Part::Kind::encoding:
      part.block.check(sentence("The part"));
      return;
    default:
      part.architecture.check();
  }
}

Ready make_ready(const Part& part, const Shape& shape, WeightStore& weights) {
  const Architecture& a = part.architecture;
  switch (part.kind) {
    case Part::Kind::soft_split:
      return ready_soft_split(part.split, shape);
    case Part::Kind::attention:
    case Part::Kind::neural_net:
    case Part::Kind::encoding:
      return ready_block(part, shape, weights);
    case Part::Kind::tokenization:
      return ready_tokenization(a, shape, weights);
    case Part::Kind::token_processing: {
      const int64_t patches = tokens_of(shape, a.dim);
      if (patches != a.grid().count())
        refuse(shape, "(B, " + std::to_string(a.grid().count()) + ", " + std::to_string(a.dim) + ")");
      auto processing = std::make_shared<TokenProcessing>(TokenProcessing::load(a, weights));
      return {{patches, a.dim}, {a.num_tokens(), a.dim}, [=](const float* x, float* y, Pass& pass) {
                processing->forward(a, x, 1, y, pass);
              }};
    }
    case Part::Kind::prediction_processing: {
      const int64_t n = tokens_of(shape, a.dim);
      if (n != a.num_tokens())
        refuse(shape, "(B, " + std::to_string(a.num_tokens()) + ", " + std::to_string(a.dim) + ")");
      auto prediction = std::make_shared<PredictionProcessing>(PredictionProcessing::load(a, weights));
      return {{n, a.dim}, {PredictionProcessing::output_length(a)}, [=](const float* x, float* y, Pass& pass) {
                prediction->forward(a, x, 1, y, pass);
              }};
    }
    case Part::Kind::backbone:
      break;
  }
  return ready_backbone(a, shape, weights);
}

/** Puts image `index`'s steps behind those of the images before it. */
void append(std::vector<TracedStep>& all, std::vector<TracedStep> one) {
  if (all.empty()) {
    all = std::move(one);
    return;
  }
  for (size_t i = 0; i < all.size(); i++) {
    Tensor& tensor = all[i].tensor;
    tensor.shape.front()++;
    tensor.values.insert(tensor.values.end(), one[i].tensor.values.begin(), one[i].tensor.values.end());
  }
}

}  // namespace

namespace {

WeightCount count_weights(const Part& part) {
  switch (part.kind) {
    case Part::Kind::soft_split:
      return {};
    case Part::Kind::attention:
    case Part::Kind::neural_net:
    case Part::Kind::encoding:
      return vit::count_weights(part.block);
    default:
      return vit::count_weights(part.architecture);
  }
}

/** Every step of every image is kept, and one image's are in the making. */
void check_part_memory(const PartRequest& request, const Ready& ready) {
  const auto count = [](const Shape& shape) { return static_cast<double>(elements(shape)); };
  double values = count(ready.in) + 2 * count(ready.out);
  for (const Step& step : list_steps(request.part, ready.in.front())) values += count(step.shape);
  // A list that grows is copied into one of twice its size.
  check_memory(4 * values * (static_cast<double>(request.shape[0]) * 3 + 1), request.memory_limit,
               [](auto needed, auto limit) {
                 return sentence(
                     "This part needs {0} of memory to keep all its steps; the limit is {1}. Run fewer images, or a "
                     "smaller input.",
                     needed, limit);
               });
}

}  // namespace

std::vector<TracedStep> run_part(PartRequest request) {
  const Shape& shape = request.shape;
  if (shape.empty() || shape[0] < 1 || elements(shape) != static_cast<int64_t>(request.input.size()))
    throw Error::argument(
        sentence("The input has {0} values, which is not its shape {1}.", request.input.size(), to_string(shape)));
  check(request.part);
  const WeightCount weights_count = count_weights(request.part);
  check_memory(4 * weights_count.total() + 4 * weights_count.largest, request.memory_limit,
               [](auto needed, auto limit) {
                 return sentence("This part needs {0} of memory for its weights; the limit is {1}.", needed, limit);
               });
  if (request.seed) check_drawn(weights_count);
  WeightStore weights = request.seed ? WeightStore(*request.seed, Gemm::blas, Precision::fp32)
                                     : WeightStore(std::move(request.tensors), Gemm::blas, Precision::fp32);
  const Ready ready = make_ready(request.part, shape, weights);
  weights.check_unchanged();
  check_part_memory(request, ready);

  std::vector<TracedStep> all;
  Scratch scratch;
  for (int64_t image = 0; image < shape[0]; image++) {
    Trace trace = Trace::everything();
    Pass pass{Gemm::blas, scratch};
    pass.trace = &trace;
    Floats out(static_cast<size_t>(elements(ready.out)));
    ready.compute(request.input.data() + image * elements(ready.in), out.data(), pass);
    trace.offer("output", ready.out, out.data(), ready.out.back());
    append(all, trace.take_all());
  }
  return all;
}

}  // namespace vit
