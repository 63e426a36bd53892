#include "block_oracle.h"

#include "kernels/activations.h"

namespace vit {
namespace test {

double BlockOracle::rounded(double value, double magnitude, int64_t terms) const {
  if (!noise_) return value;
  return value + noise_->real(1) * 0x1p-24 * std::sqrt(static_cast<double>(terms)) * magnitude;
}

BlockOracle::Rows BlockOracle::linear(const Rows& x, const std::string& weight, const std::string& bias,
                                      bool has_bias) const {
  const Tensor w = model_.tensor(weight);
  const Floats added = has_bias ? model_.tensor(bias).values : Floats();
  const int64_t out = w.shape[0], in = w.shape[1];
  Rows y{out, Doubles(static_cast<size_t>(x.count() * out))};
  for (int64_t i = 0; i < x.count(); i++)
    for (int64_t n = 0; n < out; n++) {
      double sum = has_bias ? added[static_cast<size_t>(n)] : 0.0, magnitude = std::fabs(sum);
      for (int64_t k = 0; k < in; k++) {
        const double term = x.values[static_cast<size_t>(i * in + k)] * w.values[static_cast<size_t>(n * in + k)];
        sum += term;
        magnitude += std::fabs(term);
      }
      y.values[static_cast<size_t>(i * out + n)] = rounded(sum, magnitude, in + 1);
    }
  return y;
}

void BlockOracle::norm(const Norm& kind, const std::string& name, double* x, int64_t length) const {
  if (kind.kind == Norm::Kind::identity) return;
  const double n = static_cast<double>(length);
  double mean = 0, magnitude = 0, squares = 0;
  for (int64_t j = 0; j < length; j++) magnitude += std::fabs(x[j]) / n;
  if (kind.kind == Norm::Kind::layer) {
    for (int64_t j = 0; j < length; j++) mean += x[j] / n;
    mean = rounded(mean, magnitude, length);
  }
  for (int64_t j = 0; j < length; j++) squares += (x[j] - mean) * (x[j] - mean) / n;
  const double deviation = std::sqrt(rounded(squares, squares, length) + kind.eps);
  const Floats weight = model_.tensor(name + ".weight").values;
  const Floats bias = kind.kind == Norm::Kind::layer ? model_.tensor(name + ".bias").values : Floats();
  for (int64_t j = 0; j < length; j++) {
    const auto at = static_cast<size_t>(j);
    const double scaled = (x[j] - mean) / deviation * weight[at], value = scaled + (bias.empty() ? 0.0 : bias[at]);
    // The subtraction of the mean, two products and a sum.
    x[j] = rounded(value, std::fabs(scaled) + std::fabs(value), 4);
  }
}

BlockOracle::Rows BlockOracle::normed(const Norm& kind, const std::string& name, Rows x) const {
  for (int64_t i = 0; i < x.count(); i++) norm(kind, name, x.values.data() + i * x.length, x.length);
  return x;
}

BlockOracle::Rows BlockOracle::columns(const Rows& x, int64_t first, int64_t count) const {
  Rows y{count, {}};
  for (int64_t i = 0; i < x.count(); i++) {
    const auto from = x.values.begin() + i * x.length + first;
    y.values.insert(y.values.end(), from, from + count);
  }
  return y;
}

void BlockOracle::add(Rows& x, const Rows& part, const std::string& gamma) const {
  const Floats scale = b_.layer_scale && !gamma.empty() ? model_.tensor(gamma).values : Floats();
  for (size_t i = 0; i < x.values.size(); i++) {
    const double factor = scale.empty() ? 1.0 : scale[i % static_cast<size_t>(x.length)];
    const double added = part.values[i] * factor, sum = x.values[i] + added;
    x.values[i] = rounded(sum, std::fabs(sum) + std::fabs(added), 2);
  }
}

void BlockOracle::activate_all(Rows& x) const {
  for (double& value : x.values) {
    const double y = activate_naive(b_.activation, value);
    value = rounded(y, std::fabs(y), 4);
  }
}

BlockOracle::Rows BlockOracle::attention(Rows qkv, const std::string& name, const std::string& proj,
                                         double* maps) const {
  const int64_t n = a_.num_tokens(), hd = b_.head_dim, length = b_.qkv_dim(), images = qkv.count() / n;
  const int64_t map = b_.heads * n * n;
  Rows context{length, Doubles(static_cast<size_t>(qkv.count() * length), 0.0)};
  for (int64_t row = 0; row < qkv.count(); row++)
    for (int64_t h = 0; b_.qk_norm && h < 2 * b_.heads; h++)
      norm(*b_.qk_norm, name + (h < b_.heads ? "q_norm" : "k_norm"), qkv.values.data() + row * qkv.length + h * hd, hd);
  for (int64_t image = 0; image < images; image++)
    for (int64_t h = 0; h < b_.heads; h++)
      for (int64_t i = 0; i < n; i++) {
        const auto part = [&](int64_t token, int64_t which) {
          return qkv.values.data() + (image * n + token) * qkv.length + which * length + h * hd;
        };
        Doubles weights(static_cast<size_t>(n));
        double largest = -INFINITY, total = 0;
        for (int64_t j = 0; j < n; j++) {
          double score = 0, magnitude = 0;
          for (int64_t d = 0; d < hd; d++) {
            const double term = b_.scale * part(i, 0)[d] * part(j, 1)[d];
            score += term;
            magnitude += std::fabs(term);
          }
          weights[static_cast<size_t>(j)] = rounded(score, magnitude, hd + 1);
          largest = std::max(largest, weights[static_cast<size_t>(j)]);
        }
        for (double& weight : weights) total += weight = std::exp(weight - largest);
        for (int64_t j = 0; j < n; j++) {
          const auto at = static_cast<size_t>(image * a_.depth * map + (h * n + i) * n + j);
          const double weight = weights[static_cast<size_t>(j)] / total + (moved_ ? (*moved_)[at] : 0.0);
          maps[image * a_.depth * map + (h * n + i) * n + j] += weight / static_cast<double>(b_.branches);
          for (int64_t d = 0; d < hd; d++)
            context.values[static_cast<size_t>((image * n + i) * length + h * hd + d)] += weight * part(j, 2)[d];
        }
      }
  if (b_.attn_norm) context = normed(*b_.attn_norm, name + "norm", std::move(context));
  Rows y = linear(context, proj + ".weight", proj + ".bias", b_.proj_bias);
  if (b_.value_skip)
    for (int64_t row = 0; row < y.count(); row++)
      for (int64_t d = 0; d < length; d++)
        y.values[static_cast<size_t>(row * length + d)] +=
            qkv.values[static_cast<size_t>(row * qkv.length + 2 * length + d)];
  return y;
}

BlockOracle::Rows BlockOracle::net(const Rows& x, const std::string& name) const {
  Rows hidden = linear(x, name + "fc1.weight", name + "fc1.bias", b_.mlp_bias);
  if (b_.mlp == Block::Mlp::mlp) {
    activate_all(hidden);
  } else {
    const int64_t half = b_.fc2_in(), gates = b_.mlp == Block::Mlp::glu ? half : 0;
    Rows gate = columns(hidden, gates, half);
    activate_all(gate);
    hidden = columns(hidden, half - gates, half);
    for (size_t i = 0; i < gate.values.size(); i++) hidden.values[i] *= gate.values[i];
  }
  if (b_.mlp_norm) hidden = normed(*b_.mlp_norm, name + "norm", std::move(hidden));
  return linear(hidden, name + "fc2.weight", name + "fc2.bias", b_.mlp_bias);
}

BlockOracle::Rows BlockOracle::block(const Rows& in, const std::string& name, double* maps) const {
  const auto attend = [&](const Rows& x, const std::string& part) {
    Rows qkv = linear(x, part + "qkv.weight", part + "qkv.bias", b_.qkv_bias);
    return attention(std::move(qkv), part, part + "proj", maps);
  };
  Rows x = in;
  switch (b_.order) {
    case Block::Order::pre:
      add(x, attend(normed(b_.norm, name + "norm1", x), name + "attn."), name + "ls1.gamma");
      add(x, net(normed(b_.norm, name + "norm2", x), name + "mlp."), name + "ls2.gamma");
      return x;
    case Block::Order::res_post: {
      const auto after = [&](Rows part, const std::string& gamma, const std::string& norm) {
        Rows scaled{part.length, Doubles(part.values.size(), 0.0)};
        add(scaled, part, gamma);
        add(x, normed(b_.norm, norm, std::move(scaled)), "");
      };
      after(attend(x, name + "attn."), name + "ls1.gamma", name + "norm1");
      after(net(x, name + "mlp."), name + "ls2.gamma", name + "norm2");
      return x;
    }
    case Block::Order::post:
      add(x, attend(x, name + "attn."), name + "ls1.gamma");
      x = normed(b_.norm, name + "norm1", std::move(x));
      add(x, net(x, name + "mlp."), name + "ls2.gamma");
      return normed(b_.norm, name + "norm2", std::move(x));
    case Block::Order::parallel: {
      const auto branch = [&](const char* kind, int64_t p) { return name + kind + "." + std::to_string(p) + "."; };
      for (int64_t p = 0; p < b_.branches; p++) {
        const std::string at = branch("attns", p);
        add(x, attend(normed(b_.norm, at + "norm", in), at + "attn."), at + "ls.gamma");
      }
      const Rows sum = x;
      for (int64_t p = 0; p < b_.branches; p++) {
        const std::string at = branch("ffns", p);
        add(x, net(normed(b_.norm, at + "norm", sum), at + "mlp."), at + "ls.gamma");
      }
      return x;
    }
    case Block::Order::parallel_scaling: {
      Rows all =
          linear(normed(b_.norm, name + "in_norm", x), name + "in_proj.weight", name + "in_proj.bias", b_.qkv_bias);
      if (!b_.qkv_bias) {
        const Floats bias = model_.tensor(name + "mlp_bias").values;
        for (int64_t i = 0; i < all.count(); i++)
          for (int64_t j = 0; j < b_.mlp_hidden; j++)
            all.values[static_cast<size_t>(i * all.length + j)] += bias[static_cast<size_t>(j)];
      }
      Rows hidden = columns(all, 0, b_.mlp_hidden);
      activate_all(hidden);
      Rows sum = attention(columns(all, b_.mlp_hidden, 3 * b_.qkv_dim()), name, name + "attn_out_proj", maps);
      const Rows mlp = linear(hidden, name + "mlp_out_proj.weight", name + "mlp_out_proj.bias", b_.mlp_bias);
      add(sum, mlp, "");
      add(x, sum, name + "ls.gamma");
      return x;
    }
  }
  return x;
}

BlockOracle::Outcome BlockOracle::run(const Doubles& in, int64_t batch, const Doubles* moved) const {
  moved_ = moved;
  const int64_t map = b_.heads * a_.num_tokens() * a_.num_tokens();
  Outcome made;
  made.maps.assign(static_cast<size_t>(batch * a_.depth * map), 0.0);
  Rows x{a_.dim, in};
  for (double& value : x.values) value = rounded(value, std::fabs(value), 1);
  for (int64_t layer = 0; layer < a_.depth; layer++) {
    x = block(x, "blocks." + std::to_string(layer) + ".", made.maps.data() + layer * map);
    made.tokens.insert(made.tokens.end(), x.values.begin(), x.values.end());
  }
  return made;
}

}  // namespace test
}  // namespace vit
