#include "packed/kernel_set.h"

namespace vit {
namespace packed {

extern const Kernels kernels_baseline;
const Kernels kernels_baseline = make_kernels("baseline");

}  // namespace packed
}  // namespace vit
