#include "check.h"

#include <algorithm>

#include "kernels/half.h"
#include "packed/packed_matrix.h"
#include "packed/workspace.h"

namespace vit {
namespace test {

HeldRows HeldRows::random(Random& random, int64_t out, int64_t in, Stored stored) {
  HeldRows held{out, in, stored, random.reals(out * in, 1.7 / std::sqrt(static_cast<double>(in))), {}};
  if (stored == Stored::f32) return held;
  for (float& value : held.values) {
    // Patterns of small numbers, denormals of 16 bits among them.
    const uint16_t sign = random.coin() ? 0x8000 : 0;
    const uint16_t largest = stored == Stored::f16 ? 0x2C00 : 0x3D80;  // 1/16
    held.bits.push_back(static_cast<uint16_t>(sign | random.between(0, largest)));
    widen(stored, &held.bits.back(), 1, &value);
  }
  return held;
}

WeightRows HeldRows::rows() const {
  return {
      out, in, stored,
      [this](int64_t begin, int64_t count, float* to) { std::copy_n(values.data() + begin * in, count * in, to); },
      [this](int64_t begin, int64_t count, uint16_t* to) { std::copy_n(bits.data() + begin * in, count * in, to); }};
}

std::vector<const packed::Kernels*> kernel_sets() {
  std::vector<const packed::Kernels*> sets;
  for (const char* name :
       {"baseline", "avx2", "avx2-vnni", "avx512", "avx512-vnni", "avx512-bf16", "avx512-amx", "neon", "neon-dot"})
    if (const packed::Kernels* set = packed::kernels_named(name)) sets.push_back(set);
  return sets;
}

}  // namespace test
}  // namespace vit

int main() {
  using namespace vit::test;
  vit::packed::share_from(0);
  test_pool();
  for (const vit::packed::Kernels* set : kernel_sets()) {
    std::printf("%s (tiles of %d x %d)\n", set->name, static_cast<int>(set->tile_rows), static_cast<int>(set->panel));
    test_activations(*set);
    test_attention(*set);
    test_products(*set);
    test_stack(*set);
  }
  std::printf(failures ? "%d checks failed\n" : "all checks passed\n", failures);
  return failures ? 1 : 0;
}
