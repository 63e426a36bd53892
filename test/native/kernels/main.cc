#include "check.h"

int main() {
  using namespace vit::test;
  test_activations();
  test_norms();
  test_softmax();
  test_products();
  test_half();
  test_seeded_init();
  test_positions();
  test_soft_split();
  test_attention();
  test_models();
  test_failures();
  test_backward();
  std::printf(failures ? "%d checks failed\n" : "all checks passed\n", failures);
  return failures ? 1 : 0;
}
