#include <napi.h>

#include "binding/resize_worker.h"
#include "linalg/cpu.h"
#include "linalg/gemm.h"

namespace {

Napi::Value info(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  Napi::Object result = Napi::Object::New(env);
  const auto features = vit::cpu_features();
  Napi::Array list = Napi::Array::New(env, features.size());
  for (uint32_t i = 0; i < features.size(); i++) list.Set(i, features[i]);
  result.Set("blas", vit::blas_name());
  result.Set("features", list);
  result.Set("kernels", "blas");
  result.Set("cores", vit::physical_cores());
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("napiVersion", Napi::Number::New(env, NAPI_VERSION));
  exports.Set("info", Napi::Function::New(env, info, "info"));
  exports.Set("resize", Napi::Function::New(env, vit::binding::resize, "resize"));
  return exports;
}

}  // namespace

NODE_API_MODULE(vit_inspector, init)
