#include "binding/cancel_token.h"

#include "binding/addon.h"
#include "error.h"

namespace vit::binding {

Napi::Function CancelToken::define(Napi::Env env) {
  return DefineClass(
      env, "CancelToken",
      {InstanceMethod<&CancelToken::cancel>("cancel"), InstanceAccessor<&CancelToken::cancelled>("cancelled")});
}

CancelToken::CancelToken(const Napi::CallbackInfo& call)
    : ObjectWrap(call), flag_(std::make_shared<std::atomic<bool>>(false)) {}

std::shared_ptr<const std::atomic<bool>> CancelToken::flag_of(const Napi::Value& value) {
  const Napi::Function type = Addon::of(value.Env()).cancel_token.Value();
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(type))
    throw Error::argument(sentence("{0} must be {1}.", "options.cancel", sentence("a token made by cancelToken()")));
  return Unwrap(value.As<Napi::Object>())->flag_;
}

void CancelToken::cancel(const Napi::CallbackInfo&) { flag_->store(true, std::memory_order_relaxed); }

Napi::Value CancelToken::cancelled(const Napi::CallbackInfo& call) {
  return Napi::Boolean::New(call.Env(), flag_->load(std::memory_order_relaxed));
}

}  // namespace vit::binding
