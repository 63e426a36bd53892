#include "vit/position_embedding.h"

#include <algorithm>
#include <cmath>

namespace vit {

Floats sinusoid_table(int64_t tokens, int64_t length) {
  Floats table(static_cast<size_t>(tokens * length));
  for (int64_t i = 0; i < tokens; i++)
    for (int64_t j = 0; j < length; j++) {
      const double exponent = 2.0 * static_cast<double>(j / 2) / static_cast<double>(length);
      const double angle = static_cast<double>(i) / std::pow(10000.0, exponent);
      table[i * length + j] = static_cast<float>(j % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  return table;
}

Floats sinusoid_table_2d(Grid grid, int64_t length) {
  const int64_t quarter = length / 4;
  Floats table(static_cast<size_t>(grid.count() * length));
  for (int64_t row = 0, at = 0; row < grid.rows; row++)
    for (int64_t column = 0; column < grid.columns; column++)
      for (const int64_t place : {column, row})
        for (const bool cosine : {false, true})
          for (int64_t j = 0; j < quarter; j++) {
            const double angle = static_cast<double>(place) * std::pow(10000.0, -static_cast<double>(j) / quarter);
            table[static_cast<size_t>(at++)] = static_cast<float>(cosine ? std::cos(angle) : std::sin(angle));
          }
  return table;
}

namespace {

/** Which old positions one new position is made of, and how much of each. */
struct Taps {
  std::vector<int64_t> index;
  std::vector<double> weight;
};

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

/** Keys' cubic convolution kernel (1981, eq. 4). */
double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

std::vector<Taps> taps_of(int64_t from, int64_t to, Resample how) {
  std::vector<Taps> all(static_cast<size_t>(to));
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  for (int64_t i = 0; i < to; i++) {
    Taps& taps = all[static_cast<size_t>(i)];
    const double centre = scale * (static_cast<double>(i) + 0.5);
    if (how == Resample::bicubic) {
      const double at = centre - 0.5;
      const auto left = static_cast<int64_t>(std::floor(at));
      for (int64_t j = left - 1; j <= left + 2; j++) {
        taps.index.push_back(std::clamp<int64_t>(j, 0, from - 1));
        taps.weight.push_back(cubic(at - static_cast<double>(j), -0.75));
      }
      continue;
    }
    const double stretch = std::max(1.0, scale);
    const bool linear = how == Resample::bilinear_antialias;
    const double support = (linear ? 1 : 2) * stretch;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const auto last = std::min<int64_t>(from, static_cast<int64_t>(centre + support + 0.5));
    double total = 0;
    for (int64_t j = first; j < last; j++) {
      taps.index.push_back(j);
      const double x = (static_cast<double>(j) - centre + 0.5) / stretch;
      taps.weight.push_back(linear ? triangle(x) : cubic(x, -0.5));
      total += taps.weight.back();
    }
    for (double& w : taps.weight) w /= total;
  }
  return all;
}

}  // namespace

Floats resample_positions(const float* values, int64_t length, Grid from, Grid to, Resample how) {
  const auto down = taps_of(from.rows, to.rows, how);
  const auto across = taps_of(from.columns, to.columns, how);
  std::vector<double> wide(static_cast<size_t>(from.rows * to.columns * length));  // (from.rows, to.columns, length)
  for (int64_t row = 0; row < from.rows; row++)
    for (int64_t column = 0; column < to.columns; column++) {
      const Taps& taps = across[static_cast<size_t>(column)];
      double* into = wide.data() + (row * to.columns + column) * length;
      for (size_t t = 0; t < taps.index.size(); t++) {
        const float* source = values + (row * from.columns + taps.index[t]) * length;
        for (int64_t j = 0; j < length; j++) into[j] += taps.weight[t] * source[j];
      }
    }
  Floats result(static_cast<size_t>(to.count() * length));
  std::vector<double> sum(static_cast<size_t>(length));
  for (int64_t row = 0; row < to.rows; row++)
    for (int64_t column = 0; column < to.columns; column++) {
      const Taps& taps = down[static_cast<size_t>(row)];
      std::fill(sum.begin(), sum.end(), 0.0);
      for (size_t t = 0; t < taps.index.size(); t++) {
        const double* source = wide.data() + (taps.index[t] * to.columns + column) * length;
        for (int64_t j = 0; j < length; j++) sum[static_cast<size_t>(j)] += taps.weight[t] * source[j];
      }
      for (int64_t j = 0; j < length; j++)
        result[(row * to.columns + column) * length + j] = static_cast<float>(sum[static_cast<size_t>(j)]);
    }
  return result;
}

}  // namespace vit
