#include "products/linear_factory.h"

#include "linalg/plain_linear.h"
#if defined(VIT_PACKED)
#include "packed/packed_linear.h"
#endif

namespace vit {

bool takes(Gemm by, Precision precision) {
#if defined(VIT_PACKED)
  constexpr bool packed = true;
#else
  constexpr bool packed = false;
#endif
  const bool reference = precision == Precision::fp32 || precision == Precision::stored;
  return reference || (packed && by == Gemm::packed);
}

std::unique_ptr<Linear> make_linear(Gemm by, Precision precision, const WeightRows& weight, Floats bias) {
#if defined(VIT_PACKED)
  if (by == Gemm::packed)
    return std::make_unique<packed::PackedLinear>(packed::kernels(), precision, weight, std::move(bias));
#endif
  return make_plain_linear(by, precision, weight, std::move(bias));
}

}  // namespace vit
