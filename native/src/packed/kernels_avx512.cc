#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_avx512;
const Kernels kernels_avx512 = make_kernels("avx512");

}  // namespace packed
}  // namespace vit
