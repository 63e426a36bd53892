#pragma once

#include <cstdint>
#include <string>

namespace vit {

/** Who does the matrix products. naive: three loops, the oracle; blas: the platform's; packed: our kernels. */
enum class Gemm { naive, blas, packed };

enum class Transpose : bool { no, yes };

/**
 * C (m, n) = alpha * op(A) op(B) + beta * C, all row-major with row strides lda, ldb, ldc.
 * op(A) is (m, k), op(B) is (k, n). beta 0 overwrites C whatever it held. Gemm::packed means blas here: it has no
 * weights to pack.
 */
void gemm(Gemm by, Transpose ta, Transpose tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
          int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc);

/** Threads BLAS may use from now on, where it can be told (OpenBLAS; Accelerate decides itself). */
void set_blas_threads(int threads);

/** Name and version of the BLAS that was linked. */
std::string blas_name();

}  // namespace vit
