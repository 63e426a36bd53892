#include "t2t/soft_split.h"

namespace vit {

ImageView ImageView::planar(const float* values, int64_t batch, int64_t channels, int64_t height, int64_t width) {
  return {values, batch, channels, height, width, channels * height * width, height * width, width, 1};
}

ImageView ImageView::tokens(const float* values, int64_t batch, int64_t channels, Grid grid) {
  return {values,  batch, channels, grid.rows, grid.columns, grid.count() * channels, 1, grid.columns * channels,
          channels};
}

void soft_split(const ImageView& image, const SoftSplit& split, float* tokens) {
  const Grid grid = count_tokens({image.height, image.width}, split);
  for (int64_t b = 0; b < image.batch; b++)
    for (int64_t row = 0; row < grid.rows; row++)
      for (int64_t column = 0; column < grid.columns; column++)
        for (int64_t c = 0; c < image.channels; c++)
          for (int64_t i = 0; i < split.kernel; i++) {
            const int64_t y = row * split.stride - split.padding + i;
            const int64_t left = column * split.stride - split.padding;
            const float* line = image.values + b * image.sb + c * image.sc + y * image.sy;
            for (int64_t j = 0; j < split.kernel; j++) {
              const int64_t x = left + j;
              const bool inside = y >= 0 && y < image.height && x >= 0 && x < image.width;
              *tokens++ = inside ? line[x * image.sx] : 0.0f;
            }
          }
}

void soft_join(const ImageView& image, const SoftSplit& split, const float* tokens, float* values) {
  const Grid grid = count_tokens({image.height, image.width}, split);
  for (int64_t b = 0; b < image.batch; b++)
    for (int64_t row = 0; row < grid.rows; row++)
      for (int64_t column = 0; column < grid.columns; column++)
        for (int64_t c = 0; c < image.channels; c++)
          for (int64_t i = 0; i < split.kernel; i++)
            for (int64_t j = 0; j < split.kernel; j++, tokens++) {
              const int64_t y = row * split.stride - split.padding + i, x = column * split.stride - split.padding + j;
              if (y < 0 || y >= image.height || x < 0 || x >= image.width) continue;
              values[b * image.sb + c * image.sc + y * image.sy + x * image.sx] += *tokens;
            }
}

}  // namespace vit
