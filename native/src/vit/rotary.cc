#include <cmath>

#include "vit/attention_positions.h"
#include "vit/rotary.h"
#include "weights/weight_store.h"

namespace vit {

namespace {

constexpr double kPi = 3.14159265358979323846;

/** Coordinates of every patch: [0] the first, [1] the second. */
std::vector<double> coordinates(const Rotary& r, Grid grid, bool columns) {
  const int64_t length = columns ? grid.columns : grid.rows;
  double stretch = 1;
  if (r.reference)
    stretch = static_cast<double>(columns ? r.reference->columns : r.reference->rows) / static_cast<double>(length);
  std::vector<double> along(static_cast<size_t>(grid.count()));
  for (int64_t row = 0; row < grid.rows; row++)
    for (int64_t column = 0; column < grid.columns; column++) {
      const auto i = static_cast<double>(columns ? column : row);
      along[static_cast<size_t>(row * grid.columns + column)] =
          r.coordinates == Rotary::Coordinates::centre
              ? 2 * kPi * (2 * (i + 0.5 + r.offset) / static_cast<double>(length) - 1)
              : (i + r.offset) * stretch;
    }
  return along;
}

void store(RotaryTable& table, int64_t at, double angle) {
  table.cos[static_cast<size_t>(at)] = static_cast<float>(std::cos(angle));
  table.sin[static_cast<size_t>(at)] = static_cast<float>(std::sin(angle));
}

}  // namespace

RotaryLoader::RotaryLoader(const Architecture& a, WeightStore& weights)
    : a_(a), r_(*a.rotary), grid_(a.grid()), pairs_(a.block.head_dim / 2) {
  const bool mixed = r_.frequencies == Rotary::Frequencies::mixed;
  first_ = coordinates(r_, grid_, r_.column_first);
  second_ = coordinates(r_, grid_, !r_.column_first);
  if (mixed) trained_ = weights.values("rope.freqs", {2, a.depth, a.block.heads, pairs_});
  if (r_.prefix) prefix_ = weights.values("rope.prefix", {a.prefix.count(), pairs_});
}

std::shared_ptr<const RotaryTable> RotaryLoader::table(int64_t layer) {
  const bool mixed = r_.frequencies == Rotary::Frequencies::mixed;
  if (!mixed && shared_) return shared_;
  auto made = std::make_shared<RotaryTable>();
  const int64_t front = r_.prefix ? a_.prefix.count() : 0, patches = grid_.count();
  made->first = r_.prefix ? 0 : a_.prefix.count();
  made->tokens = front + patches;
  made->heads = mixed ? a_.block.heads : 1;
  made->pairs = pairs_;
  made->layout = r_.pairs;
  made->cos.resize(static_cast<size_t>(made->heads * made->tokens * pairs_));
  made->sin.resize(made->cos.size());
  int64_t at = 0;
  for (int64_t h = 0; h < made->heads; h++) {
    for (int64_t i = 0; i < front * pairs_; i++) store(*made, at++, prefix_[static_cast<size_t>(i)]);
    const float* along_first = mixed ? trained_.data() + (layer * made->heads + h) * pairs_ : nullptr;
    const float* along_second = mixed ? along_first + a_.depth * made->heads * pairs_ : nullptr;
    for (int64_t p = 0; p < patches; p++) {
      const double x = first_[static_cast<size_t>(p)], y = second_[static_cast<size_t>(p)];
      for (int64_t j = 0; j < pairs_; j++) {
        if (mixed) {
          store(*made, at++, x * along_first[j] + y * along_second[j]);
          continue;
        }
        const int64_t half = pairs_ / 2, k = j % half;
        const double frequency = std::pow(r_.theta, -static_cast<double>(k) / static_cast<double>(half));
        store(*made, at++, (j < half ? x : y) * frequency);
      }
    }
  }
  if (!mixed) shared_ = made;
  return made;
}

void RotaryTable::turn(float* rows, int64_t ld, int64_t batch, int64_t n, int64_t heads_of_rows) const {
  turn(rows, ld, batch, n, heads_of_rows, 1);
}

void RotaryTable::turn_back(float* rows, int64_t ld, int64_t batch, int64_t n, int64_t heads_of_rows) const {
  turn(rows, ld, batch, n, heads_of_rows, -1);
}

void RotaryTable::turn(float* rows, int64_t ld, int64_t batch, int64_t n, int64_t heads_of_rows,
                       float direction) const {
  const int64_t width = 2 * pairs;
  for (int64_t b = 0; b < batch; b++)
    for (int64_t i = 0; i < tokens; i++)
      for (int64_t h = 0; h < heads_of_rows; h++) {
        float* x = rows + (b * n + first + i) * ld + h * width;
        const float* c = cos.data() + ((heads == 1 ? 0 : h) * tokens + i) * pairs;
        const float* s = sin.data() + (c - cos.data());
        // The pair (u, v) becomes (u cos - v sin, v cos + u sin).
        if (layout == Rotary::Pairs::halves) {
          for (int64_t j = 0; j < pairs; j++) {
            const float u = x[j], v = x[j + pairs], sine = direction * s[j];
            x[j] = u * c[j] - v * sine;
            x[j + pairs] = v * c[j] + u * sine;
          }
        } else {
          for (int64_t j = 0; j < pairs; j++) {
            const float u = x[2 * j], v = x[2 * j + 1], sine = direction * s[j];
            x[2 * j] = u * c[j] - v * sine;
            x[2 * j + 1] = v * c[j] + u * sine;
          }
        }
      }
}

}  // namespace vit
