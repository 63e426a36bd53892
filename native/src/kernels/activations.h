#pragma once

#include <cstdint>

#include "architecture/architecture.h"

namespace vit {

/** x (n) = act(x) in place, as torch.nn.modules.activation defines each with its default arguments. */
void activate(Activation act, float* x, int64_t n);

/** dy (n) *= act'(x): the gradient of what activate read. At a kink the left or the right slope, as torch has it. */
void activate_backward(Activation act, const float* x, float* dy, int64_t n);

/** The oracle: one value in float64 through libm. */
double activate_naive(Activation act, double x);

/** The name binding.d.ts uses, e.g. "gelu_tanh". */
const char* to_string(Activation act);

}  // namespace vit
