#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_avx512_bf16;
const Kernels kernels_avx512_bf16 = make_kernels("avx512-bf16");

}  // namespace packed
}  // namespace vit
