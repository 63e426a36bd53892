#include "vit/patch_tokenization.h"

#include <algorithm>
#include <cstring>

#include "weights/weight_store.h"

namespace vit {

namespace {

/** std::copy_n for the few pixels a patch is wide, without a call for each. */
float* copy_short(const float* from, int64_t n, float* to) {
  int64_t j = 0;
  for (; j + 8 <= n; j += 8) std::memcpy(to + j, from + j, 8 * sizeof(float));
  for (; j < n; j++) to[j] = from[j];
  return to + n;
}

}  // namespace

void split_patches(const float* image, int64_t batch, int64_t channels, int64_t height, int64_t width,
                   int64_t patch_height, int64_t patch_width, float* patches) {
  for (int64_t b = 0; b < batch; b++)
    for (int64_t top = 0; top + patch_height <= height; top += patch_height)
      for (int64_t left = 0; left + patch_width <= width; left += patch_width)
        for (int64_t c = 0; c < channels; c++)
          for (int64_t y = top; y < top + patch_height; y++)
            patches = copy_short(image + ((b * channels + c) * height + y) * width + left, patch_width, patches);
}

PatchTokenization PatchTokenization::load(const Architecture& a, WeightStore& weights) {
  PatchTokenization made;
  made.project = weights.linear("patch_embed.proj.weight", a.tokenizer.bias ? "patch_embed.proj.bias" : "", a.dim,
                                a.patch_length());
  if (a.tokenizer.norm) made.norm = weights.norm(*a.tokenizer.norm, "patch_embed.norm", a.dim);
  return made;
}

void PatchTokenization::forward(const Architecture& a, const float* image, int64_t batch, float* tokens,
                                Pass& pass) const {
  const Timed timed(pass, "patch_embed");
  const int64_t count = a.grid().count(), length = a.patch_length();
  float* patches = pass.scratch.get(Scratch::patches, batch * count * length);
  split_patches(image, batch, a.channels, a.height, a.width, a.tokenizer.patch_height, a.tokenizer.patch_width,
                patches);
  VIT_STEP(pass.trace, "patches", (Shape{count, length}), patches, length);
  project->apply(patches, length, batch * count, tokens, a.dim);
  VIT_STEP(pass.trace, "patch_embed", (Shape{count, a.dim}), tokens, a.dim);
  if (!a.tokenizer.norm) return;
  apply_norm(norm, tokens, a.dim, batch * count, a.dim, tokens, a.dim);
  VIT_STEP(pass.trace, "patch_embed.norm", (Shape{count, a.dim}), tokens, a.dim);
}

namespace {

/** The backward pass of split_patches: each pixel gets its patch's value, pixels of no patch zero. */
void join_patches(const float* patches, const Architecture& a, int64_t batch, float* image) {
  const int64_t height = a.tokenizer.patch_height, width = a.tokenizer.patch_width;
  std::fill_n(image, batch * a.input_length(), 0.0f);
  for (int64_t b = 0; b < batch; b++)
    for (int64_t top = 0; top + height <= a.height; top += height)
      for (int64_t left = 0; left + width <= a.width; left += width)
        for (int64_t c = 0; c < a.channels; c++)
          for (int64_t y = top; y < top + height; y++, patches += width)
            std::copy_n(patches, width, image + ((b * a.channels + c) * a.height + y) * a.width + left);
}

}  // namespace

void PatchTokenization::backward(const Architecture& a, const float* image, const float* dtokens, int64_t batch,
                                 float* dimage, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t rows = batch * a.grid().count(), length = a.patch_length();
  float* const patches = scope.take(rows * length);
  if (a.tokenizer.norm) {
    split_patches(image, batch, a.channels, a.height, a.width, a.tokenizer.patch_height, a.tokenizer.patch_width,
                  patches);
    float* const read = scope.take(rows * a.dim);
    project->apply(patches, length, rows, read, a.dim);
    float* const dread = scope.take(rows * a.dim);
    back.norm_back(norm, read, dtokens, rows, a.dim, dread, false);
    dtokens = dread;
  }
  back.layers.apply_back(*project, dtokens, a.dim, rows, patches, length, false);
  join_patches(patches, a, batch, dimage);
}

}  // namespace vit
