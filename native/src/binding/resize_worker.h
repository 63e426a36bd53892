#pragma once

#include <napi.h>

namespace vit::binding {

/** Binding.resize of binding.d.ts: (ResizeRequest) -> Promise<Uint8Array>, computed on a worker thread. */
Napi::Value resize(const Napi::CallbackInfo& call);

}  // namespace vit::binding
