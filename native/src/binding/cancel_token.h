#pragma once

#include <napi.h>

#include <atomic>
#include <memory>

namespace vit::binding {

/** The JavaScript side of a flag that a forward pass reads between two blocks. */
class CancelToken : public Napi::ObjectWrap<CancelToken> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CancelToken(const Napi::CallbackInfo& call);

  /** Throws ERR_ARGUMENT when the value is no token of this addon. */
  static std::shared_ptr<const std::atomic<bool>> flag_of(const Napi::Value& value);

 private:
  void cancel(const Napi::CallbackInfo& call);
  Napi::Value cancelled(const Napi::CallbackInfo& call);

  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace vit::binding
