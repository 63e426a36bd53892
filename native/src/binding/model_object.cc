#include "binding/model_object.h"

#include "binding/addon.h"
#include "binding/requests.h"
#include "binding/run_object.h"
#include "inspect/steps.h"

namespace vit::binding {

namespace {

Napi::Number number(Napi::Env env, int64_t n) { return Napi::Number::New(env, static_cast<double>(n)); }

}  // namespace

Napi::Function ModelObject::define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {InstanceAccessor<&ModelObject::architecture>("architecture"),
                      InstanceAccessor<&ModelObject::parameters>("parameters"),
                      InstanceAccessor<&ModelObject::memory>("memory"), InstanceAccessor<&ModelObject::steps>("steps"),
                      InstanceMethod<&ModelObject::forward>("forward"), InstanceMethod<&ModelObject::tensor>("tensor"),
                      InstanceMethod<&ModelObject::first_non_finite_tensor>("firstNonFiniteTensor"),
                      InstanceMethod<&ModelObject::close>("close")});
}

ModelObject::ModelObject(const Napi::CallbackInfo& call) : ObjectWrap(call) {}

Napi::Value ModelObject::create(Napi::Env env, std::shared_ptr<Model> model, const Napi::Object& architecture) {
  const Napi::Object object = Addon::of(env).model.New({});
  ModelObject* self = Unwrap(object);
  Napi::MemoryManagement::AdjustExternalMemory(env, model->weight_bytes());
  self->model_ = std::move(model);
  self->architecture_ = Napi::Persistent(architecture);
  return object;
}

const std::shared_ptr<Model>& ModelObject::model() const {
  if (!model_) throw Error::argument(sentence("This model is closed."));
  return model_;
}

Napi::Value ModelObject::architecture(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return model(), architecture_.Value(); });
}

Napi::Value ModelObject::parameters(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return number(call.Env(), model()->parameters()); });
}

Napi::Value ModelObject::memory(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    Napi::Object memory = Napi::Object::New(call.Env());
    memory.Set("weights", number(call.Env(), model()->weight_bytes()));
    memory.Set("scratch", number(call.Env(), model()->scratch_bytes()));
    return memory;
  });
}

Napi::Value ModelObject::steps(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return to_js(call.Env(), list_steps(model()->architecture())); });
}

Napi::Value ModelObject::forward(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&] {
    auto input = std::make_shared<Floats>(input_argument(call[0], *model()));
    const int64_t batch = integer_argument(call, 1, "batch");
    auto options = read_forward_options(call[2]);
    return Task::start(
        env,
        [model = model(), input, batch, options = std::move(options)]() -> Task::Convert {
          auto run = model->forward(std::move(*input), batch, options);
          return [run, profiled = options.profile](Napi::Env env) { return RunObject::create(env, run, profiled); };
        },
        &Addon::of(env).queue);
  });
}

Napi::Value ModelObject::tensor(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    if (!call[0].IsString())
      throw Error::argument(sentence("{0} must be {1}.", sentence("The name of a tensor"), sentence("a string")));
    return to_js(call.Env(), model()->tensor(call[0].As<Napi::String>().Utf8Value()));
  });
}

Napi::Value ModelObject::first_non_finite_tensor(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    return Task::start(call.Env(), [model = model()]() -> Task::Convert {
      auto name = model->first_tensor_not_finite();
      return [name](Napi::Env env) { return to_js(env, name); };
    });
  });
}

void ModelObject::close(const Napi::CallbackInfo& call) { let_go(call.Env()); }

void ModelObject::Finalize(Napi::Env env) { let_go(env); }

void ModelObject::let_go(Napi::Env env) {
  if (model_) Napi::MemoryManagement::AdjustExternalMemory(env, -model_->weight_bytes());
  model_.reset();
}

}  // namespace vit::binding
