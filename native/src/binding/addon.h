#pragma once

#include <napi.h>

#include "binding/async.h"

namespace vit::binding {

/** What one loaded instance of the addon keeps: its classes and its queue of forward passes. */
struct Addon {
  Napi::FunctionReference model;
  Napi::FunctionReference run;
  Napi::FunctionReference cancel_token;
  RunQueue queue;

  static Addon& of(Napi::Env env) { return *env.GetInstanceData<Addon>(); }
};

}  // namespace vit::binding
