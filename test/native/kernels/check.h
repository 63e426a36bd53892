#pragma once

#include "../check.h"

namespace vit {
namespace test {

void test_activations();
void test_norms();
void test_softmax();
void test_products();
void test_half();
void test_seeded_init();
void test_positions();
void test_soft_split();
void test_attention();
void test_models();
void test_failures();
void test_backward();

}  // namespace test
}  // namespace vit
