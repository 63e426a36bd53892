#pragma once

#include <optional>

#include "architecture/architecture.h"
#include "vit/trace.h"
#include "weights/tensor_source.h"

namespace vit {

/** One module of the articles on its own; see Part in binding.d.ts for what each takes and gives. */
struct Part {
  enum class Kind {
    soft_split,
    attention,
    neural_net,
    encoding,
    tokenization,
    token_processing,
    prediction_processing,
    backbone,
  } kind;
  SoftSplit split;            // soft_split
  Block block;                // attention, neural_net, encoding
  Architecture architecture;  // the others
};

struct PartRequest {
  Part part;
  TensorSources tensors;
  std::optional<uint64_t> seed;  // instead of tensors
  Floats input;
  Shape shape;  // batch first
  /** Bytes that the part with all its steps may need. */
  int64_t memory_limit;
};

/**
 * Every step of the part in order and, last, its result under the name "output", all with the batch in front. Images
 * are computed one after the other: a part is looked at, not raced. Throws ERR_ARGUMENT when the input is not what the
 * part takes.
 */
std::vector<TracedStep> run_part(PartRequest request);

}  // namespace vit
