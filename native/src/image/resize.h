// Pillow's 8-bit image resampling, bit for bit. No V8 here; the addon's worker lives elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vit {

enum class Interpolation { nearest, box, bilinear, hamming, bicubic, lanczos };

struct ResizeJob {
  // (height, width, channels) interleaved; channels 1 (L), 3 (RGB) or 4 (RGBA, straight alpha). Borrowed, only read.
  const std::uint8_t* pixels = nullptr;
  std::size_t pixel_bytes = 0;
  int width = 0;
  int height = 0;
  int channels = 0;
  // Part of the source that becomes the whole target, in pixels; fractions allowed. Pillow keeps these as float32.
  float left = 0, top = 0, right = 0, bottom = 0;
  int target_width = 0;
  int target_height = 0;
  Interpolation interpolation = Interpolation::bicubic;
};

// Equal to PIL.Image.resize((target_width, target_height), interpolation, box=(left, top, right, bottom)) of Pillow 9
// and later: kernels are widened when shrinking (antialias), coefficients are rounded to 22 fractional bits, the
// picture is resampled along x and then along y with an 8-bit picture between. RGBA is resampled with premultiplied
// alpha except for nearest, as Pillow does. One thread; safe to call from many.
// Returns (target_height, target_width, channels). Throws vit::Error (ERR_ARGUMENT) with one sentence when the job
// contradicts itself (sizes not positive, pixel_bytes != height * width * channels, box empty or outside the source).
std::vector<std::uint8_t> resize(const ResizeJob& job);

}  // namespace vit
