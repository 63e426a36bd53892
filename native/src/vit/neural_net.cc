#include "vit/neural_net.h"

#include <algorithm>

#include "kernels/activations.h"
#include "weights/weight_store.h"

namespace vit {

NeuralNet NeuralNet::load(const Block& block, const std::string& name, WeightStore& weights) {
  NeuralNet net{};
  net.kind = block.mlp;
  net.activation = block.activation;
  const std::string bias = block.mlp_bias ? name + "fc1.bias" : "";
  net.fc1 = block.mlp == Block::Mlp::mlp ? weights.linear(name + "fc1.weight", bias, block.mlp_hidden, block.dim)
                                         : weights.gated_linear(name + "fc1.weight", bias, block.mlp_hidden, block.dim);
  net.fc2 = weights.linear(name + "fc2.weight", block.mlp_bias ? name + "fc2.bias" : "", block.dim, block.fc2_in());
  net.has_norm = block.mlp_norm.has_value();
  if (net.has_norm) net.norm = weights.norm(*block.mlp_norm, name + "norm", block.fc2_in());
  return net;
}

namespace {

/** halves of each row of x (n, 2*width): y (n, width) = value half * act(gate half). */
void gate(Block::Mlp kind, Activation act, float* x, int64_t n, int64_t width, float* y) {
  for (int64_t i = 0; i < n; i++) {
    float* first = x + i * 2 * width;
    float* second = first + width;
    float* gated = kind == Block::Mlp::glu ? second : first;
    const float* value = kind == Block::Mlp::glu ? first : second;
    activate(act, gated, width);
    for (int64_t j = 0; j < width; j++) y[i * width + j] = value[j] * gated[j];
  }
}

}  // namespace

namespace {

/**
 * The backward pass of `gate`: dh (n, 2*width) from g (n, width), the gradient of its result, and x (n, 2*width).
 * `act` (width) is scratch.
 */
void gate_backward(Block::Mlp kind, Activation activation, const float* x, const float* g, int64_t n, int64_t width,
                   float* dh, float* act, const Backward& back) {
  const int64_t gate_at = kind == Block::Mlp::glu ? width : 0, value_at = width - gate_at;
  for (int64_t i = 0; i < n; i++, x += 2 * width, dh += 2 * width, g += width) {
    std::copy_n(x + gate_at, width, act);
    activate(activation, act, width);
    for (int64_t j = 0; j < width; j++) {
      dh[value_at + j] = g[j] * act[j];
      dh[gate_at + j] = g[j] * x[value_at + j];
    }
    back.slopes(activation, x + gate_at, dh + gate_at, width);
  }
}

}  // namespace

void NeuralNet::backward(const float* x, const float* dy, int64_t n, float* dx, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t hidden = fc1->out(), width = fc2->in();
  const bool gated = kind != Block::Mlp::mlp;
  float* const h = scope.take(n * hidden);
  fc1->apply(x, fc1->in(), n, h, hidden);
  float* const g = scope.take(n * width);
  back.layers.apply_back(*fc2, dy, fc2->out(), n, g, width, false);
  float* const dh = gated ? scope.take(n * hidden) : g;
  // An activation costs about as much as a hundred multiplications of a product.
  const int parts = back.parts(100.0 * static_cast<double>(n) * static_cast<double>(width));
  float* const made = scope.take(has_norm ? n * width : parts * width);
  back.share(parts, n, [&](int part, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    float* const own = g + begin * width;
    const float* const read = h + begin * hidden;
    if (has_norm) {
      // What the norm read, then what it was given.
      float* const values = made + begin * width;
      if (gated) {
        Floats copy(read, read + rows * hidden);
        gate(kind, activation, copy.data(), rows, width, values);
      } else {
        std::copy_n(read, rows * width, values);
        activate(activation, values, rows * width);
      }
      norm_backward(norm, values, width, own, width, rows, width, own, width, false);
    }
    if (gated)
      gate_backward(kind, activation, read, own, rows, width, dh + begin * hidden,
                    has_norm ? made + begin * width : made + part * width, back);
    else
      back.slopes(activation, read, own, rows * width);
  });
  back.layers.apply_back(*fc1, dh, hidden, n, dx, fc1->in(), false);
}

void NeuralNet::forward(const float* x, int64_t n, float* y, const Epilogue& into, Pass& pass) const {
  const int64_t hidden = fc1->out(), width = fc2->in(), dim = fc2->out();
  float* h = pass.scratch.get(Scratch::hidden, n * hidden);
  {
    const Timed timed(pass, "mlp.fc1");
    Epilogue act;
    if (kind == Block::Mlp::mlp && !pass.trace) act.activation = activation;
    fc1->apply(x, fc1->in(), n, h, hidden, act);
    VIT_STEP(pass.trace, "mlp.fc1", (Shape{n, hidden}), h, hidden);
    if (kind == Block::Mlp::mlp) {
      if (pass.trace) activate(activation, h, n * hidden);
    } else {
      float* gated = pass.scratch.get(Scratch::gated, n * width);
      gate(kind, activation, h, n, width, gated);
      h = gated;
    }
    VIT_STEP(pass.trace, "mlp.act", (Shape{n, width}), h, width);
    if (has_norm) {
      apply_norm(norm, h, width, n, width, h, width);
      VIT_STEP(pass.trace, "mlp.norm", (Shape{n, width}), h, width);
    }
  }
  const Timed timed(pass, "mlp.fc2");
  if (!pass.trace) return fc2->apply(h, width, n, y, dim, into);
  float* out = pass.scratch.get(Scratch::branch, n * dim);
  fc2->apply(h, width, n, out, dim);
  VIT_STEP(pass.trace, "mlp.fc2", (Shape{n, dim}), out, dim);
  finish_rows(out, dim, n, dim, nullptr, into);
  std::copy_n(out, n * dim, y);
}

}  // namespace vit
