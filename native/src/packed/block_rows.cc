#include "packed/block_rows.h"

#include <algorithm>

namespace vit {
namespace packed {

namespace {

constexpr double kLog2E = 1.4426950408889634;

const float* data_or_null(const Floats* f) { return f && !f->empty() ? f->data() : nullptr; }

NormSpec spec_of(const NormLayer* layer) {
  NormSpec spec;
  if (!layer) return spec;
  spec.kind = layer->norm.kind == Norm::Kind::layer ? NormSpec::Kind::layer
              : layer->norm.kind == Norm::Kind::rms ? NormSpec::Kind::rms
                                                    : NormSpec::Kind::identity;
  spec.eps = layer->norm.eps;
  spec.weight = data_or_null(&layer->weight);
  spec.bias = data_or_null(&layer->bias);
  return spec;
}

bool by_rows(const AttentionPart& part, const float* kept_heads) {
  return part.query_norm || part.key_norm || part.turn.cos || kept_heads;
}

/** Heads that are made at a time by way of rows: as few as fill whole panels, so that their rows are still in L2. */
int64_t heads_at_a_time(const AttentionPart& part, const HeadLayout& l) {
  if (part.query_column % l.panel != 0) return l.heads;
  int64_t heads = 1;
  while (heads < l.heads && heads * l.head_dim % l.panel != 0) heads++;
  return heads;
}

}  // namespace

BlockRows::BlockRows(const Block& shape, const StackBlock& block, const HeadLayout& layout, int64_t row, int64_t rows,
                     float* kept_heads)
    : kernels_(block.attns[0].qkv->matrix().kernels()),
      shape_(shape),
      layout_(layout),
      row_(row),
      all_rows_(rows),
      strips_(rows, kernels_.tile_rows),
      segment_(round_up(block.nets[0].hidden_norm ? shape.fc2_in() : std::min(PackedMatrix::kSegment, shape.fc2_in()),
                        kernels_.panel)),
      kept_heads_(kept_heads),
      pairs_(kernels_.pair_attention && block.attns[0].qkv->matrix().rounds()) {
  const AttentionPart& attn = block.attns[0];
  const NetPart& net = block.nets[0];
  int64_t feeds = 0;
  for (const PackedLinear* linear : {attn.qkv, attn.proj, net.fc1})
    feeds = std::max(feeds, linear->matrix().feed_scratch(rows));
  const int64_t length = shape.qkv_dim();
  Workspace& space = thread_workspace();
  space.start();
  normed_ = space.take(rows * round_up(std::max(shape.dim_in, shape.dim), kChunk));
  context_ = space.take(rows * round_up(length, kChunk));
  query_ = space.take(layout.heads * layout.query_head(rows));
  head_rows_ = space.take(by_rows(attn, nullptr) ? rows * heads_at_a_time(attn, layout) * layout.head_dim : 0);
  hidden_ = space.take(rows * segment_);
  const bool has_part = shape.order == Block::Order::res_post || shape.order == Block::Order::parallel;
  part_ = space.take(has_part ? rows * shape.dim : 0);
  feed_scratch_ = space.take(feeds);
  fc2_scratch_ = space.take(net.fc2->matrix().feed_scratch(rows));
  scratch_ =
      space.take(std::max({kernels_.product_scratch(strips_.count), kernels_.attention_scratch(layout, strips_, pairs_),
                           round_up(length, kChunk), segment_}));
}

void BlockRows::read(const NormLayer* layer, const float* x, int64_t length) {
  NormRows n;
  n.norm = spec_of(layer);
  n.x = x;
  n.stride = length;
  n.length = length;
  n.strips = strips_;
  n.out = normed_;
  kernels_.norm(n);
}

void BlockRows::normalise(const NormLayer& layer, const float* x, float* out, bool add) const {
  NormRows n;
  n.norm = spec_of(&layer);
  n.x = x;
  n.stride = shape_.dim;
  n.length = shape_.dim;
  n.strips = strips_;
  n.out_rows = out;
  n.out_stride = shape_.dim;
  n.add = add;
  kernels_.norm(n);
}

Product BlockRows::feed(const PackedLinear& linear, const float* a) const {
  Product p = linear.matrix().product();
  linear.matrix().feed(p, strips_, a, round_up(linear.in(), kChunk), linear.in(), feed_scratch_);
  p.scratch = scratch_;
  p.store.bias = linear.column_bias();
  return p;
}

void BlockRows::to_rows(Product& p, const Floats* scale, const float* residual, float* out) const {
  p.store.to = TileStore::To::rows;
  p.store.out = out;
  p.store.stride = shape_.dim;
  p.store.residual = residual;
  p.store.residual_stride = shape_.dim;
  p.store.gamma = data_or_null(scale);
  kernels_.product(p);
}

namespace {

/** Columns [begin, end) of a product, and the panels that hold them. */
void restrict_to(Product& p, int64_t begin, int64_t end, int64_t panel) {
  p.store.from_column = begin;
  p.store.end_column = end;
  p.panel_begin = begin / panel;
  p.panel_end = (end + panel - 1) / panel;
}

}  // namespace

void BlockRows::make_heads(const AttentionPart& part, HeadsWanted wanted, float* key, float* value) {
  const int64_t length = shape_.qkv_dim(), first = part.query_column;
  Product p = feed(*part.qkv, normed_);
  p.store.layout = layout_;
  p.store.first_token = row_;
  p.store.query_column = first;
  // The kernel's softmax is one of powers of two.
  p.store.query_scale = static_cast<float>(shape_.scale * kLog2E);
  p.store.query = query_;
  p.store.query_rows = strips_.rows;
  p.store.key = key;
  p.store.value = value;
  int64_t begin = wanted == HeadsWanted::keys_and_values ? first + length : first;
  const int64_t end = wanted == HeadsWanted::queries ? first + length : first + 3 * length;
  if (by_rows(part, kept_heads_)) {
    make_heads_by_rows(part, wanted, p);
    if (wanted == HeadsWanted::queries) return;
    begin = first + 2 * length;
  }
  restrict_to(p, begin, end, kernels_.panel);
  p.store.to = TileStore::To::heads;
  kernels_.product(p);
}

void BlockRows::make_heads_by_rows(const AttentionPart& part, HeadsWanted wanted, const Product& product) {
  const int64_t length = shape_.qkv_dim(), hd = layout_.head_dim, most = heads_at_a_time(part, layout_);
  HeadRows h;
  h.layout = layout_;
  h.strips = strips_;
  h.turn = part.turn;
  h.query_scale = product.store.query_scale;
  h.first_token = row_;
  h.stride = kept_heads_ ? 2 * length : most * hd;
  Product p = product;
  p.store.to = TileStore::To::rows;
  p.store.stride = h.stride;
  for (const bool keys : {false, true}) {
    if (wanted == (keys ? HeadsWanted::queries : HeadsWanted::keys_and_values)) continue;
    h.norm = spec_of(keys ? part.key_norm : part.query_norm);
    h.query = keys ? nullptr : product.store.query;
    h.key = keys ? product.store.key : nullptr;
    for (h.first_head = 0; h.first_head < layout_.heads; h.first_head += most) {
      h.heads = std::min(most, layout_.heads - h.first_head);
      const int64_t column = (keys ? length : 0) + h.first_head * hd;
      h.rows = kept_heads_ ? kept_heads_ + column : head_rows_;
      p.store.out = h.rows;
      p.store.first_column = part.query_column + column;
      restrict_to(p, p.store.first_column, p.store.first_column + h.heads * hd, kernels_.panel);
      kernels_.product(p);
      kernels_.place_heads(h);
    }
  }
}

void BlockRows::attend(const AttentionPart& part, const float* key, const float* value, float* maps, float factor,
                       bool add, bool maps_only) {
  AttentionRows a;
  a.layout = layout_;
  a.strips = strips_;
  a.first_token = row_;
  a.bias = part.bias;
  a.query = query_;
  a.key = key;
  a.value = value;
  a.out = maps_only ? nullptr : context_;
  a.out_length = round_up(shape_.qkv_dim(), kChunk);
  a.maps = maps ? maps + row_ * layout_.tokens : nullptr;
  a.map_factor = factor;
  a.add_maps = add;
  a.pairs = pairs_;
  a.scratch = scratch_;
  kernels_.attention(a);
  if (maps_only || !part.heads_norm) return;
  NormStrips n;
  n.norm = spec_of(part.heads_norm);
  n.strips = strips_;
  n.x = context_;
  n.x_length = a.out_length;
  n.length = shape_.qkv_dim();
  n.scratch = scratch_;
  kernels_.norm_strips(n);
}

void BlockRows::project(const AttentionPart& part, const float* skip, const float* residual, float* out) {
  Product p = feed(*part.proj, context_);
  p.store.skip = skip;
  p.store.layout = layout_;
  p.store.first_token = row_;
  to_rows(p, part.scale, residual, out);
}

void BlockRows::make_hidden(const Product& all, int64_t first, int64_t count, int64_t length) {
  const bool gated = shape_.mlp != Block::Mlp::mlp;
  const int64_t columns = gated ? 2 : 1;  // of the product for one of the hidden activations
  Product up = all;
  up.panel_begin = columns * first / kernels_.panel;
  up.panel_end = (columns * (first + count) + kernels_.panel - 1) / kernels_.panel;
  up.store.to = gated ? TileStore::To::gated : TileStore::To::strips;
  up.store.gate_half = shape_.mlp == Block::Mlp::glu ? 1 : 0;
  up.store.out = hidden_;
  up.store.stride = length;
  up.store.first_column = columns * first;
  up.store.activation = shape_.activation;
  kernels_.product(up);
}

void BlockRows::run_net(const NetPart& part, const float* residual, float* out) {
  const Product all = feed(*part.fc1, normed_);
  const PackedMatrix& fc2 = part.fc2->matrix();
  const int64_t hidden = shape_.fc2_in();
  if (part.hidden_norm) {
    make_hidden(all, 0, hidden, segment_);
    NormStrips n;
    n.norm = spec_of(part.hidden_norm);
    n.strips = strips_;
    n.x = hidden_;
    n.x_length = segment_;
    n.length = hidden;
    n.scratch = scratch_;
    kernels_.norm_strips(n);
    Product down = fc2.product();
    fc2.feed(down, strips_, hidden_, segment_, hidden, fc2_scratch_);
    down.scratch = scratch_;
    down.store.bias = part.fc2->column_bias();
    return to_rows(down, part.scale, residual, out);
  }
  for (int64_t i = 0; i < fc2.segments(); i++) {
    const int64_t first = i * PackedMatrix::kSegment, count = std::min(PackedMatrix::kSegment, hidden - first);
    make_hidden(all, first, count, segment_);
    Product down = fc2.product(i);
    fc2.feed(down, strips_, hidden_, segment_, count, fc2_scratch_);
    down.scratch = scratch_;
    if (i == 0) down.store.bias = part.fc2->column_bias();
    to_rows(down, part.scale, i == 0 ? residual : out, out);
  }
}

}  // namespace packed
}  // namespace vit
