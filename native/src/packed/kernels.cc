#include "packed/kernels.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace vit {
namespace packed {

extern const Kernels kernels_baseline;
#if defined(VIT_PACKED_X86)
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

const Kernels* kernels_named(const char* name) {
  if (std::strcmp(name, kernels_baseline.name) == 0) return &kernels_baseline;
#if defined(VIT_PACKED_X86)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (std::strcmp(name, kernels_avx2.name) == 0 && avx2) return &kernels_avx2;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (std::strcmp(name, kernels_avx512.name) == 0 && avx512) return &kernels_avx512;
#endif
  return nullptr;
}

const Kernels& kernels() {
  static const Kernels& chosen = []() -> const Kernels& {
    if (const char* asked = std::getenv("VIT_KERNELS"))
      if (const Kernels* set = kernels_named(asked)) return *set;
    for (const char* name : {"avx512", "avx2"})
      if (const Kernels* set = kernels_named(name)) return *set;
    return kernels_baseline;
  }();
  return chosen;
}

}  // namespace packed
}  // namespace vit
