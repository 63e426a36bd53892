#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_avx2_vnni;
const Kernels kernels_avx2_vnni = make_kernels("avx2-vnni");

}  // namespace packed
}  // namespace vit
