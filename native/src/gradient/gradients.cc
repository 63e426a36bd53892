#include "gradient/gradients.h"

#include <algorithm>

#include "architecture/footprint.h"
#include "gradient/maps.h"
#include "memory/limit.h"
#include "model/model.h"

namespace vit {

namespace {

/** More images at a time run no faster. */
constexpr int64_t kMostAtOnce = 8;

void check(const Run& run, const GradientRequest& request) {
  const Architecture& a = run.model->architecture();
  const int64_t length = PredictionProcessing::output_length(a);
  if (length == 0) throw Error::argument(sentence("This model pools nothing: it has no output to differentiate."));
  if (run.layers.empty())
    throw Error::argument(sentence("The tokens of this run were not kept; run it with tokens on to have gradients."));
  if (static_cast<int64_t>(request.targets.size()) != run.batch)
    throw Error::argument(
        sentence("There are {0} targets for {1} images; each needs one.", request.targets.size(), run.batch));
  for (const Target& target : request.targets)
    for (const TargetTerm& term : target)
      check_index(a.classes > 0 ? sentence("class") : sentence("output"), term.index, length);
  for (const int64_t layer : request.attention) check_index(sentence("layer"), layer, a.depth);
  for (const int64_t layer : request.tokens) check_index(sentence("layer"), layer, a.depth + 1);
  if (request.grad_cam && a.depth == 0)
    throw Error::argument(sentence("This model has no encoding block whose norm Grad-CAM could look at."));
}

/** Bytes of what is handed out. */
double result_bytes(const Run& run, const GradientRequest& request) {
  const Architecture& a = run.model->architecture();
  const double images = static_cast<double>(run.batch), n = static_cast<double>(run.tokens);
  double floats = static_cast<double>(request.attention.size()) * static_cast<double>(a.block.heads) * n * n;
  floats += static_cast<double>(request.tokens.size()) * n * static_cast<double>(a.dim);
  floats += (request.input ? static_cast<double>(a.input_length()) : 0) + 4 * n;
  if (request.grad_cam) floats += 2 * n * static_cast<double>(a.dim);
  return 4 * images * floats;
}

/** Images at a time, within the memory limit, and the bytes that are left beside them. */
struct Plan {
  int64_t images;
  double left;
};

Plan make_plan(const Run& run, const GradientRequest& request) {
  const Model& model = *run.model;
  const auto bytes = [&](int64_t images) {
    return static_cast<double>(model.weight_bytes() + run.bytes()) + result_bytes(run, request) +
           estimate_backward(model.architecture(), images, model.threads());
  };
  int64_t images = std::min(run.batch, kMostAtOnce);
  while (images > 1 && bytes(images) > static_cast<double>(model.memory_limit())) images /= 2;
  check_memory(bytes(images), model.memory_limit(), [](auto needed, auto limit) {
    return sentence(
        "The backward pass needs {0} of memory, the model and the kept run included; the limit is {1}. Ask for fewer "
        "layers' gradients, or use a smaller picture.",
        needed, limit);
  });
  return {images, static_cast<double>(model.memory_limit()) - bytes(images)};
}

/** The backward pass over images [first, first + count) of a run, into their places in the results. */
class BackwardPass {
 public:
  BackwardPass(const Run& run, const GradientRequest& request, Gradients& results, int64_t first, int64_t count)
      : run_(run), request_(request), results_(results), a_(run.model->architecture()), first_(first), count_(count) {}

  void compute(Backward& back) {
    const int64_t values = count_ * run_.tokens * a_.dim;
    Arena::Scope scope(back.arena);
    float* dx = scope.take(values);
    float* dy = scope.take(values);
    for (int64_t i = 0; i < count_; i++)
      run_.model->predict_back(run_.layer(first_ + i, a_.depth), request_.targets[static_cast<size_t>(first_ + i)],
                               dx + i * run_.tokens * a_.dim, back);
    keep_tokens(a_.depth, dx);
    if (request_.relevance) start_relevance(a_, count_, relevance());
    for (int64_t layer = a_.depth - 1; layer >= lowest(); layer--) {
      back.pass.stop_if_cancelled();
      std::swap(dx, dy);
      pass_block(layer, dy, dx, back);
      keep_tokens(layer, dx);
    }
    if (!request_.input) return;
    back.pass.stop_if_cancelled();
    run_.model->embed_back(run_.input.data() + first_ * a_.input_length(), count_, run_.masked, dx,
                           results_.input.data() + first_ * a_.input_length(), back);
  }

 private:
  float* relevance() const { return results_.relevance.data() + first_ * run_.tokens; }

  /** The lowest block that is passed through; depth: none. */
  int64_t lowest() const {
    int64_t layer = request_.input || request_.relevance ? 0 : request_.grad_cam ? a_.depth - 1 : a_.depth;
    for (const int64_t wanted : request_.attention) layer = std::min(layer, wanted);
    for (const int64_t wanted : request_.tokens) layer = std::min(layer, wanted);
    return layer;
  }

  bool wants_tokens(int64_t layer) const {
    return std::find(request_.tokens.begin(), request_.tokens.end(), layer) != request_.tokens.end();
  }

  void pass_block(int64_t layer, const float* dy, float* dx, Backward& back) {
    Arena::Scope scope(back.arena);
    const int64_t values = count_ * run_.tokens * a_.dim, map = a_.block.heads * run_.tokens * run_.tokens;
    BlockLook look;
    look.input = request_.input || layer > lowest() || wants_tokens(layer);
    std::vector<float*> maps;  // of this layer, as often as it was asked for
    for (size_t i = 0; i < request_.attention.size(); i++)
      if (request_.attention[i] == layer) maps.push_back(results_.attention[i].data() + first_ * map);
    if (!maps.empty()) look.maps.gradient = maps.front();
    if (request_.relevance) {
      float* const carried = scope.take(count_ * run_.tokens);
      std::copy_n(relevance(), count_ * run_.tokens, carried);
      look.maps.carried = carried;
      look.maps.next = relevance();
    }
    const bool cam = request_.grad_cam && layer == a_.depth - 1;
    if (cam) {
      look.norm = scope.take(values);
      look.norm_gradient = scope.take(values);
    }
    run_.model->block(layer).backward(run_.layer(first_, layer), dy, count_, run_.tokens, dx, look, back);
    for (size_t i = 1; i < maps.size(); i++) std::copy_n(maps.front(), count_ * map, maps[i]);
    const int64_t patches = a_.grid().count();
    if (cam) grad_cam(a_, look.norm, look.norm_gradient, count_, results_.grad_cam.data() + first_ * patches);
  }

  void keep_tokens(int64_t layer, const float* dx) {
    const int64_t values = run_.tokens * a_.dim;
    for (size_t i = 0; i < request_.tokens.size(); i++)
      if (request_.tokens[i] == layer) std::copy_n(dx, count_ * values, results_.tokens[i].data() + first_ * values);
  }

  const Run& run_;
  const GradientRequest& request_;
  Gradients& results_;
  const Architecture& a_;
  const int64_t first_, count_;
};

Gradients make_room(const Run& run, const GradientRequest& request) {
  const Architecture& a = run.model->architecture();
  Gradients made;
  const auto floats = [&](int64_t of_image) { return Floats(static_cast<size_t>(run.batch * of_image)); };
  const int64_t length = PredictionProcessing::output_length(a);
  for (int64_t image = 0; image < run.batch; image++) {
    double y = 0;
    for (const TargetTerm& term : request.targets[static_cast<size_t>(image)])
      y += static_cast<double>(term.weight) * run.logits[static_cast<size_t>(image * length + term.index)];
    made.y.push_back(static_cast<float>(y));
  }
  for (size_t i = 0; i < request.attention.size(); i++)
    made.attention.push_back(floats(a.block.heads * run.tokens * run.tokens));
  for (size_t i = 0; i < request.tokens.size(); i++) made.tokens.push_back(floats(run.tokens * a.dim));
  if (request.input) made.input = floats(a.input_length());
  if (request.relevance) made.relevance = floats(run.tokens);
  if (request.grad_cam) made.grad_cam = floats(a.grid().count());
  return made;
}

/** What a backward pass worked in is kept for the next one up to this size. */
constexpr int64_t kMostKept = int64_t{64} << 20;

}  // namespace

Gradients gradients(const Run& run, const GradientRequest& request) {
  check(run, request);
  const Plan plan = make_plan(run, request);
  Model& model = *run.model;
  Pass pass = model.pass();
  // The packed kernels' threads call BLAS themselves, each for its own rows.
  if (pass.by == Gemm::packed) set_blas_threads(1);
  pass.cancel = request.cancel.get();
  pass.stop_if_cancelled();
  Gradients made = make_room(run, request);
  auto& [arena, layers] = model.backward_room();
  layers.set_limit(static_cast<int64_t>(plan.left));
  Backward back{pass, arena, layers};
  for (int64_t first = 0; first < run.batch; first += plan.images)
    BackwardPass(run, request, made, first, std::min(plan.images, run.batch - first)).compute(back);
  if (arena.bytes() > kMostKept) arena.clear();
  model.measure_scratch();
  return made;
}

}  // namespace vit
