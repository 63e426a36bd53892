#include "vit/fused_encoder.h"

#include <map>

#if defined(VIT_PACKED)
#include "packed/encoder_stack.h"
#include "packed/workspace.h"
#endif

namespace vit {

#if defined(VIT_PACKED)

namespace {

/** The bias tables of a stack, as the kernels read them: a copy of each, however many blocks share it. */
class StackBiases {
 public:
  packed::ScoreBias add(const BiasTable& table) {
    constexpr double kLog2E = 1.4426950408889634;
    const auto scaled = [](const Floats& values, int64_t padding) {
      Floats copy(values.size() + static_cast<size_t>(padding), 0.0f);
      for (size_t i = 0; i < values.size(); i++) copy[i] = static_cast<float>(values[i] * kLog2E);
      return copy;
    };
    Copy& copy = copies_[&table];
    if (copy.table.empty()) {
      copy.table = scaled(table.mirrored, packed::ScoreBias::kPadding);
      if (table.class_entries) copy.of_class = scaled(table.of_class, 0);
    }
    packed::ScoreBias bias;
    bias.table = copy.table.data();
    bias.of_class = copy.of_class.empty() ? nullptr : copy.of_class.data();
    bias.rows = table.grid.rows;
    bias.columns = table.grid.columns;
    bias.prefix = table.prefix;
    return bias;
  }

 private:
  struct Copy {
    Floats table, of_class;
  };
  std::map<const BiasTable*, Copy> copies_;
};

class PackedEncoder final : public FusedEncoder {
 public:
  PackedEncoder(const Block& block, std::vector<packed::StackBlock> blocks, StackBiases biases)
      : biases_(std::move(biases)), stack_(block, std::move(blocks)) {}

  void run(const float* in, float* x, int64_t batch, int64_t tokens, const FusedKept& kept, const Pass& pass) override {
    packed::StackKept into;
    into.maps = kept.maps;
    into.maps_image_stride = kept.maps_image_stride;
    into.maps_block_stride = kept.maps_block_stride;
    into.tokens = kept.tokens;
    into.tokens_image_stride = kept.tokens_image_stride;
    into.tokens_block_stride = kept.tokens_block_stride;
    into.last_tokens = kept.last_tokens;
    into.queries_keys = kept.queries_keys;
    if (!stack_.run(in, x, batch, tokens, into, pass.cancel, pass.profile)) throw Error::cancelled();
  }

  int64_t scratch_bytes() const override { return stack_.scratch_bytes(); }

 private:
  const StackBiases biases_;
  packed::EncoderStack stack_;
};

const packed::PackedLinear* packed_of(const std::shared_ptr<const Linear>& linear) {
  return dynamic_cast<const packed::PackedLinear*>(linear.get());
}

packed::HeadTurn turn_of(const RotaryTable& table) {
  packed::HeadTurn turn;
  turn.cos = table.cos.data();
  turn.sin = table.sin.data();
  turn.heads = table.heads;
  turn.first = table.first;
  turn.tokens = table.tokens;
  turn.pairs = table.pairs;
  turn.halves = table.layout == Rotary::Pairs::halves;
  return turn;
}

packed::AttentionPart part_of(const NormLayer& norm, const Attention& attn, const Floats& scale, StackBiases& biases) {
  packed::AttentionPart part;
  part.norm = &norm;
  part.qkv = packed_of(attn.qkv);
  part.query_norm = attn.has_qk_norm ? &attn.q_norm : nullptr;
  part.key_norm = attn.has_qk_norm ? &attn.k_norm : nullptr;
  if (attn.positions.rotary) part.turn = turn_of(*attn.positions.rotary);
  if (attn.positions.bias) part.bias = biases.add(*attn.positions.bias);
  part.heads_norm = attn.has_attn_norm ? &attn.norm : nullptr;
  part.proj = packed_of(attn.proj);
  part.scale = &scale;
  return part;
}

packed::NetPart part_of(const NormLayer& norm, const NeuralNet& net, const Floats& scale) {
  return {&norm, packed_of(net.fc1), net.has_norm ? &net.norm : nullptr, packed_of(net.fc2), &scale};
}

packed::StackBlock block_of(const Encoding& encoding, StackBiases& biases) {
  packed::StackBlock made;
  if (const auto* b = dynamic_cast<const SequentialEncoding*>(&encoding)) {
    made.attns.push_back(part_of(b->norm1, b->attn, b->ls1, biases));
    made.nets.push_back(part_of(b->norm2, b->mlp, b->ls2));
  } else if (const auto* p = dynamic_cast<const ParallelEncoding*>(&encoding)) {
    for (const auto& branch : p->attns) made.attns.push_back(part_of(branch.norm, branch.attn, branch.ls, biases));
    for (const auto& branch : p->ffns) made.nets.push_back(part_of(branch.norm, branch.mlp, branch.ls));
  } else if (const auto* s = dynamic_cast<const ScalingEncoding*>(&encoding)) {
    made.attns.push_back(part_of(s->in_norm, s->attn, s->ls, biases));
    made.attns[0].qkv = packed_of(s->in_proj);
    made.attns[0].query_column = s->mlp_hidden;
    made.nets.push_back({&s->in_norm, packed_of(s->in_proj), nullptr, packed_of(s->mlp_out), &s->ls});
  }
  return made;
}

/** By random features instead of a softmax: computed on the other path. */
bool has_performer(const Encoding& encoding) {
  const auto* b = dynamic_cast<const SequentialEncoding*>(&encoding);
  return b && b->attn.performer;
}

bool complete(const packed::StackBlock& block) {
  for (const auto& part : block.attns)
    if (!part.qkv || !part.proj) return false;
  for (const auto& part : block.nets)
    if (!part.fc1 || !part.fc2) return false;
  return !block.attns.empty();
}

}  // namespace

std::unique_ptr<FusedEncoder> FusedEncoder::make(const Block& block,
                                                 const std::vector<std::unique_ptr<Encoding>>& blocks) {
  if (blocks.empty()) return nullptr;
  std::vector<packed::StackBlock> stack;
  StackBiases biases;
  for (const auto& encoding : blocks) {
    if (has_performer(*encoding)) return nullptr;
    stack.push_back(block_of(*encoding, biases));
    if (!complete(stack.back())) return nullptr;
  }
  return std::make_unique<PackedEncoder>(block, std::move(stack), std::move(biases));
}

void set_packed_threads(int threads) { packed::use_threads(threads); }

#else

std::unique_ptr<FusedEncoder> FusedEncoder::make(const Block&, const std::vector<std::unique_ptr<Encoding>>&) {
  return nullptr;
}

void set_packed_threads(int) {}

#endif

}  // namespace vit
