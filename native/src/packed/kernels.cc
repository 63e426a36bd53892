#include "packed/kernels.h"

#include <cstdlib>
#include <cstring>

#if defined(VIT_PACKED_X86)
#include <cpuid.h>
#if defined(VIT_PACKED_AMX)
#include <sys/syscall.h>
#include <unistd.h>
#endif
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
#if defined(VIT_PACKED_AVX512_BF16)
extern const Kernels kernels_avx512_bf16;
#endif
#if defined(VIT_PACKED_AMX)
extern const Kernels kernels_avx512_amx;
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

#if defined(VIT_PACKED_AVX512_BF16)
/**
 * Products of bfloat16 in vectors that are as fast as float32's, twice the numbers in each: AMD's since Zen 4. On
 * Intel's processors they were measured to be slower than float32 (docs/performance.md).
 */
bool has_fast_avx512_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __builtin_cpu_is("amd") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5));
}
#endif

#if defined(VIT_PACKED_AMX)
/** The matrix unit with bfloat16. Linux (5.16 and newer) gives a process its registers when it asks for them. */
bool has_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  const unsigned wanted = 1u << 22 | 1u << 24;  // AMX-BF16, AMX-TILE
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & wanted) != wanted) return false;
  constexpr int kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool granted = syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  return granted;
}
#endif
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
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
#if defined(VIT_PACKED_AMX)
  if (body(Candidate{&kernels_avx512_amx, vnni && has_amx()})) return;
#endif
#if defined(VIT_PACKED_AVX512_BF16)
  if (body(Candidate{&kernels_avx512_bf16, vnni && has_fast_avx512_bf16()})) return;
#endif
  if (body(Candidate{&kernels_avx512_vnni, vnni})) return;
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
