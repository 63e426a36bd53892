#pragma once

// Included by the files that are compiled once for each instruction set (packed/simd.h): nothing of the standard
// library here.

/** Every activation, by its name in binding.d.ts; the formulas are in kernels/activations.cc. The last one is identity.
 */
#define VIT_ACTIVATIONS(X) \
  X(gelu)                  \
  X(gelu_tanh)             \
  X(quick_gelu)            \
  X(relu)                  \
  X(relu6)                 \
  X(silu)                  \
  X(sigmoid)               \
  X(tanh)                  \
  X(elu)                   \
  X(celu)                  \
  X(selu)                  \
  X(leaky_relu)            \
  X(rrelu)                 \
  X(hardswish)             \
  X(hardsigmoid)           \
  X(hardtanh)              \
  X(hardshrink)            \
  X(softshrink)            \
  X(tanhshrink)            \
  X(softplus)              \
  X(softsign)              \
  X(mish)                  \
  X(log_sigmoid)           \
  X(identity)

namespace vit {

#define VIT_NAME(name) name,
enum class Activation { VIT_ACTIVATIONS(VIT_NAME) };
#undef VIT_NAME

}  // namespace vit
