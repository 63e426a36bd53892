#include "block_oracle.h"

#include "kernels/activations.h"

namespace vit {
namespace test {

double BlockOracle::rounded(double value, double magnitude, int64_t terms) const {
  if (!noise_) return value;
  return value + noise_->real(1) * 0x1p-24 * std::sqrt(static_cast<double>(terms)) * magnitude;
}

const Floats& BlockOracle::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found != tensors_.end() ? found->second : tensors_[name] = model_.tensor(name).values;
}

BlockOracle::Rows BlockOracle::linear(const Rows& x, const std::string& weight, const std::string& bias,
                                      bool has_bias) const {
  const Tensor w = model_.tensor(weight);
  const Floats added = has_bias ? tensor(bias) : Floats();
  const int64_t out = w.shape[0], in = w.shape[1];
  Rows y{out, Doubles(static_cast<size_t>(x.count() * out))};
  for (int64_t i = 0; i < x.count(); i++)
    for (int64_t n = 0; n < out; n++) {
      double sum = has_bias ? added[static_cast<size_t>(n)] : 0.0, magnitude = std::fabs(sum);
      for (int64_t k = 0; k < in; k++) {
        const double term = x.values[static_cast<size_t>(i * in + k)] * w.values[static_cast<size_t>(n * in + k)];
        sum += term;
        if (noise_) magnitude += std::fabs(term);
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
  const Floats weight = tensor(name + ".weight");
  const Floats bias = kind.kind == Norm::Kind::layer ? tensor(name + ".bias") : Floats();
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
  const Floats scale = b_.layer_scale && !gamma.empty() ? tensor(gamma) : Floats();
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

void BlockOracle::turn(double* x, int64_t layer, int64_t head, int64_t token) const {
  if (!a_.rotary) return;
  const Rotary& r = *a_.rotary;
  const Grid grid = a_.grid();
  const int64_t pairs = b_.head_dim / 2, patch = token - a_.prefix.count();
  if (patch < 0 && !r.prefix) return;
  const auto along = [&](int64_t at, int64_t length, int64_t reference) {
    const double place = static_cast<double>(at), of = static_cast<double>(length);
    if (r.coordinates == Rotary::Coordinates::centre)
      return 2 * std::acos(-1.0) * (2 * (place + 0.5 + r.offset) / of - 1);
    return (place + r.offset) * (r.reference ? static_cast<double>(reference) / of : 1.0);
  };
  const double row = along(patch / grid.columns, grid.rows, r.reference ? r.reference->rows : 0);
  const double column = along(patch % grid.columns, grid.columns, r.reference ? r.reference->columns : 0);
  const double first = r.column_first ? column : row, second = r.column_first ? row : column;
  for (int64_t j = 0; j < pairs; j++) {
    double angle;
    if (patch < 0) {
      angle = tensor("rope.prefix")[static_cast<size_t>(token * pairs + j)];
    } else if (r.frequencies == Rotary::Frequencies::mixed) {
      const auto at = static_cast<size_t>((layer * b_.heads + head) * pairs + j);
      const auto other = at + static_cast<size_t>(a_.depth * b_.heads * pairs);
      angle = first * tensor("rope.freqs")[at] + second * tensor("rope.freqs")[other];
    } else {
      const auto k = static_cast<double>(j % (pairs / 2));
      angle = (j < pairs / 2 ? first : second) * std::pow(r.theta, -4 * k / static_cast<double>(b_.head_dim));
    }
    const bool halves = r.pairs == Rotary::Pairs::halves;
    double &u = x[halves ? j : 2 * j], &v = x[halves ? j + pairs : 2 * j + 1];
    const double c = std::cos(angle), s = std::sin(angle), magnitude = std::fabs(u) + std::fabs(v);
    const double turned = rounded(u * c - v * s, magnitude, 3);
    v = rounded(v * c + u * s, magnitude, 3);
    u = turned;
  }
}

double BlockOracle::bias(int64_t layer, int64_t head, int64_t query, int64_t key) const {
  if (!a_.relative_bias) return 0;
  const RelativeBias& spec = *a_.relative_bias;
  const Grid grid = a_.grid();
  const int64_t wide = 2 * grid.columns - 1, distances = (2 * grid.rows - 1) * wide, prefix = a_.prefix.count();
  int64_t entry;
  if (query < prefix || key < prefix) {
    if (!spec.class_entries) return 0;
    entry = distances + (query >= prefix ? 1 : key >= prefix ? 0 : 2);
  } else {
    const int64_t q = query - prefix, k = key - prefix;
    const int64_t dy = q / grid.columns - k / grid.columns, dx = q % grid.columns - k % grid.columns;
    entry = (dy + grid.rows - 1) * wide + dx + grid.columns - 1;
  }
  double sum = 0;
  const auto at = static_cast<size_t>(entry * b_.heads + head);
  if (spec.shared) sum += tensor("rel_pos.table")[at];
  if (spec.per_block) sum += tensor("blocks." + std::to_string(layer) + ".attn.rel_pos.table")[at];
  return sum;
}

BlockOracle::Rows BlockOracle::attention(Rows qkv, const std::string& name, const std::string& proj, int64_t layer,
                                         double* maps) const {
  const int64_t n = a_.num_tokens(), hd = b_.head_dim, length = b_.qkv_dim(), images = qkv.count() / n;
  const int64_t map = b_.heads * n * n;
  Rows context{length, Doubles(static_cast<size_t>(qkv.count() * length), 0.0)};
  for (int64_t row = 0; row < qkv.count(); row++)
    for (int64_t h = 0; h < 2 * b_.heads; h++) {
      double* const x = qkv.values.data() + row * qkv.length + h * hd;
      if (b_.qk_norm) norm(*b_.qk_norm, name + (h < b_.heads ? "q_norm" : "k_norm"), x, hd);
      turn(x, layer, h % b_.heads, row % n);
    }
  for (int64_t image = 0; image < images; image++)
    for (int64_t h = 0; h < b_.heads; h++)
      for (int64_t i = 0; i < n; i++) {
        const auto part = [&](int64_t token, int64_t which) {
          return qkv.values.data() + (image * n + token) * qkv.length + which * length + h * hd;
        };
        Doubles weights(static_cast<size_t>(n));
        double largest = -INFINITY, total = 0;
        for (int64_t j = 0; j < n; j++) {
          double score = bias(layer, h, i, j), magnitude = std::fabs(score);
          for (int64_t d = 0; d < hd; d++) {
            const double term = b_.scale * part(i, 0)[d] * part(j, 1)[d];
            score += term;
            magnitude += std::fabs(term);
          }
          weights[static_cast<size_t>(j)] = rounded(score, magnitude, hd + 2);
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

BlockOracle::Rows BlockOracle::block(const Rows& in, int64_t layer, double* maps) const {
  const std::string name = "blocks." + std::to_string(layer) + ".";
  const auto attend = [&](const Rows& x, const std::string& part) {
    Rows qkv = linear(x, part + "qkv.weight", part + "qkv.bias", b_.qkv_bias);
    return attention(std::move(qkv), part, part + "proj", layer, maps);
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
        const Floats bias = tensor(name + "mlp_bias");
        for (int64_t i = 0; i < all.count(); i++)
          for (int64_t j = 0; j < b_.mlp_hidden; j++)
            all.values[static_cast<size_t>(i * all.length + j)] += bias[static_cast<size_t>(j)];
      }
      Rows hidden = columns(all, 0, b_.mlp_hidden);
      activate_all(hidden);
      Rows sum = attention(columns(all, b_.mlp_hidden, 3 * b_.qkv_dim()), name, name + "attn_out_proj", layer, maps);
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
    x = block(x, layer, made.maps.data() + layer * map);
    made.tokens.insert(made.tokens.end(), x.values.begin(), x.values.end());
  }
  return made;
}

}  // namespace test
}  // namespace vit
