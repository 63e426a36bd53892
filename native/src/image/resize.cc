#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "error.h"
#include "limits.h"
#include "memory/sizes.h"

// A fused multiply-add would move coefficients by a bit.
#if defined(__clang__)
#pragma clang fp contract(off)
#endif

namespace vit {
namespace {

constexpr double kPi = 3.14159265358979323846;
// Fractional bits of a coefficient: 8-bit pixels times these, with headroom for negative lobes, stay within 32 bits.
constexpr int kPrecisionBits = 32 - 8 - 2;

// ---- Filters: weight at distance x in source pixels (shrinking already divided out). Support: weight is 0 beyond it.

double box_weight(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double bilinear_weight(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double hamming_weight(double x) {
  x = std::fabs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= kPi;
  return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));  // float32 constants, as in Pillow
}

// Keys 1981, eq. 15, with a = -0.5.
double bicubic_weight(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= kPi;
  return std::sin(x) / x;
}

double lanczos_weight(double x) { return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

struct Filter {
  double (*weight)(double);
  double support;
};

Filter filter_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::box:
      return {box_weight, 0.5};
    case Interpolation::bilinear:
      return {bilinear_weight, 1.0};
    case Interpolation::hamming:
      return {hamming_weight, 1.0};
    case Interpolation::bicubic:
      return {bicubic_weight, 2.0};
    case Interpolation::lanczos:
      return {lanczos_weight, 3.0};
    case Interpolation::nearest:
      break;
  }
  throw Error::argument(sentence("Resize: this interpolation has no filter."));
}

// ---- Coefficients

// For every target position: which source positions it is made of, and how much of each in units of 2^-22.
struct Taps {
  struct Span {
    int first;
    int count;
  };
  std::vector<Span> spans;
  int stride = 0;
  std::vector<std::int32_t> weights;  // (target, stride), zeros after a span

  const std::int32_t* at(std::size_t target) const { return weights.data() + target * stride; }
};

std::int32_t to_fixed(double weight) {
  const double scaled = weight * (1 << kPrecisionBits);
  return static_cast<std::int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

// begin, end: the part of `source` positions that becomes `target` ones. Their difference is taken in float32, as in
// Pillow.
Taps make_taps(int source, float begin, float end, int target, const Filter& filter) {
  const double scale = static_cast<double>(end - begin) / target;
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter.support * filter_scale;
  const double inverse = 1.0 / filter_scale;

  Taps taps;
  taps.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.spans.resize(target);
  taps.weights.assign(static_cast<std::size_t>(target) * taps.stride, 0);
  std::vector<double> exact(taps.stride);
  for (int i = 0; i < target; ++i) {
    const double center = begin + (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), source) - first;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) {
      exact[k] = filter.weight((k + first - center + 0.5) * inverse);
      sum += exact[k];
    }
    std::int32_t* weights = taps.weights.data() + static_cast<std::size_t>(i) * taps.stride;
    for (int k = 0; k < count; ++k) weights[k] = to_fixed(sum != 0.0 ? exact[k] / sum : exact[k]);
    taps.spans[i] = {first, count};
  }
  return taps;
}

std::uint8_t clip(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp<std::int32_t>(sum >> kPrecisionBits, 0, 255));
}

constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);

// ---- Passes

// Taps are taken in chunks of this many, the last one filled up with zero weights, so that no sum has a scalar rest.
constexpr int kChunk = 8;
// Products of a low half stay under 2^20, so sums over this many taps fit 31 bits.
constexpr int kMaxRun = 1024;

// Weights as high * 2^12 + low, both 16 bit: products of 16-bit numbers are what every SIMD set, SSE2 too, sums fast.
struct SplitTaps {
  explicit SplitTaps(const Taps& taps) : spans(taps.spans), stride((taps.stride + kChunk - 1) / kChunk * kChunk) {
    high.assign(spans.size() * stride, 0);
    low.assign(spans.size() * stride, 0);
    for (std::size_t i = 0; i < spans.size(); ++i) {
      for (int k = 0; k < taps.stride; ++k) {
        high[i * stride + k] = static_cast<std::int16_t>(taps.at(i)[k] >> 12);
        low[i * stride + k] = static_cast<std::int16_t>(taps.at(i)[k] & 0xFFF);
      }
    }
  }

  std::vector<Taps::Span> spans;
  int stride;
  std::vector<std::int16_t> high, low;  // (target, stride)
};

// sum_k pixels[k] * (high[k] * 2^12 + low[k]); count is a multiple of kChunk. Unsigned: the parts may wrap, the sum
// does not.
std::uint32_t dot(const std::int16_t* pixels, const std::int16_t* high, const std::int16_t* low, int count) {
  std::uint32_t total = 0;
  for (int begin = 0; begin < count; begin += kMaxRun) {
    const int length = std::min(kMaxRun, count - begin) / kChunk;
    std::int32_t sum_high = 0;
    std::int32_t sum_low = 0;
    for (int chunk = 0; chunk < length; ++chunk) {
      for (int k = 0; k < kChunk; ++k) {
        const int at = begin + chunk * kChunk + k;
        sum_high += pixels[at] * high[at];
        sum_low += pixels[at] * low[at];
      }
    }
    total += (static_cast<std::uint32_t>(sum_high) << 12) + static_cast<std::uint32_t>(sum_low);
  }
  return total;
}

// One row of (width, C) pixels to (target, C). `planes`: scratch of C * (width + kChunk), channels apart.
template <int C>
void resample_row(const std::uint8_t* row, int width, const SplitTaps& taps, std::int16_t* planes, std::uint8_t* out) {
  const std::size_t plane = static_cast<std::size_t>(width) + kChunk;
  for (int c = 0; c < C; ++c) {
    for (int x = 0; x < width; ++x) planes[c * plane + x] = row[static_cast<std::size_t>(C) * x + c];
  }
  const std::size_t target = taps.spans.size();
  for (std::size_t i = 0; i < target; ++i) {
    const auto [first, count] = taps.spans[i];
    const int padded = (count + kChunk - 1) / kChunk * kChunk;
    const std::int16_t* high = taps.high.data() + i * taps.stride;
    const std::int16_t* low = taps.low.data() + i * taps.stride;
    for (int c = 0; c < C; ++c) {
      const std::uint32_t sum = dot(planes + c * plane + first, high, low, padded);
      out[C * i + c] = clip(static_cast<std::int32_t>(sum + kHalf));
    }
  }
}

// rows: (count, bytes) of the picture that the first tap of `taps` counts from row `offset`. To (target, bytes).
std::vector<std::uint8_t> resample_rows(const std::uint8_t* rows, std::size_t bytes, int offset, const Taps& taps) {
  const std::size_t target = taps.spans.size();
  std::vector<std::uint8_t> out(target * bytes);
  std::vector<std::int32_t> sums(bytes);
  for (std::size_t i = 0; i < target; ++i) {
    const auto [first, count] = taps.spans[i];
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int k = 0; k < count; ++k) {
      const std::int32_t weight = taps.at(i)[k];
      const std::uint8_t* row = rows + static_cast<std::size_t>(first - offset + k) * bytes;
      for (std::size_t x = 0; x < bytes; ++x) sums[x] += row[x] * weight;
    }
    for (std::size_t x = 0; x < bytes; ++x) out[i * bytes + x] = clip(sums[x]);
  }
  return out;
}

template <int C>
std::vector<std::uint8_t> resample(const ResizeJob& job, const std::uint8_t* pixels) {
  const Filter filter = filter_of(job.interpolation);
  // Pillow skips a pass that would copy: the whole side, at its own size.
  const bool across = job.target_width != job.width || job.left != 0.0f || job.right != job.target_width;
  const bool down = job.target_height != job.height || job.top != 0.0f || job.bottom != job.target_height;
  const std::size_t source_bytes = static_cast<std::size_t>(job.width) * C;
  const std::size_t target_bytes = static_cast<std::size_t>(job.target_width) * C;

  Taps vertical;
  int first_row = 0;
  int end_row = job.height;
  if (down) {
    vertical = make_taps(job.height, job.top, job.bottom, job.target_height, filter);
    first_row = vertical.spans.front().first;
    end_row = vertical.spans.back().first + vertical.spans.back().count;
  }
  const std::uint8_t* rows = pixels + first_row * source_bytes;
  std::vector<std::uint8_t> narrowed;
  if (across) {
    const SplitTaps horizontal(make_taps(job.width, job.left, job.right, job.target_width, filter));
    std::vector<std::int16_t> planes(source_bytes + C * kChunk, 0);
    narrowed.resize(static_cast<std::size_t>(end_row - first_row) * target_bytes);
    for (int y = 0; y < end_row - first_row; ++y) {
      resample_row<C>(rows + y * source_bytes, job.width, horizontal, planes.data(),
                      narrowed.data() + y * target_bytes);
    }
    if (!down) return narrowed;
    rows = narrowed.data();
  }
  if (!down) return {pixels, pixels + job.height * source_bytes};
  return resample_rows(rows, target_bytes, first_row, vertical);
}

// ---- Nearest

// Source position of every target one, or -1. The position is accumulated, rounding included, as in Pillow.
std::vector<int> nearest_positions(int source, float begin, float end, int target) {
  const double step = static_cast<double>(end - begin) / target;
  double position = begin + step * 0.5;
  std::vector<int> positions(target, -1);
  for (int& found : positions) {
    const int at = position < 0.0 ? -1 : static_cast<int>(position);
    if (at < source) found = at;
    position += step;
  }
  return positions;
}

std::vector<std::uint8_t> nearest_neighbour(const ResizeJob& job) {
  const std::size_t channels = job.channels;
  const std::vector<int> columns = nearest_positions(job.width, job.left, job.right, job.target_width);
  const std::vector<int> rows = nearest_positions(job.height, job.top, job.bottom, job.target_height);
  std::vector<std::uint8_t> out(channels * job.target_width * job.target_height, 0);
  std::uint8_t* to = out.data();
  for (const int row : rows) {
    for (const int column : columns) {
      if (row >= 0 && column >= 0) {
        std::memcpy(to, job.pixels + (static_cast<std::size_t>(row) * job.width + column) * channels, channels);
      }
      to += channels;
    }
  }
  return out;
}

// ---- Alpha

// round(a * b / 255) for bytes.
std::uint8_t multiply_bytes(int a, int b) {
  const int product = a * b + 128;
  return static_cast<std::uint8_t>(((product >> 8) + product) >> 8);
}

std::vector<std::uint8_t> premultiply(const std::uint8_t* pixels, std::size_t count) {
  std::vector<std::uint8_t> out(count * 4);
  for (std::size_t i = 0; i < out.size(); i += 4) {
    const std::uint8_t alpha = pixels[i + 3];
    for (int c = 0; c < 3; ++c) out[i + c] = multiply_bytes(pixels[i + c], alpha);
    out[i + 3] = alpha;
  }
  return out;
}

void unpremultiply(std::vector<std::uint8_t>& pixels) {
  for (std::size_t i = 0; i < pixels.size(); i += 4) {
    const int alpha = pixels[i + 3];
    if (alpha == 0 || alpha == 255) continue;
    for (int c = 0; c < 3; ++c) pixels[i + c] = static_cast<std::uint8_t>(std::min(255, 255 * pixels[i + c] / alpha));
  }
}

void check(const ResizeJob& job) {
  const auto require = [](bool holds, const Sentence& said) {
    if (!holds) throw Error::argument(said);
  };
  require(job.width > 0 && job.height > 0, sentence("Resize: the source has no pixels."));
  require(job.target_width > 0 && job.target_height > 0, sentence("Resize: the target has no pixels."));
  require(job.channels == 1 || job.channels == 3 || job.channels == 4, sentence("Resize: channels must be 1, 3 or 4."));
  require(job.pixel_bytes == static_cast<std::size_t>(job.width) * job.height * job.channels,
          sentence("Resize: the number of pixel bytes is not height * width * channels."));
  require(job.left >= 0 && job.top >= 0 && job.right <= job.width && job.bottom <= job.height,
          sentence("Resize: the box reaches outside the source."));
  require(job.left < job.right && job.top < job.bottom, sentence("Resize: the box is empty."));
  // What is made on the way is as wide as the target and as high as the source.
  const int64_t made = product({std::max(job.height, job.target_height), job.target_width, job.channels});
  if (made > limits::inputValues)
    throw Error::memory(sentence("Resize: the target would take {0} MiB; at most {1} are made.", made >> 20,
                                 limits::inputValues >> 20));
}

}  // namespace

std::vector<std::uint8_t> resize(const ResizeJob& job) {
  check(job);
  const bool whole = job.left == 0 && job.top == 0 && job.right == job.width && job.bottom == job.height;
  if (whole && job.target_width == job.width && job.target_height == job.height) {
    return {job.pixels, job.pixels + job.pixel_bytes};
  }
  if (job.interpolation == Interpolation::nearest) return nearest_neighbour(job);
  switch (job.channels) {
    case 1:
      return resample<1>(job, job.pixels);
    case 3:
      return resample<3>(job, job.pixels);
    default: {
      const std::vector<std::uint8_t> premultiplied = premultiply(job.pixels, job.pixel_bytes / 4);
      std::vector<std::uint8_t> out = resample<4>(job, premultiplied.data());
      unpremultiply(out);
      return out;
    }
  }
}

}  // namespace vit
