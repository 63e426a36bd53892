#include "vit/backward.h"

#include <algorithm>

#include "kernels/activations.h"
#include "kernels/softmax.h"

#if defined(VIT_PACKED)
#include "packed/kernels.h"
#include "packed/workspace.h"
#endif

namespace vit {

#if defined(VIT_PACKED)

int Backward::parts(double multiplications) const {
  return pass.by == Gemm::packed ? packed::threads_for(multiplications) : 1;
}

void Backward::share(int parts, int64_t count,
                     const std::function<void(int part, int64_t begin, int64_t end)>& body) const {
  if (parts <= 1) return body(0, 0, count);
  packed::current_pool().run(parts, [&](int part) { body(part, count * part / parts, count * (part + 1) / parts); });
}

void Backward::slopes(Activation activation, const float* x, float* dy, int64_t n) const {
  if (pass.by == Gemm::packed && packed::kernels().slopes(activation, x, dy, n)) return;
  activate_backward(activation, x, dy, n);
}

void Backward::softmax(float* x, int64_t n, int64_t length) const {
  if (pass.by == Gemm::packed) return packed::kernels().softmax_rows(x, n, length);
  vit::softmax(x, n, length, length);
}

#else

void Backward::slopes(Activation activation, const float* x, float* dy, int64_t n) const {
  activate_backward(activation, x, dy, n);
}

void Backward::softmax(float* x, int64_t n, int64_t length) const { vit::softmax(x, n, length, length); }

int Backward::parts(double) const { return 1; }

void Backward::share(int, int64_t count, const std::function<void(int, int64_t, int64_t)>& body) const {
  body(0, 0, count);
}

#endif

namespace {

/** A value of a norm, without the widest vectors, costs about as much as so many multiplications of a product. */
constexpr double kCostOfValue = 150;

double cost(int64_t n, int64_t length) { return kCostOfValue * static_cast<double>(n) * static_cast<double>(length); }

}  // namespace

void Backward::norm(const NormLayer& layer, const float* x, int64_t n, int64_t length, float* y) const {
  share(parts(cost(n, length)), n, [&](int, int64_t begin, int64_t end) {
    apply_norm(layer, x + begin * length, length, end - begin, length, y + begin * length, length);
  });
}

void Backward::norm_back(const NormLayer& layer, const float* x, const float* dy, int64_t n, int64_t length, float* dx,
                         bool add) const {
  share(parts(cost(n, length)), n, [&](int, int64_t begin, int64_t end) {
    norm_backward(layer, x + begin * length, length, dy + begin * length, length, end - begin, length,
                  dx + begin * length, length, add);
  });
}

const float* Backward::scaled(const Floats& gamma, const float* dy, int64_t n, int64_t length,
                              Arena::Scope& into) const {
  if (gamma.empty()) return dy;
  float* const made = into.take(n * length);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < length; j++) made[i * length + j] = dy[i * length + j] * gamma[static_cast<size_t>(j)];
  return made;
}

}  // namespace vit
