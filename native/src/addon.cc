#include "binding/addon.h"

#include "binding/cancel_token.h"
#include "binding/functions.h"
#include "binding/model_object.h"
#include "binding/resize_worker.h"
#include "binding/run_object.h"

namespace {

using namespace vit::binding;

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* addon = new Addon();
  env.SetInstanceData(addon);
  addon->model = Napi::Persistent(ModelObject::define(env));
  addon->run = Napi::Persistent(RunObject::define(env));
  addon->cancel_token = Napi::Persistent(CancelToken::define(env));

  exports.Set("info", Napi::Function::New<info>(env, "info"));
  exports.Set("load", Napi::Function::New<load>(env, "load"));
  exports.Set("describeSteps", Napi::Function::New<describe_steps>(env, "describeSteps"));
  exports.Set("runPart", Napi::Function::New<run_part>(env, "runPart"));
  exports.Set("cancelToken", Napi::Function::New<cancel_token>(env, "cancelToken"));
  exports.Set("resize", Napi::Function::New<resize>(env, "resize"));
  exports.Set("sinusoid", Napi::Function::New<sinusoid>(env, "sinusoid"));
  exports.Set("summarise", Napi::Function::New<summarise>(env, "summarise"));
  exports.Set("resamplePositions", Napi::Function::New<resample_positions>(env, "resamplePositions"));
  exports.Set("measurePeak", Napi::Function::New<measure_peak>(env, "measurePeak"));
  return exports;
}

}  // namespace

NODE_API_MODULE(vit_inspector, init)
