#include "vit/fused_encoder.h"

#if defined(VIT_PACKED)
#include "packed/encoder_stack.h"
#include "packed/workspace.h"
#endif

namespace vit {

#if defined(VIT_PACKED)

namespace {

class PackedEncoder final : public FusedEncoder {
 public:
  PackedEncoder(const Block& block, std::vector<packed::StackBlock> blocks) : stack_(block, std::move(blocks)) {}

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
  packed::EncoderStack stack_;
};

const packed::PackedLinear* packed_of(const std::shared_ptr<const Linear>& linear) {
  return dynamic_cast<const packed::PackedLinear*>(linear.get());
}

packed::AttentionPart part_of(const NormLayer& norm, const Attention& attn, const Floats& scale) {
  packed::AttentionPart part;
  part.norm = &norm;
  part.qkv = packed_of(attn.qkv);
  part.query_norm = attn.has_qk_norm ? &attn.q_norm : nullptr;
  part.key_norm = attn.has_qk_norm ? &attn.k_norm : nullptr;
  part.heads_norm = attn.has_attn_norm ? &attn.norm : nullptr;
  part.proj = packed_of(attn.proj);
  part.scale = &scale;
  return part;
}

packed::NetPart part_of(const NormLayer& norm, const NeuralNet& net, const Floats& scale) {
  return {&norm, packed_of(net.fc1), net.has_norm ? &net.norm : nullptr, packed_of(net.fc2), &scale};
}

packed::StackBlock block_of(const Encoding& encoding) {
  packed::StackBlock made;
  if (const auto* b = dynamic_cast<const SequentialEncoding*>(&encoding)) {
    made.attns.push_back(part_of(b->norm1, b->attn, b->ls1));
    made.nets.push_back(part_of(b->norm2, b->mlp, b->ls2));
  } else if (const auto* p = dynamic_cast<const ParallelEncoding*>(&encoding)) {
    for (const auto& branch : p->attns) made.attns.push_back(part_of(branch.norm, branch.attn, branch.ls));
    for (const auto& branch : p->ffns) made.nets.push_back(part_of(branch.norm, branch.mlp, branch.ls));
  } else if (const auto* s = dynamic_cast<const ScalingEncoding*>(&encoding)) {
    made.attns.push_back(part_of(s->in_norm, s->attn, s->ls));
    made.attns[0].qkv = packed_of(s->in_proj);
    made.attns[0].query_column = s->mlp_hidden;
    made.nets.push_back({&s->in_norm, packed_of(s->in_proj), nullptr, packed_of(s->mlp_out), &s->ls});
  }
  return made;
}

/** Positions inside attention and Performer's attention are computed on the other path so far: BlockRows::make_heads
 * and the scores are their places. */
bool has_other_attention(const Encoding& encoding) {
  const auto any = [](const Attention& attn) { return attn.positions.rotary || attn.positions.bias || attn.performer; };
  if (const auto* b = dynamic_cast<const SequentialEncoding*>(&encoding)) return any(b->attn);
  if (const auto* p = dynamic_cast<const ParallelEncoding*>(&encoding)) return any(p->attns[0].attn);
  return any(dynamic_cast<const ScalingEncoding&>(encoding).attn);
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
  for (const auto& encoding : blocks) {
    if (has_other_attention(*encoding)) return nullptr;
    stack.push_back(block_of(*encoding));
    if (!complete(stack.back())) return nullptr;
  }
  return std::make_unique<PackedEncoder>(block, std::move(stack));
}

void set_packed_threads(int threads) { packed::use_threads(threads); }

#else

std::unique_ptr<FusedEncoder> FusedEncoder::make(const Block&, const std::vector<std::unique_ptr<Encoding>>&) {
  return nullptr;
}

void set_packed_threads(int) {}

#endif

}  // namespace vit
