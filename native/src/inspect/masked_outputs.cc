#include "inspect/masked_outputs.h"

#include <algorithm>

#include "architecture/footprint.h"
#include "limits.h"
#include "memory/limit.h"
#include "model/model.h"

namespace vit {

namespace {

/** More at a time run no faster. */
constexpr int64_t kMostAtOnce = 16;

/** Variants of one batch that fit beside the run and the model; throws when one alone does not. */
int64_t choose_batch(const Run& run, int64_t variants, double fixed) {
  const Model& model = *run.model;
  const auto bytes = [&](int64_t batch) {
    return fixed + estimate_run(model.architecture(), batch, false, false).total();
  };
  int64_t batch = std::min(variants, kMostAtOnce);
  while (batch > 1 && bytes(batch) > static_cast<double>(model.memory_limit())) batch--;
  check_memory(bytes(batch), model.memory_limit(), [](auto needed, auto limit) {
    return sentence(
        "Running this picture with patches masked needs {0} of memory, the model and the kept run included; the limit "
        "is {1}. Mask fewer variants at once, or use a smaller picture.",
        needed, limit);
  });
  return batch;
}

}  // namespace

Floats masked_outputs(const Run& run, int64_t image, const std::vector<uint8_t>& masks, int64_t variants,
                      const std::atomic<bool>* cancel) {
  Model& model = *run.model;
  const Architecture& a = model.architecture();
  const int64_t patches = a.grid().count(), dim = a.dim, length = PredictionProcessing::output_length(a);
  run.check_image(image);
  if (variants < 1 || variants > limits::batch)
    throw Error::argument(sentence("There must be between 1 and {0} variants of masked patches.", limits::batch));
  if (static_cast<int64_t>(masks.size()) != product({variants, patches}))
    throw Error::argument(sentence("The masks have {0} entries where {1} needs {2}.", masks.size(),
                                   to_string({variants, patches}), product({variants, patches})));
  const double fixed = static_cast<double>(model.weight_bytes() + run.bytes()) +
                       4.0 * static_cast<double>(patches * dim) +
                       4.0 * static_cast<double>(product({variants, length}));
  const int64_t batch = choose_batch(run, variants, fixed);

  Pass pass = model.pass();
  pass.cancel = cancel;
  pass.stop_if_cancelled();
  Floats embedded(static_cast<size_t>(patches * dim)), tokens(static_cast<size_t>(batch * patches * dim)),
      x(static_cast<size_t>(batch * run.tokens * dim)), outputs(static_cast<size_t>(variants * length));
  model.tokenize(run.input.data() + image * a.input_length(), 1, embedded.data(), nullptr, pass);
  for (const uint32_t patch : run.masked) std::fill_n(embedded.data() + patch * dim, dim, 0.0f);
  for (int64_t first = 0; first < variants; first += batch) {
    const int64_t count = std::min(batch, variants - first);
    pass.stop_if_cancelled();
    for (int64_t i = 0; i < count; i++) {
      const uint8_t* mask = masks.data() + (first + i) * patches;
      float* to = tokens.data() + i * patches * dim;
      for (int64_t p = 0; p < patches; p++, to += dim) {
        if (mask[p])
          std::fill_n(to, dim, 0.0f);
        else
          std::copy_n(embedded.data() + p * dim, dim, to);
      }
    }
    model.process_tokens(tokens.data(), count, x.data(), pass);
    model.encode_all(x.data(), count, nullptr, nullptr, pass);
    model.predict(x.data(), count, outputs.data() + first * length, pass);
  }
  return outputs;
}

}  // namespace vit
