#include "packed/kernels.h"

#include <cstdlib>
#include <cstring>

#if defined(VIT_PACKED_X86)
#include <cpuid.h>
#elif defined(VIT_PACKED_ARM64) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace vit {
namespace packed {

#if defined(VIT_PACKED_ARM64)
extern const Kernels kernels_neon;
extern const Kernels kernels_neon_dot;
#else
extern const Kernels kernels_baseline;
#endif
#if defined(VIT_PACKED_X86)
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
extern const Kernels kernels_avx512_vnni;
#if defined(VIT_PACKED_AVX_VNNI)
extern const Kernels kernels_avx2_vnni;
#endif
#endif

namespace {

struct Candidate {
  const Kernels* set;
  bool runs;
};

#if defined(VIT_PACKED_X86)
bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4));
}
#endif

#if defined(VIT_PACKED_ARM64)
/** Products of groups of four 8-bit numbers (FEAT_DotProd). */
bool has_dot_products() {
#if defined(__APPLE__)
  return true;  // every processor with macOS for arm64
#elif defined(__linux__)
  return getauxval(AT_HWCAP) & (1ul << 20);  // HWCAP_ASIMDDP
#else
  return false;
#endif
}
#endif

/** Calls body(candidate) from the best to the plainest until it returns true. */
template <class Body>
void each_candidate(const Body& body) {
#if defined(VIT_PACKED_X86)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (body(Candidate{&kernels_avx512_vnni, avx512 && __builtin_cpu_supports("avx512vnni")})) return;
  if (body(Candidate{&kernels_avx512, avx512})) return;
#if defined(VIT_PACKED_AVX_VNNI)
  if (body(Candidate{&kernels_avx2_vnni, avx2 && has_avx_vnni()})) return;
#endif
  if (body(Candidate{&kernels_avx2, avx2})) return;
#endif
#if defined(VIT_PACKED_ARM64)
  if (body(Candidate{&kernels_neon_dot, has_dot_products()})) return;
  body(Candidate{&kernels_neon, true});
#else
  body(Candidate{&kernels_baseline, true});
#endif
}

}  // namespace

const Kernels* kernels_named(const char* name) {
  const Kernels* found = nullptr;
  each_candidate([&](const Candidate& c) {
    if (c.runs && std::strcmp(c.set->name, name) == 0) found = c.set;
    return found != nullptr;
  });
  return found;
}

const Kernels& kernels() {
  static const Kernels& chosen = []() -> const Kernels& {
    if (const char* asked = std::getenv("VIT_KERNELS"))
      if (const Kernels* set = kernels_named(asked)) return *set;
    const Kernels* best = nullptr;
    each_candidate([&](const Candidate& c) {
      if (c.runs) best = c.set;
      return c.runs;
    });
    return *best;
  }();
  return chosen;
}

}  // namespace packed
}  // namespace vit
