#include "inspect/steps.h"

#include <algorithm>
#include <cstring>

#include "model/model.h"

namespace vit {

namespace {

/** Collects steps; `id` names the VIT_STEP that computes one. */
class StepList {
 public:
  std::vector<Step> steps;
  /** Whether attention knows places; set for the encoding blocks. */
  struct {
    bool rotary = false, bias = false;
  } positions;

  void add(const std::string& scope, const char* id, Shape shape) {
    const char* colon = std::strchr(id, ':');
    const auto& marks = step_marks();
    const auto mark =
        std::find_if(marks.begin(), marks.end(), [&](const StepMark& m) { return std::strcmp(m.id, id) == 0; });
    std::string file = mark == marks.end() ? "" : mark->file;
    std::replace(file.begin(), file.end(), '\\', '/');
    const size_t root = file.rfind("native/src/");
    shape.insert(shape.begin(), 1);
    steps.push_back({scope + (colon ? colon + 1 : id), shape, root == std::string::npos ? file : file.substr(root),
                     mark == marks.end() ? 0 : mark->line});
  }

  void add_attention(const std::string& scope, const Block& b, int64_t n) {
    for (const char* id : {"attn.q", "attn.k", "attn.v"}) add(scope, id, {b.heads, n, b.head_dim});
    if (positions.rotary)
      for (const char* id : {"attn.q_rotated", "attn.k_rotated"}) add(scope, id, {b.heads, n, b.head_dim});
    if (positions.bias) add(scope, "attn.bias", {b.heads, n, n});
    if (b.performer) {
      for (const char* id : {"attn.q_features", "attn.k_features"}) add(scope, id, {n, b.performer->features});
      add(scope, "performer:attn.weights", {b.heads, n, n});
    } else {
      for (const char* id : {"attn.scores", "attn.weights"}) add(scope, id, {b.heads, n, n});
    }
    add(scope, "attn.context", {n, b.qkv_dim()});
    if (b.order == Block::Order::parallel_scaling) return;
    if (b.attn_norm) add(scope, "attn.norm", {n, b.qkv_dim()});
    add(scope, "attn.proj", {n, b.dim});
    if (b.value_skip) add(scope, "attn.value_skip", {n, b.dim});
  }

  void add_neural_net(const std::string& scope, const Block& b, int64_t n) {
    add(scope, "mlp.fc1", {n, b.mlp_hidden});
    add(scope, "mlp.act", {n, b.fc2_in()});
    if (b.mlp_norm) add(scope, "mlp.norm", {n, b.fc2_in()});
    add(scope, "mlp.fc2", {n, b.dim});
  }

  void add_block(const std::string& scope, const Block& b, int64_t n) {
    const Shape shape{n, b.dim};
    switch (b.order) {
      case Block::Order::pre:
        add(scope, "pre:norm1", {n, b.dim_in});
        add_attention(scope, b, n);
        if (b.attn_residual) add(scope, "pre:attn.residual", shape);
        add(scope, "pre:norm2", shape);
        add_neural_net(scope, b, n);
        add(scope, "pre:mlp.residual", shape);
        return;
      case Block::Order::res_post:
        add_attention(scope, b, n);
        add(scope, "res-post:norm1", shape);
        add(scope, "res-post:attn.residual", shape);
        add_neural_net(scope, b, n);
        add(scope, "res-post:norm2", shape);
        add(scope, "res-post:mlp.residual", shape);
        return;
      case Block::Order::post:
        add_attention(scope, b, n);
        add(scope, "post:attn.residual", shape);
        add(scope, "post:norm1", shape);
        add_neural_net(scope, b, n);
        add(scope, "post:mlp.residual", shape);
        add(scope, "post:norm2", shape);
        return;
      case Block::Order::parallel:
        for (int64_t p = 0; p < b.branches; p++) {
          const std::string branch = scope + "attns." + std::to_string(p) + ".";
          add(branch, "parallel.attns:norm", shape);
          add_attention(branch, b, n);
        }
        add(scope, "parallel:attn.residual", shape);
        for (int64_t p = 0; p < b.branches; p++) {
          const std::string branch = scope + "ffns." + std::to_string(p) + ".";
          add(branch, "parallel.ffns:norm", shape);
          add_neural_net(branch, b, n);
        }
        add(scope, "parallel:mlp.residual", shape);
        return;
      case Block::Order::parallel_scaling:
        add(scope, "parallel-scaling:in_norm", shape);
        add(scope, "parallel-scaling:in_proj", {n, b.mlp_hidden + 3 * b.qkv_dim()});
        add_attention(scope, b, n);
        add(scope, "parallel-scaling:mlp.act", {n, b.mlp_hidden});
        add(scope, "parallel-scaling:attn.proj", shape);
        add(scope, "parallel-scaling:sum", shape);
        add(scope, "parallel-scaling:residual", shape);
        return;
    }
  }

  void add_tokenizer(const Architecture& a) {
    const int64_t patches = a.grid().count();
    if (a.tokenizer.kind == Tokenizer::Kind::patch) {
      add("", "patches", {patches, a.patch_length()});
      add("", "patch_embed", {patches, a.dim});
      if (a.tokenizer.norm) add("", "patch_embed.norm", {patches, a.dim});
      return;
    }
    int64_t channels = a.channels;
    for (size_t i = 0; i < a.tokenizer.splits.size(); i++) {
      const int64_t n = a.split_grid(i).count(), kernel = a.tokenizer.splits[i].kernel;
      add("tokenizer.splits." + std::to_string(i) + ".", "windows", {n, channels * kernel * kernel});
      if (i == a.tokenizer.stages.size()) break;
      add_block("tokenizer.stages." + std::to_string(i) + ".", a.tokenizer.stages[i], n);
      channels = a.tokenizer.stages[i].dim;
    }
    add("", "soft-split:patch_embed", {patches, a.dim});
  }

  void add_token_processing(const Architecture& a) {
    const Shape shape{a.num_tokens(), a.dim};
    add("", "prefix", shape);
    if (a.position.kind != Position::Kind::none) add("", "pos_embed", {a.position_rows(a.grid()), a.dim});
    add("", "tokens", shape);
    if (a.pre_norm) add("", "norm_pre", shape);
  }

  void add_blocks(const Architecture& a) {
    positions = {a.rotary.has_value(), a.relative_bias.has_value()};
    for (int64_t i = 0; i < a.depth; i++) {
      const std::string scope = "blocks." + std::to_string(i) + ".";
      if (a.position.each_block) add(scope, "block:pos_embed", {a.position_rows(a.grid()), a.dim});
      add_block(scope, a.block, a.num_tokens());
    }
  }

  void add_prediction(const Architecture& a) {
    add("", "norm", {a.num_tokens(), a.dim});
    if (a.pool == Pool::none) return;
    const bool distilled = a.pool == Pool::distilled;
    add("", "pool", distilled ? Shape{2, a.dim} : Shape{a.feature_length()});
    if (a.fc_norm && !distilled) add("", "fc_norm", {a.feature_length()});
    if (a.projection) add("", "projection", {a.head_in()});
    if (a.classes > 0) add("", distilled ? "distilled:head" : "head", {a.classes});
  }
};

void check_image(const Run& run, int64_t image) {
  if (image < 0 || image >= run.batch) throw Error::argument(sentence("There is no image {0} in this run.", image));
}

/** x (N, D) entering block `layer` (depth: leaving the last) of one image; kept, or computed from the input. */
Floats tokens_entering(const Run& run, int64_t image, int64_t layer, Pass& pass) {
  if (!run.layers.empty()) return run.layer_tokens(image, layer);
  const Architecture& a = run.model->architecture();
  Floats x(static_cast<size_t>(run.tokens * a.dim));
  Pass quiet = pass;
  quiet.trace = nullptr;
  run.model->embed(run.input.data() + image * a.input_length(), 1, run.masked, x.data(), nullptr, quiet);
  for (int64_t i = 0; i < layer; i++) run.model->encode(i, x.data(), 1, {}, quiet);
  return x;
}

}  // namespace

std::vector<Step> list_steps(const Architecture& a) {
  StepList list;
  list.add_tokenizer(a);
  list.add_token_processing(a);
  list.add_blocks(a);
  list.add_prediction(a);
  return list.steps;
}

std::vector<Step> list_steps(const Part& part, int64_t tokens) {
  StepList list;
  switch (part.kind) {
    case Part::Kind::soft_split:
      break;
    case Part::Kind::attention:
      list.add_attention("", part.block, tokens);
      break;
    case Part::Kind::neural_net:
      list.add_neural_net("", part.block, tokens);
      break;
    case Part::Kind::encoding:
      list.add_block("", part.block, tokens);
      break;
    case Part::Kind::tokenization:
      list.add_tokenizer(part.architecture);
      break;
    case Part::Kind::token_processing:
      list.add_token_processing(part.architecture);
      break;
    case Part::Kind::prediction_processing:
      list.add_prediction(part.architecture);
      break;
    case Part::Kind::backbone:
      list.add_token_processing(part.architecture);
      list.add_blocks(part.architecture);
      list.add_prediction(part.architecture);
  }
  return list.steps;
}

Tensor compute_step(const Run& run, int64_t image, const std::string& name) {
  Model& model = *run.model;
  const Architecture& a = model.architecture();
  check_image(run, image);
  const auto steps = list_steps(a);
  const auto step = std::find_if(steps.begin(), steps.end(), [&](const Step& s) { return s.name == name; });
  if (step == steps.end()) throw Error::argument(sentence("This model has no step {0}.", name));
  constexpr int64_t kLargest = int64_t{1} << 28;  // values, 1 GiB
  if (elements(step->shape) > kLargest)
    throw Error::memory(sentence("The step {0} has shape {1}, {2} GiB; look at rows of it instead.", name,
                                 to_string(step->shape), elements(step->shape) >> 28));

  Trace trace(name);
  Pass pass = model.pass();
  pass.trace = &trace;
  if (name.rfind("blocks.", 0) == 0) {
    const int64_t layer = std::stoll(name.substr(7));
    Floats x = tokens_entering(run, image, layer, pass);
    model.encode(layer, x.data(), 1, {}, pass);
  } else if (name == "norm" || name == "pool" || name == "fc_norm" || name == "projection" || name == "head") {
    const Floats x = tokens_entering(run, image, a.depth, pass);
    Floats out(static_cast<size_t>(PredictionProcessing::output_length(a)));
    model.predict(x.data(), 1, out.data(), pass);
  } else {
    Floats x(static_cast<size_t>(run.tokens * a.dim));
    model.embed(run.input.data() + image * a.input_length(), 1, run.masked, x.data(), nullptr, pass);
  }
  if (!trace.found()) throw Error::argument(sentence("The step {0} was not met; this is a defect.", name));
  return trace.take();
}

std::optional<std::string> first_step_not_finite(const Run& run, int64_t image) {
  Model& model = *run.model;
  const Architecture& a = model.architecture();
  check_image(run, image);
  Trace trace = Trace::first_not_finite();
  Pass pass = model.pass();
  pass.trace = &trace;
  Floats x(static_cast<size_t>(run.tokens * a.dim)), out(static_cast<size_t>(PredictionProcessing::output_length(a)));
  model.embed(run.input.data() + image * a.input_length(), 1, run.masked, x.data(), nullptr, pass);
  for (int64_t i = 0; i < a.depth && !trace.found(); i++) model.encode(i, x.data(), 1, {}, pass);
  if (!trace.found()) model.predict(x.data(), 1, out.data(), pass);
  return trace.found() ? std::optional(trace.found_name()) : std::nullopt;
}

Floats prediction_by_depth(const Run& run, int64_t image) {
  Model& model = *run.model;
  const Architecture& a = model.architecture();
  check_image(run, image);
  Pass pass = model.pass();
  const int64_t length = PredictionProcessing::output_length(a);
  Floats out(static_cast<size_t>(a.depth * length));
  if (a.depth == 0) return out;
  Floats x = tokens_entering(run, image, 0, pass);
  for (int64_t i = 0; i < a.depth; i++) {
    if (run.layers.empty())
      model.encode(i, x.data(), 1, {}, pass);
    else
      x = run.layer_tokens(image, i + 1);
    model.predict(x.data(), 1, out.data() + i * length, pass);
  }
  return out;
}

}  // namespace vit
