#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_neon_dot;
const Kernels kernels_neon_dot = make_kernels("neon-dot");

}  // namespace packed
}  // namespace vit
