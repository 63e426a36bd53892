#pragma once

#include "architecture/architecture.h"

namespace vit {

/** Numbers in the weights of a model, a block or another part. In float64, so that no sum of sizes overflows. */
struct WeightCount {
  double matrices = 0;  // of linear layers
  double vectors = 0;   // biases, norms, layer scales, tokens, position tables
  double largest = 0;   // in one matrix

  void add_matrix(double rows, double columns, double times = 1);
  void add(const WeightCount& other, double times = 1);
  double total() const { return matrices + vectors; }
};

WeightCount count_weights(const Block& block);
WeightCount count_weights(const Architecture& a);

/** Throws ERR_ARCHITECTURE when a seed would have to draw more numbers than is done in seconds. */
void check_drawn(const WeightCount& count);

/** Numbers that resampling the position table to the image's grid needs for a while; 0 when it fits as it is. */
double count_resampling(const Architecture& a);

/** Bytes that a pass over `tokens` tokens of one block needs beside its input and output, without kept maps. */
double block_scratch_bytes(const Block& block, double tokens);

/** Bytes of one forward pass: what it keeps, and what it needs while it runs. */
struct RunBytes {
  double maps = 0;
  double tokens = 0;
  double rest = 0;
  double total() const { return maps + tokens + rest; }
};
RunBytes estimate_run(const Architecture& a, int64_t batch, bool keep_maps, bool keep_tokens);

/** Bytes of a backward pass over that many images at a time, beside what it hands out. */
double estimate_backward(const Architecture& a, int64_t images, int64_t threads);

}  // namespace vit
