#include "linalg/gemm.h"

#if defined(VIT_BLAS_ACCELERATE)
#include <Accelerate/Accelerate.h>
#else
#include <cblas.h>

#include <cstdlib>
#endif

namespace vit {

namespace {

#if defined(VIT_BLAS_OPENBLAS) && defined(__x86_64__) && defined(__linux__)
/**
 * OpenBLAS chooses its kernels by the processor's model number while it is loaded, and for a number it does not know
 * those for SSE3. What the processor can do says it for each.
 */
void choose_blas_kernels() {
  __builtin_cpu_init();
  const auto avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  const auto avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const char* const name = avx512 ? "SkylakeX" : avx2 ? "Haswell" : nullptr;
  if (name) setenv("OPENBLAS_CORETYPE", name, 0);
}

/** Before OpenBLAS's own, whose priority is 101, the first that is not reserved. */
__attribute__((used, section(".init_array.00050"))) void (*const kBeforeOpenBlas)() = choose_blas_kernels;
#endif

/** The oracle: one dot product an element, summed in float64 in the order of k. */
void gemm_naive(Transpose ta, Transpose tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda,
                const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t p = 0; p < k; p++) {
        const float left = ta == Transpose::yes ? a[p * lda + i] : a[i * lda + p];
        const float right = tb == Transpose::yes ? b[j * ldb + p] : b[p * ldb + j];
        sum += static_cast<double>(left) * right;
      }
      const double before = beta == 0 ? 0.0 : static_cast<double>(beta) * c[i * ldc + j];
      c[i * ldc + j] = static_cast<float>(alpha * sum + before);
    }
  }
}

}  // namespace

void gemm(Gemm by, Transpose ta, Transpose tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
          int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  if (by == Gemm::naive) return gemm_naive(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  const auto op = [](Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; };
  const auto narrow = [](int64_t v) { return static_cast<int>(v); };
  cblas_sgemm(CblasRowMajor, op(ta), op(tb), narrow(m), narrow(n), narrow(k), alpha, a, narrow(lda), b, narrow(ldb),
              beta, c, narrow(ldc));
}

void set_blas_threads(int threads) {
#if defined(VIT_BLAS_OPENBLAS)
  // Setting it again is not free (the pool is rebuilt), and the count is one for the whole process.
  if (openblas_get_num_threads() != threads) openblas_set_num_threads(threads);
#else
  (void)threads;
#endif
}

std::string blas_name() {
#if defined(VIT_BLAS_ACCELERATE)
  return "Accelerate";
#else
  return openblas_get_config();
#endif
}

}  // namespace vit
