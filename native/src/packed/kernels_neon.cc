#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_neon;
const Kernels kernels_neon = make_kernels("neon");

}  // namespace packed
}  // namespace vit
