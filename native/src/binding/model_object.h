#pragma once

#include <napi.h>

#include "model/model.h"

namespace vit::binding {

/** Model of binding.d.ts. */
class ModelObject : public Napi::ObjectWrap<ModelObject> {
 public:
  static Napi::Function define(Napi::Env env);
  /** `architecture` is the object the request came with; it is handed back as it was. */
  static Napi::Value create(Napi::Env env, std::shared_ptr<Model> model, const Napi::Object& architecture);
  explicit ModelObject(const Napi::CallbackInfo& call);
  void Finalize(Napi::Env env) override;

 private:
  Napi::Value architecture(const Napi::CallbackInfo& call);
  Napi::Value parameters(const Napi::CallbackInfo& call);
  Napi::Value memory(const Napi::CallbackInfo& call);
  Napi::Value steps(const Napi::CallbackInfo& call);
  Napi::Value forward(const Napi::CallbackInfo& call);
  Napi::Value tensor(const Napi::CallbackInfo& call);
  Napi::Value first_non_finite_tensor(const Napi::CallbackInfo& call);
  void close(const Napi::CallbackInfo& call);

  /** Throws when the model was closed. */
  const std::shared_ptr<Model>& model() const;

  /** Lets go of the model and of what V8 was told of its size. */
  void let_go(Napi::Env env);

  std::shared_ptr<Model> model_;
  Napi::ObjectReference architecture_;
};

}  // namespace vit::binding
