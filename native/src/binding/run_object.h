#pragma once

#include <napi.h>

#include <functional>

#include "model/run.h"

namespace vit::binding {

/** Run of binding.d.ts. */
class RunObject : public Napi::ObjectWrap<RunObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(Napi::Env env, std::shared_ptr<Run> run, bool profiled);
  explicit RunObject(const Napi::CallbackInfo& call);
  void Finalize(Napi::Env env) override;

 private:
  Napi::Value batch(const Napi::CallbackInfo& call);
  Napi::Value num_tokens(const Napi::CallbackInfo& call);
  Napi::Value logits(const Napi::CallbackInfo& call);
  Napi::Value features(const Napi::CallbackInfo& call);
  Napi::Value profile(const Napi::CallbackInfo& call);
  Napi::Value bytes(const Napi::CallbackInfo& call);
  Napi::Value attention(const Napi::CallbackInfo& call);
  Napi::Value attention_rows(const Napi::CallbackInfo& call);
  Napi::Value tokens(const Napi::CallbackInfo& call);
  Napi::Value rollout(const Napi::CallbackInfo& call);
  Napi::Value stage_attention_rows(const Napi::CallbackInfo& call);
  Napi::Value prediction_by_depth(const Napi::CallbackInfo& call);
  Napi::Value step(const Napi::CallbackInfo& call);
  Napi::Value first_non_finite_step(const Napi::CallbackInfo& call);
  Napi::Value gradients(const Napi::CallbackInfo& call);
  Napi::Value value_attention(const Napi::CallbackInfo& call);
  Napi::Value masked_outputs(const Napi::CallbackInfo& call);
  void release(const Napi::CallbackInfo& call);

  /** Throws when the run was released. */
  const std::shared_ptr<Run>& run() const;
  /** A promise of what `compute` copies out, on any thread of the addon. */
  Napi::Value slice(const Napi::CallbackInfo& call, std::function<Floats(const Run&)> compute);

  /** A promise of what `compute` gives, which uses the model and waits for the passes before it. */
  Napi::Value queued(const Napi::CallbackInfo& call, std::function<Floats(const Run&)> compute);

  std::shared_ptr<Run> run_;
  bool profiled_ = false;
};

}  // namespace vit::binding
