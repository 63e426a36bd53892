#pragma once

#include <vector>

#include "kernels/layer_norm.h"
#include "packed/packed_linear.h"
#include "packed/positions.h"

namespace vit {
namespace packed {

/** Attention of a block; null where there is none. All outlive the stack. */
struct AttentionPart {
  /** Of what comes in, or of what attention made, as the block's order says. */
  const NormLayer* norm = nullptr;
  /** Q, K and V are its columns from query_column on. */
  const PackedLinear* qkv = nullptr;
  int64_t query_column = 0;
  const NormLayer* query_norm = nullptr;
  const NormLayer* key_norm = nullptr;
  HeadTurn turn;
  ScoreBias bias;
  const NormLayer* heads_norm = nullptr;
  const PackedLinear* proj = nullptr;
  const Floats* scale = nullptr;  // layer scale; may be empty
};

/** The neural network of a block likewise. */
struct NetPart {
  const NormLayer* norm = nullptr;
  /** The hidden activations are its first columns. */
  const PackedLinear* fc1 = nullptr;
  const NormLayer* hidden_norm = nullptr;
  const PackedLinear* fc2 = nullptr;
  const Floats* scale = nullptr;
};

/** One of each, but for the order parallel, which has several. */
struct StackBlock {
  std::vector<AttentionPart> attns;
  std::vector<NetPart> nets;
};

}  // namespace packed
}  // namespace vit
