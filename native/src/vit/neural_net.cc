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
