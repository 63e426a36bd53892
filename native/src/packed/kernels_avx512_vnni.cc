#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_avx512_vnni;
const Kernels kernels_avx512_vnni = make_kernels("avx512-vnni");

}  // namespace packed
}  // namespace vit
