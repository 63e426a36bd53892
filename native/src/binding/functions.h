#pragma once

#include <napi.h>

namespace vit::binding {

// The functions of Binding in binding.d.ts; resize is in resize_worker.h.

Napi::Value info(const Napi::CallbackInfo& call);
Napi::Value load(const Napi::CallbackInfo& call);
Napi::Value describe_steps(const Napi::CallbackInfo& call);
Napi::Value run_part(const Napi::CallbackInfo& call);
Napi::Value cancel_token(const Napi::CallbackInfo& call);
Napi::Value sinusoid(const Napi::CallbackInfo& call);
Napi::Value summarise(const Napi::CallbackInfo& call);
Napi::Value resample_positions(const Napi::CallbackInfo& call);
Napi::Value measure_peak(const Napi::CallbackInfo& call);

}  // namespace vit::binding
