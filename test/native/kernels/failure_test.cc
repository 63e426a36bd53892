#include <new>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "error.h"
#include "memory/sizes.h"
#include "packed/thread_pool.h"

namespace vit {
namespace test {

namespace {

template <class Throw>
void expect(Throw body, const std::string& code, const std::string& english) {
  try {
    body();
    check(false, "nothing was thrown for " + code);
  } catch (...) {
    const Failure failure = failure_in_flight();
    check(failure.code == code, failure.code + " where " + code + " was expected");
    const std::string said = failure.said.english();
    check(said.find(english) != std::string::npos, said);
  }
}

void test_sentences() {
  expect([] { throw Error::tensor(sentence("No.")); }, "ERR_TENSOR", "No.");
  expect([] { throw std::bad_alloc(); }, "ERR_MEMORY", "not enough memory");
  expect([] { std::vector<int>().reserve(static_cast<size_t>(-1)); }, "ERR_MEMORY", "more memory");
  expect([] { throw std::runtime_error("why"); }, "ERR_INTERNAL", "why");
  expect([] { throw 7; }, "ERR_INTERNAL", "without saying why");
}

void test_places() {
  const Sentence inner = sentence("{0} holds {1} of {0}.", "{1}.bin", int64_t{1} << 40);
  check(inner.english() == "{1}.bin holds 1099511627776 of {1}.bin.", inner.english());
  const Sentence outer = sentence("It is refused: {0} ({1}, {3}).", inner, size_t{2});
  check(outer.english() == "It is refused: {1}.bin holds 1099511627776 of {1}.bin (2, {3}).", outer.english());
  try {
    throw Error::file(outer);
  } catch (...) {
    const Sentence said = failure_in_flight().said;
    check(said.text == outer.text && said.arguments.size() == 2, "a sentence arrives as template and arguments");
  }
}

void test_sizes() {
  constexpr int64_t kMost = INT64_MAX;
  check(product({3, 4, 5}) == 60 && product({}) == 1, "small products");
  check(product({int64_t{1} << 32, int64_t{1} << 32}) == kMost, "a product that would wrap to 0");
  check(product({int64_t{1} << 40, int64_t{1} << 40, 0}) == 0, "a product with 0");
  check(sum(kMost, 1) == kMost && sum(2, 3) == 5, "sums");
}

/** What a task throws on any thread reaches the caller, and the pool works on. */
void test_pool() {
#if defined(VIT_PACKED)
  packed::ThreadPool pool(3);
  for (int thrower = 0; thrower < 3; thrower++) {
    expect(
        [&] {
          pool.run([&](int thread) {
            if (thread == thrower) throw std::bad_alloc();
          });
        },
        "ERR_MEMORY", "not enough memory");
    std::atomic<int> ran{0};
    pool.run([&](int) { ran++; });
    check(ran == pool.size(), "the pool runs after an exception");
  }
#endif
}

}  // namespace

void test_failures() {
  test_sentences();
  test_places();
  test_sizes();
  test_pool();
}

}  // namespace test
}  // namespace vit
