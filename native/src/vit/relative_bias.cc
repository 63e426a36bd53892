#include "vit/relative_bias.h"

#include <algorithm>
#include <cmath>

#include "weights/weight_store.h"

namespace vit {

namespace {

/** Between which two old places a new one lies, and how far along. */
struct Between {
  int64_t left, right;
  double share;  // of the right one
};

std::vector<Between> bilinear(int64_t from, int64_t to) {
  std::vector<Between> all(static_cast<size_t>(to));
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  for (int64_t i = 0; i < to; i++) {
    const double at = std::max(0.0, scale * (static_cast<double>(i) + 0.5) - 0.5);
    const auto left = std::min(static_cast<int64_t>(at), from - 1);
    all[static_cast<size_t>(i)] = {left, std::min(left + 1, from - 1), at - static_cast<double>(left)};
  }
  return all;
}

/** The ratio at which `steps` growing distances add up to `reach`, as BEiT searches it. */
double growth(int64_t steps, int64_t reach) {
  double low = 1.01, high = 1.5, q = low;
  while (high - low > 1e-6) {
    q = (low + high) / 2;
    const double sum = (1 - std::pow(q, static_cast<double>(steps))) / (1 - q);
    (sum > static_cast<double>(reach) ? high : low) = q;
  }
  return q;
}

std::vector<Between> geometric(int64_t from, int64_t to) {
  const int64_t half = from / 2, reach = to / 2;
  const double q = growth(half, reach);
  std::vector<double> places(static_cast<size_t>(from), 0);  // of the old entries; the middle one is 0
  double at = 1;
  for (int64_t i = 0; i < half; i++) {
    places[static_cast<size_t>(half + 1 + i)] = at;
    places[static_cast<size_t>(half - 1 - i)] = -at;
    at += std::pow(q, static_cast<double>(i + 1));
  }
  std::vector<Between> all(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; i++) {
    const auto wanted = static_cast<double>(i - reach);
    const auto right =
        std::clamp<int64_t>(std::upper_bound(places.begin(), places.end(), wanted) - places.begin(), 0, from - 1);
    const int64_t left = std::max<int64_t>(0, right - 1);
    const double low = places[static_cast<size_t>(left)], high = places[static_cast<size_t>(right)];
    const double share = high > low ? std::clamp((wanted - low) / (high - low), 0.0, 1.0) : 0.0;
    all[static_cast<size_t>(i)] = {left, right, share};
  }
  return all;
}

double log_distance(int64_t d, int64_t grid, BiasNetwork::Distances kind) {
  auto e = static_cast<double>(d);
  if (kind == BiasNetwork::Distances::cr) return std::copysign(std::log1p(std::abs(e)), e);
  if (grid > 1) e = 8 * e / static_cast<double>(grid - 1);
  return std::copysign(std::log2(1 + std::abs(e)) / 3, e);
}

/** ((2R-1)(2C-1), heads) of Swin V2's network (Liu et al. 2022, eq. 4 and 5). */
Floats network_table(const Architecture& a, const std::string& prefix, WeightStore& weights) {
  const BiasNetwork& network = *a.relative_bias->network;
  const Grid grid = a.grid();
  const int64_t hidden = network.hidden, heads = a.block.heads;
  const bool swin = network.distances == BiasNetwork::Distances::swin;
  const Floats w1 = weights.values(prefix + "mlp.fc1.weight", {hidden, 2}),
               b1 = weights.values(prefix + "mlp.fc1.bias", {hidden}),
               w2 = weights.values(prefix + "mlp.fc2.weight", {heads, hidden});
  const Floats b2 = swin ? Floats() : weights.values(prefix + "mlp.fc2.bias", {heads});
  Floats table(static_cast<size_t>((2 * grid.rows - 1) * (2 * grid.columns - 1) * heads));
  std::vector<double> inner(static_cast<size_t>(hidden));
  float* into = table.data();
  for (int64_t dy = 1 - grid.rows; dy < grid.rows; dy++)
    for (int64_t dx = 1 - grid.columns; dx < grid.columns; dx++) {
      const double y = log_distance(dy, grid.rows, network.distances),
                   x = log_distance(dx, grid.columns, network.distances);
      for (int64_t i = 0; i < hidden; i++)
        inner[static_cast<size_t>(i)] = std::max(0.0, w1[2 * i] * y + w1[2 * i + 1] * x + b1[i]);
      for (int64_t h = 0; h < heads; h++) {
        double sum = swin ? 0 : b2[h];
        for (int64_t i = 0; i < hidden; i++) sum += w2[h * hidden + i] * inner[static_cast<size_t>(i)];
        *into++ = static_cast<float>(swin ? 16 / (1 + std::exp(-sum)) : sum);
      }
    }
  return table;
}

}  // namespace

void resample_bias(const float* values, Grid from, float* result, Grid to, int64_t stride, RelativeBias::Resample how) {
  const auto places = how == RelativeBias::Resample::bilinear ? bilinear : geometric;
  const auto down = places(from.rows, to.rows), across = places(from.columns, to.columns);
  for (int64_t row = 0; row < to.rows; row++)
    for (int64_t column = 0; column < to.columns; column++) {
      const Between y = down[static_cast<size_t>(row)], x = across[static_cast<size_t>(column)];
      const auto at = [&](int64_t r, int64_t c) {
        return static_cast<double>(values[(r * from.columns + c) * stride]);
      };
      const double above = at(y.left, x.left) * (1 - x.share) + at(y.left, x.right) * x.share,
                   below = at(y.right, x.left) * (1 - x.share) + at(y.right, x.right) * x.share;
      result[(row * to.columns + column) * stride] = static_cast<float>(above * (1 - y.share) + below * y.share);
    }
}

std::shared_ptr<BiasTable> load_bias_table(const Architecture& a, const std::string& prefix, WeightStore& weights) {
  const RelativeBias& spec = *a.relative_bias;
  auto made = std::make_shared<BiasTable>();
  made->grid = a.grid();
  made->prefix = a.prefix.count();
  made->heads = a.block.heads;
  made->class_entries = spec.class_entries;
  const int64_t heads = made->heads;
  const Grid wide{2 * made->grid.rows - 1, 2 * made->grid.columns - 1};
  const Grid trained{2 * spec.grid.rows - 1, 2 * spec.grid.columns - 1};
  made->of_class.assign(static_cast<size_t>(heads * 3), 0.0f);

  Floats table;  // (wide.rows * wide.columns, heads)
  if (spec.network) {
    table = network_table(a, prefix, weights);
  } else {
    const int64_t entries = spec.class_entries ? 3 : 0;
    Floats stored = weights.values(prefix + "table", {trained.count() + entries, heads});
    for (int64_t e = 0; e < entries; e++)
      for (int64_t h = 0; h < heads; h++) made->of_class[h * 3 + e] = stored[(trained.count() + e) * heads + h];
    if (trained == wide) {
      table = std::move(stored);
    } else {
      table.resize(static_cast<size_t>(wide.count() * heads));
      for (int64_t h = 0; h < heads; h++)
        resample_bias(stored.data() + h, trained, table.data() + h, wide, heads, spec.resample);
    }
  }
  made->mirrored.resize(static_cast<size_t>(heads * wide.count()));
  for (int64_t h = 0; h < heads; h++)
    for (int64_t i = 0; i < wide.count(); i++)
      made->mirrored[h * wide.count() + wide.count() - 1 - i] = table[i * heads + h];
  return made;
}

void add_bias_table(BiasTable& a, const BiasTable& b) {
  for (size_t i = 0; i < a.mirrored.size(); i++) a.mirrored[i] += b.mirrored[i];
  for (size_t i = 0; i < a.of_class.size(); i++) a.of_class[i] += b.of_class[i];
}

void BiasTable::add(int64_t head, int64_t begin, int64_t rows, float* scores, int64_t ld) const {
  const int64_t wide = 2 * grid.columns - 1, n = prefix + grid.count();
  const float* table = mirrored.data() + head * (2 * grid.rows - 1) * wide;
  const float* cls = of_class.data() + head * 3;
  for (int64_t i = 0; i < rows; i++) {
    float* row = scores + i * ld;
    const int64_t query = begin + i - prefix;
    if (query < 0) {
      if (!class_entries) continue;
      row[0] += cls[2];
      for (int64_t j = 1; j < n; j++) row[j] += cls[0];
      continue;
    }
    if (class_entries) row[0] += cls[1];
    const int64_t qy = query / grid.columns, qx = query % grid.columns;
    float* to = row + prefix;
    // Mirrored, the entry of a key at (ky, kx) stands at (ky - qy + R - 1, kx - qx + C - 1).
    for (int64_t ky = 0; ky < grid.rows; ky++, to += grid.columns) {
      const float* from = table + (ky - qy + grid.rows - 1) * wide + grid.columns - 1 - qx;
      for (int64_t kx = 0; kx < grid.columns; kx++) to[kx] += from[kx];
    }
  }
}

}  // namespace vit
