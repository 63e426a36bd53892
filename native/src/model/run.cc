#include "model/run.h"

#include <algorithm>

#include "error.h"
#include "kernels/softmax.h"
#include "model/model.h"

namespace vit {

void check_index(const Sentence& what, int64_t index, int64_t count) {
  if (index < 0 || index >= count)
    throw Error::argument(sentence("There is no {0} {1}; there are {2}, counted from 0.", what, index, count));
}

int64_t Run::bytes() const {
  int64_t floats = static_cast<int64_t>(input.size() + logits.size() + features.size() + maps.size() + layers.size());
  for (const StageKept& stage : stages) floats += static_cast<int64_t>(stage.queries_keys.size());
  return floats * static_cast<int64_t>(sizeof(float));
}

void Run::check_image(int64_t image) const { check_index(sentence("image"), image, batch); }

const float* Run::map(int64_t image, int64_t layer) const {
  check_image(image);
  const Architecture& a = model->architecture();
  check_index(sentence("layer"), layer, a.depth);
  if (maps.empty())
    throw Error::argument(sentence("The attention maps of this run were not kept; run it with attention on."));
  return maps.data() + (image * a.depth + layer) * a.block.heads * tokens * tokens;
}

Floats Run::attention(int64_t image, int64_t layer) const {
  const float* from = map(image, layer);
  return Floats(from, from + model->architecture().block.heads * tokens * tokens);
}

Floats Run::attention_rows(int64_t image, int64_t layer, int64_t query) const {
  const float* from = map(image, layer);
  check_index(sentence("token"), query, tokens);
  Floats rows;
  for (int64_t h = 0; h < model->architecture().block.heads; h++) {
    const float* row = from + (h * tokens + query) * tokens;
    rows.insert(rows.end(), row, row + tokens);
  }
  return rows;
}

const float* Run::layer(int64_t image, int64_t layer) const {
  check_image(image);
  const Architecture& a = model->architecture();
  check_index(sentence("layer"), layer, a.depth + 1);
  if (layers.empty()) throw Error::argument(sentence("The tokens of this run were not kept; run it with tokens on."));
  return layers.data() + (layer * batch + image) * tokens * a.dim;
}

Floats Run::layer_tokens(int64_t image, int64_t layer) const {
  const float* from = this->layer(image, layer);
  return Floats(from, from + tokens * model->architecture().dim);
}

Floats Run::stage_attention_rows(int64_t image, int64_t stage, int64_t query) const {
  check_image(image);
  check_index(sentence("soft-split stage"), stage, static_cast<int64_t>(model->architecture().tokenizer.stages.size()));
  if (stages.empty())
    throw Error::argument(
        sentence("The attention of this run's soft-split stages was not kept; run it with attention on."));
  const StageKept& kept = stages[static_cast<size_t>(stage)];
  check_index(sentence("token"), query, kept.tokens);
  const int64_t length = kept.heads * kept.head_dim;
  const float* rows = kept.queries_keys.data() + image * kept.tokens * 2 * length;
  Floats result(static_cast<size_t>(kept.heads * kept.tokens));
  for (int64_t h = 0; h < kept.heads; h++)
    gemm(Gemm::blas, Transpose::no, Transpose::yes, 1, kept.tokens, kept.head_dim, kept.performer ? 1 : kept.scale,
         rows + query * 2 * length + h * kept.head_dim, 2 * length, rows + length + h * kept.head_dim, 2 * length, 0,
         result.data() + h * kept.tokens, kept.tokens);
  if (kept.performer)
    normalise_features(result.data(), kept.tokens);
  else
    softmax(result.data(), kept.heads, kept.tokens, kept.tokens);
  return result;
}

}  // namespace vit
