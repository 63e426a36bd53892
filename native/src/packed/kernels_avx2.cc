#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_avx2;
const Kernels kernels_avx2 = make_kernels("avx2");

}  // namespace packed
}  // namespace vit
