#pragma once

#include <napi.h>

#include "gradient/gradients.h"
#include "inspect/part.h"
#include "inspect/rollout.h"
#include "kernels/half.h"
#include "model/model.h"

namespace vit::binding {

// JavaScript objects of binding.d.ts to plain structs, copied, so that a worker never touches V8. Each throws
// vit::Error.

Architecture read_architecture(const Napi::Value& value);
Block read_block(const Napi::Value& value);
/** { tensors } into the first, { seed } into the second. */
void read_weights(const Napi::Value& value, TensorSources& tensors, std::optional<uint64_t>& seed);
LoadRequest read_load_request(const Napi::Value& value);
PartRequest read_part_request(const Napi::Value& value);
ForwardOptions read_forward_options(const Napi::Value& value);
RolloutOptions read_rollout_options(const Napi::Value& value);
GradientRequest read_gradient_request(const Napi::Value& value);

/** The argument of summarise; its bytes are V8's own. */
struct StoredValues {
  Napi::Uint8Array bytes;
  Stored stored;
};
StoredValues read_stored_values(const Napi::Value& value);

/** A whole number at that place of the call. */
int64_t integer_argument(const Napi::CallbackInfo& call, size_t index, const char* name);

/** A Uint8Array's values, copied. */
std::vector<uint8_t> bytes_argument(const Napi::Value& value, const std::string& name);
/** A Float32Array's values, copied. */
Floats floats_argument(const Napi::Value& value, const std::string& name);
/** The same for the argument "input" of a pass through `model`, in memory of a released run where there is some. */
Floats input_argument(const Napi::Value& value, Model& model);

}  // namespace vit::binding
