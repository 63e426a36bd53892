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
  PackedEncoder(const Block& block, std::vector<packed::StackBlock> blocks)
      : stack_(std::move(blocks), block.heads, block.head_dim, block.scale, block.activation) {}

  void run(float* x, int64_t batch, int64_t tokens, const FusedKept& kept, const Pass& pass) override {
    packed::StackKept into;
    into.maps = kept.maps;
    into.maps_image_stride = kept.maps_image_stride;
    into.maps_block_stride = kept.maps_block_stride;
    into.tokens = kept.tokens;
    into.tokens_image_stride = kept.tokens_image_stride;
    into.tokens_block_stride = kept.tokens_block_stride;
    into.last_tokens = kept.last_tokens;
    if (!stack_.run(x, batch, tokens, into, pass.cancel, pass.profile)) throw Error::cancelled();
  }

  int64_t scratch_bytes() const override { return stack_.scratch_bytes(); }

 private:
  packed::EncoderStack stack_;
};

const packed::PackedLinear* packed_of(const std::shared_ptr<const Linear>& linear) {
  return dynamic_cast<const packed::PackedLinear*>(linear.get());
}

}  // namespace

std::unique_ptr<FusedEncoder> FusedEncoder::make(const Block& block,
                                                 const std::vector<std::unique_ptr<Encoding>>& blocks) {
  if (blocks.empty() || block.order != Block::Order::pre || block.mlp != Block::Mlp::mlp || block.value_skip ||
      !block.attn_residual || block.dim_in != block.dim || block.qk_norm || block.attn_norm || block.mlp_norm)
    return nullptr;
  std::vector<packed::StackBlock> stack;
  for (const auto& encoding : blocks) {
    const auto& b = dynamic_cast<const SequentialEncoding&>(*encoding);
    if (b.attn.positions.rotary || b.attn.positions.bias) return nullptr;
    stack.push_back({&b.norm1, packed_of(b.attn.qkv), packed_of(b.attn.proj), &b.ls1, &b.norm2, packed_of(b.mlp.fc1),
                     packed_of(b.mlp.fc2), &b.ls2});
    const packed::StackBlock& last = stack.back();
    if (!last.qkv || !last.proj || !last.fc1 || !last.fc2) return nullptr;
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
