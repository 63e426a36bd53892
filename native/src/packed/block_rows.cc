#include "packed/block_rows.h"

#include <algorithm>

namespace vit {
namespace packed {

namespace {

constexpr double kLog2E = 1.4426950408889634;

const float* data_or_null(const Floats* f) { return f && !f->empty() ? f->data() : nullptr; }

}  // namespace

BlockRows::BlockRows(const StackBlock& block, const HeadLayout& layout, float* x, int64_t row, int64_t rows)
    : kernels_(block.qkv->matrix().kernels()),
      layout_(layout),
      x_(x),
      row_(row),
      dim_(block.qkv->in()),
      strips_(rows, kernels_.tile_rows),
      segment_(round_up(std::min(PackedMatrix::kSegment, block.fc1->out()), kernels_.panel)) {
  int64_t feeds = 0;
  for (const PackedLinear* linear : {block.qkv, block.proj, block.fc1})
    feeds = std::max(feeds, linear->matrix().feed_scratch(rows));
  Workspace& space = thread_workspace();
  space.start();
  normed_ = space.take(rows * round_up(dim_, kChunk));
  context_ = space.take(rows * round_up(layout.heads * layout.head_dim, kChunk));
  query_ = space.take(layout.heads * layout.query_head(rows));
  hidden_ = space.take(rows * segment_);
  feed_scratch_ = space.take(feeds);
  fc2_scratch_ = space.take(block.fc2->matrix().feed_scratch(rows));
  scratch_ = space.take(std::max(kernels_.product_scratch(strips_.count), kernels_.attention_scratch(layout, strips_)));
}

void BlockRows::normalise(const NormLayer& layer) {
  NormRows n;
  n.kind = layer.norm.kind == Norm::Kind::layer ? NormRows::Kind::layer
           : layer.norm.kind == Norm::Kind::rms ? NormRows::Kind::rms
                                                : NormRows::Kind::identity;
  n.eps = layer.norm.eps;
  n.weight = data_or_null(&layer.weight);
  n.bias = data_or_null(&layer.bias);
  n.x = x_;
  n.stride = dim_;
  n.length = dim_;
  n.strips = strips_;
  n.out = normed_;
  kernels_.norm(n);
}

Product BlockRows::feed(const PackedLinear& linear, const float* a) const {
  Product p = linear.matrix().product();
  linear.matrix().feed(p, strips_, a, round_up(linear.in(), kChunk), linear.in(), feed_scratch_);
  p.scratch = scratch_;
  p.store.bias = data_or_null(&linear.bias());
  return p;
}

void BlockRows::add_to_x(Product& p, const Floats* gamma) const {
  p.store.to = TileStore::To::rows;
  p.store.out = x_;
  p.store.stride = dim_;
  p.store.residual = x_;
  p.store.residual_stride = dim_;
  p.store.gamma = data_or_null(gamma);
  kernels_.product(p);
}

void BlockRows::make_heads(const PackedLinear& qkv, float scale, int64_t panel_begin, int64_t panel_end, float* key,
                           float* value) {
  Product p = feed(qkv, normed_);
  p.panel_begin = panel_begin;
  p.panel_end = panel_end;
  p.store.to = TileStore::To::heads;
  p.store.layout = layout_;
  // The kernel's softmax is one of powers of two.
  p.store.query_scale = static_cast<float>(scale * kLog2E);
  p.store.query = query_;
  p.store.query_rows = strips_.rows;
  p.store.key = key;
  p.store.value = value;
  p.store.first_token = row_;
  kernels_.product(p);
}

void BlockRows::attend(const float* key, const float* value, float* maps, bool maps_only) {
  AttentionRows a;
  a.layout = layout_;
  a.strips = strips_;
  a.query = query_;
  a.key = key;
  a.value = value;
  a.out = maps_only ? nullptr : context_;
  a.out_length = round_up(layout_.heads * layout_.head_dim, kChunk);
  a.maps = maps ? maps + row_ * layout_.tokens : nullptr;
  a.scratch = scratch_;
  kernels_.attention(a);
}

void BlockRows::add_projection(const PackedLinear& proj, const Floats* gamma) {
  Product p = feed(proj, context_);
  add_to_x(p, gamma);
}

void BlockRows::add_mlp(const PackedLinear& fc1, const PackedLinear& fc2, Activation activation, const Floats* gamma) {
  const Product all_hidden = feed(fc1, normed_);
  for (int64_t i = 0; i < fc2.matrix().segments(); i++) {
    const int64_t first = i * PackedMatrix::kSegment, count = std::min(PackedMatrix::kSegment, fc1.out() - first);
    Product up = all_hidden;
    up.panel_begin = first / kernels_.panel;
    up.panel_end = (first + count + kernels_.panel - 1) / kernels_.panel;
    up.store.to = TileStore::To::strips;
    up.store.out = hidden_;
    up.store.stride = segment_;
    up.store.first_column = first;
    set_activation(up.store, activation);
    kernels_.product(up);

    Product down = fc2.matrix().product(i);
    fc2.matrix().feed(down, strips_, hidden_, segment_, count, fc2_scratch_);
    down.scratch = scratch_;
    if (i == 0) down.store.bias = data_or_null(&fc2.bias());
    add_to_x(down, gamma);
  }
}

}  // namespace packed
}  // namespace vit
