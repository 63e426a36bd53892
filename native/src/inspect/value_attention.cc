#include "inspect/value_attention.h"

#include <cmath>

#include "kernels/sums.h"
#include "model/model.h"

namespace vit {

Floats value_attention(const Run& run, int64_t image, int64_t layer, int64_t query) {
  Model& model = *run.model;
  const int64_t dim = model.architecture().dim, tokens = run.tokens;
  run.check_image(image);
  check_index(sentence("layer"), layer, model.architecture().depth);
  check_index(sentence("token"), query, tokens);
  const float* x = run.layer(image, layer);
  Floats sums(static_cast<size_t>(tokens * dim), 0.0f), lengths(static_cast<size_t>(tokens));
  Pass pass = model.pass();
  model.block(layer).add_weighted_values(x, tokens, query, sums.data(), pass);
  for (int64_t j = 0; j < tokens; j++)
    lengths[static_cast<size_t>(j)] = std::sqrt(sum_of_squares(sums.data() + j * dim, 0, dim));
  return lengths;
}

}  // namespace vit
