#pragma once

#include <memory>
#include <vector>

#include "memory/spare_buffer.h"
#include "sentence.h"
#include "t2t/tokens_to_token.h"

namespace vit {

class Model;

/** What one forward pass left behind. Written once by Model::forward, then only read. */
struct Run {
  std::shared_ptr<Model> model;
  int64_t batch, tokens;
  Floats input;                   // (B, C, H, W), from which the first steps are computed again
  std::vector<uint32_t> masked;   // patches that were put to zero
  Floats logits;                  // (B, output length)
  Floats features;                // (B, what the head reads)
  Floats maps;                    // (B, depth, h, N, N), or empty
  Floats layers;                  // (depth + 1, B, N, D), or empty
  std::vector<StageKept> stages;  // one a token transformer, when maps were asked for
  std::vector<Profile::Entry> profile;

  /** Where the large buffers go when the run is released. */
  struct Spares {
    SpareBuffer input, maps;
  };
  std::shared_ptr<Spares> spares;

  Run() = default;
  ~Run() {
    if (!spares) return;
    spares->input.give(std::move(input));
    spares->maps.give(std::move(maps));
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /** Bytes held. */
  int64_t bytes() const;

  // Slices, as binding.d.ts says them. Each throws ERR_ARGUMENT for an index out of range or when it was not kept.
  Floats attention(int64_t image, int64_t layer) const;                            // (h, N, N)
  Floats attention_rows(int64_t image, int64_t layer, int64_t query) const;        // (h, N)
  Floats layer_tokens(int64_t image, int64_t layer) const;                         // (N, D)
  Floats stage_attention_rows(int64_t image, int64_t stage, int64_t query) const;  // (h, N_s)

  const float* map(int64_t image, int64_t layer) const;
  /** (N, D): tokens entering block `layer`, or leaving the last one. */
  const float* layer(int64_t image, int64_t layer) const;

  void check_image(int64_t image) const;
};

/** Throws ERR_ARGUMENT unless 0 <= index < count: "There is no <what> 3; there are 2, counted from 0." */
void check_index(const Sentence& what, int64_t index, int64_t count);

}  // namespace vit
