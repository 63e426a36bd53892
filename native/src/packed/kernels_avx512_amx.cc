#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_avx512_amx;
const Kernels kernels_avx512_amx = make_kernels("avx512-amx");

}  // namespace packed
}  // namespace vit
