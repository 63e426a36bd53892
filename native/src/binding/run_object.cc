#include "binding/run_object.h"

#include "binding/addon.h"
#include "binding/cancel_token.h"
#include "binding/requests.h"
#include "gradient/gradients.h"
#include "inspect/masked_outputs.h"
#include "inspect/rollout.h"
#include "inspect/steps.h"
#include "inspect/value_attention.h"
#include "model/model.h"

namespace vit::binding {

namespace {

/** Gradients of binding.d.ts. */
Napi::Object to_js(Napi::Env env, const GradientRequest& request, const Gradients& made) {
  Napi::Object object = Napi::Object::New(env);
  const auto layers = [&](const std::vector<int64_t>& which, const std::vector<Floats>& values) {
    Napi::Array list = Napi::Array::New(env, values.size());
    for (uint32_t i = 0; i < values.size(); i++) {
      Napi::Object one = Napi::Object::New(env);
      one.Set("layer", static_cast<double>(which[i]));
      one.Set("values", binding::to_js(env, values[i]));
      list.Set(i, one);
    }
    return list;
  };
  const auto optional = [&](bool asked, const Floats& values) -> Napi::Value {
    return asked ? binding::to_js(env, values).As<Napi::Value>() : env.Null();
  };
  object.Set("y", binding::to_js(env, made.y));
  object.Set("attention", layers(request.attention, made.attention));
  object.Set("tokens", layers(request.tokens, made.tokens));
  object.Set("input", optional(request.input, made.input));
  object.Set("relevance", optional(request.relevance, made.relevance));
  object.Set("gradCam", optional(request.grad_cam, made.grad_cam));
  return object;
}

}  // namespace

Napi::Function RunObject::define(Napi::Env env) {
  return DefineClass(
      env, "Run",
      {InstanceAccessor<&RunObject::batch>("batch"), InstanceAccessor<&RunObject::num_tokens>("numTokens"),
       InstanceAccessor<&RunObject::logits>("logits"), InstanceAccessor<&RunObject::features>("features"),
       InstanceAccessor<&RunObject::profile>("profile"), InstanceAccessor<&RunObject::bytes>("bytes"),
       InstanceMethod<&RunObject::attention>("attention"), InstanceMethod<&RunObject::attention_rows>("attentionRows"),
       InstanceMethod<&RunObject::tokens>("tokens"), InstanceMethod<&RunObject::rollout>("rollout"),
       InstanceMethod<&RunObject::stage_attention_rows>("stageAttentionRows"),
       InstanceMethod<&RunObject::prediction_by_depth>("predictionByDepth"), InstanceMethod<&RunObject::step>("step"),
       InstanceMethod<&RunObject::first_non_finite_step>("firstNonFiniteStep"),
       InstanceMethod<&RunObject::gradients>("gradients"),
       InstanceMethod<&RunObject::value_attention>("valueAttention"),
       InstanceMethod<&RunObject::masked_outputs>("maskedOutputs"), InstanceMethod<&RunObject::release>("release")});
}

RunObject::RunObject(const Napi::CallbackInfo& call) : ObjectWrap(call) {}

Napi::Value RunObject::create(Napi::Env env, std::shared_ptr<Run> run, bool profiled) {
  const Napi::Object object = Addon::of(env).run.New({});
  RunObject* self = Unwrap(object);
  // V8 sees a small object; told of what hangs on it, it collects in time.
  Napi::MemoryManagement::AdjustExternalMemory(env, run->bytes());
  self->run_ = std::move(run);
  self->profiled_ = profiled;
  return object;
}

void RunObject::Finalize(Napi::Env env) {
  if (run_) Napi::MemoryManagement::AdjustExternalMemory(env, -run_->bytes());
}

const std::shared_ptr<Run>& RunObject::run() const {
  if (!run_) throw Error::argument(sentence("This run was released."));
  return run_;
}

Napi::Value RunObject::batch(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return Napi::Number::New(call.Env(), static_cast<double>(run()->batch)); });
}

Napi::Value RunObject::num_tokens(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return Napi::Number::New(call.Env(), static_cast<double>(run()->tokens)); });
}

Napi::Value RunObject::logits(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return to_js(call.Env(), run()->logits); });
}

Napi::Value RunObject::features(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return to_js(call.Env(), run()->features); });
}

Napi::Value RunObject::profile(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&]() -> Napi::Value {
    const auto& entries = run()->profile;
    if (!profiled_) return env.Null();
    Napi::Array list = Napi::Array::New(env, entries.size());
    for (uint32_t i = 0; i < entries.size(); i++) {
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("stage", entries[i].stage);
      entry.Set("ms", entries[i].ms);
      list.Set(i, entry);
    }
    return list;
  });
}

Napi::Value RunObject::bytes(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return Napi::Number::New(call.Env(), static_cast<double>(run()->bytes())); });
}

Napi::Value RunObject::slice(const Napi::CallbackInfo& call, std::function<Floats(const Run&)> compute) {
  return Task::start(call.Env(), [run = run(), compute = std::move(compute)]() -> Task::Convert {
    auto values = std::make_shared<Floats>(compute(*run));
    return [values](Napi::Env env) { return to_js(env, *values); };
  });
}

Napi::Value RunObject::attention(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image"), layer = integer_argument(call, 1, "layer");
    return slice(call, [=](const Run& run) { return run.attention(image, layer); });
  });
}

Napi::Value RunObject::attention_rows(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image"), layer = integer_argument(call, 1, "layer"),
                  query = integer_argument(call, 2, "query");
    return slice(call, [=](const Run& run) { return run.attention_rows(image, layer, query); });
  });
}

Napi::Value RunObject::tokens(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image"), layer = integer_argument(call, 1, "layer");
    return slice(call, [=](const Run& run) { return run.layer_tokens(image, layer); });
  });
}

Napi::Value RunObject::rollout(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image");
    const RolloutOptions options = read_rollout_options(call[1]);
    return slice(call, [=](const Run& run) { return vit::rollout(run, image, options); });
  });
}

Napi::Value RunObject::stage_attention_rows(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image"), stage = integer_argument(call, 1, "stage"),
                  query = integer_argument(call, 2, "query");
    return slice(call, [=](const Run& run) { return run.stage_attention_rows(image, stage, query); });
  });
}

// These compute with the model, so they wait their turn.

Napi::Value RunObject::queued(const Napi::CallbackInfo& call, std::function<Floats(const Run&)> compute) {
  return Task::start(
      call.Env(),
      [run = run(), compute = std::move(compute)]() -> Task::Convert {
        auto values = std::make_shared<Floats>(compute(*run));
        return [values](Napi::Env env) { return to_js(env, *values); };
      },
      &Addon::of(call.Env()).queue);
}

Napi::Value RunObject::prediction_by_depth(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image");
    return queued(call, [=](const Run& run) { return vit::prediction_by_depth(run, image); });
  });
}

Napi::Value RunObject::value_attention(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image"), layer = integer_argument(call, 1, "layer"),
                  query = integer_argument(call, 2, "query");
    return queued(call, [=](const Run& run) { return vit::value_attention(run, image, layer, query); });
  });
}

Napi::Value RunObject::masked_outputs(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const int64_t image = integer_argument(call, 0, "image"), variants = integer_argument(call, 2, "variants");
    std::shared_ptr<const std::atomic<bool>> cancel;
    if (!call[3].IsUndefined() && !call[3].IsNull()) cancel = CancelToken::flag_of(call[3]);
    return queued(call, [=, masks = bytes_argument(call[1], "masks")](const Run& run) {
      return vit::masked_outputs(run, image, masks, variants, cancel.get());
    });
  });
}

Napi::Value RunObject::gradients(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    auto request = std::make_shared<GradientRequest>(read_gradient_request(call[0]));
    return Task::start(
        env,
        [run = run(), request]() -> Task::Convert {
          auto made = std::make_shared<Gradients>(vit::gradients(*run, *request));
          return [made, request](Napi::Env env) { return to_js(env, *request, *made); };
        },
        &Addon::of(env).queue);
  });
}

Napi::Value RunObject::step(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    const int64_t image = integer_argument(call, 0, "image");
    if (!call[1].IsString())
      throw Error::argument(sentence("{0} must be {1}.", sentence("The name of a step"), sentence("a string")));
    const std::string name = call[1].As<Napi::String>().Utf8Value();
    return Task::start(
        env,
        [run = run(), image, name]() -> Task::Convert {
          auto tensor = std::make_shared<Tensor>(compute_step(*run, image, name));
          return [tensor](Napi::Env env) { return to_js(env, *tensor); };
        },
        &Addon::of(env).queue);
  });
}

Napi::Value RunObject::first_non_finite_step(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    const int64_t image = integer_argument(call, 0, "image");
    return Task::start(
        env,
        [run = run(), image]() -> Task::Convert {
          auto name = first_step_not_finite(*run, image);
          return [name](Napi::Env env) { return to_js(env, name); };
        },
        &Addon::of(env).queue);
  });
}

void RunObject::release(const Napi::CallbackInfo& call) {
  if (run_) Napi::MemoryManagement::AdjustExternalMemory(call.Env(), -run_->bytes());
  run_.reset();
}

}  // namespace vit::binding
