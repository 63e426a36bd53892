#include "architecture/footprint.h"

#include <algorithm>

#include "error.h"
#include "limits.h"

namespace vit {

namespace {

double number(int64_t n) { return static_cast<double>(n); }

double norm_length(const Norm& norm, int64_t length) {
  return norm.kind == Norm::Kind::identity ? 0 : norm.kind == Norm::Kind::rms ? number(length) : 2 * number(length);
}

double norm_length(const std::optional<Norm>& norm, int64_t length) { return norm ? norm_length(*norm, length) : 0; }

}  // namespace

void WeightCount::add_matrix(double rows, double columns, double times) {
  matrices += rows * columns * times;
  largest = std::max(largest, rows * columns);
}

void WeightCount::add(const WeightCount& other, double times) {
  matrices += other.matrices * times;
  vectors += other.vectors * times;
  largest = std::max(largest, other.largest);
}

void check_drawn(const WeightCount& count) {
  if (count.total() <= static_cast<double>(limits::seededValues)) return;
  throw Error::architecture(sentence("{0} million weights are more than the {1} million that are drawn from a seed.",
                                     static_cast<int64_t>(count.total() / 1e6), limits::seededValues / 1000000));
}

WeightCount count_weights(const Block& b) {
  WeightCount w;
  const double length = number(b.qkv_dim()), dim = number(b.dim), dim_in = number(b.dim_in),
               hidden = number(b.mlp_hidden), fc2_in = number(b.fc2_in()), branches = number(b.branches);
  const double qk_norms = 2 * norm_length(b.qk_norm, b.head_dim);
  if (b.order == Block::Order::parallel_scaling) {
    w.add_matrix(hidden + 3 * length, dim);
    w.add_matrix(dim, length);
    w.add_matrix(dim, hidden);
    w.vectors = qk_norms + norm_length(b.norm, b.dim) + (b.qkv_bias ? hidden + 3 * length : hidden) +
                (b.proj_bias ? dim : 0) + (b.mlp_bias ? dim : 0) + (b.layer_scale ? dim : 0);
    return w;
  }
  w.add_matrix(3 * length, dim_in, branches);
  w.add_matrix(dim, length, branches);
  w.add_matrix(hidden, dim, branches);
  w.add_matrix(dim, fc2_in, branches);
  const bool before = b.order == Block::Order::pre;
  w.vectors = branches * (qk_norms + norm_length(b.mlp_norm, b.fc2_in()) + norm_length(b.attn_norm, b.qkv_dim()) +
                          norm_length(b.norm, before ? b.dim_in : b.dim) + norm_length(b.norm, b.dim) +
                          (b.qkv_bias ? 3 * length : 0) + (b.proj_bias ? dim : 0) + (b.mlp_bias ? hidden + dim : 0) +
                          (b.layer_scale ? 2 * dim : 0));
  if (b.performer) w.vectors += number(b.performer->features) * length;
  return w;
}

namespace {

/** Angles and biases inside attention: what is stored of them, and the tables made for the image's grid. */
double count_attention_positions(const Architecture& a) {
  double all = 0;
  const double heads = number(a.block.heads), depth = number(a.depth);
  if (a.rotary) {
    const double pairs = number(a.block.head_dim) / 2;
    const bool mixed = a.rotary->frequencies == Rotary::Frequencies::mixed;
    all += 2 * (mixed ? heads * depth : 1) * number(a.num_tokens()) * pairs;
    if (mixed) all += 2 * depth * heads * pairs;
    if (a.rotary->prefix) all += number(a.prefix.count()) * pairs;
  }
  if (a.relative_bias) {
    const RelativeBias& b = *a.relative_bias;
    const double tables = (b.per_block ? depth : 0) + (b.shared ? 1 : 0);
    const auto entries = [](Grid g) { return (2 * number(g.rows) - 1) * (2 * number(g.columns) - 1) + 3; };
    const double stored = b.network ? number(b.network->hidden) * (3 + heads) + heads : entries(b.grid) * heads;
    all += tables * (stored + entries(a.grid()) * heads);
  }
  return all;
}

}  // namespace

WeightCount count_weights(const Architecture& a) {
  WeightCount w;
  const double dim = number(a.dim);
  for (const Block& stage : a.tokenizer.stages) w.add(count_weights(stage));
  w.add_matrix(dim, number(a.patch_length()));
  if (a.tokenizer.bias) w.vectors += dim;
  w.vectors += norm_length(a.tokenizer.norm, a.dim) + count_attention_positions(a);
  w.vectors += number(a.prefix.count()) * dim;
  if (a.position.kind != Position::Kind::none) {
    const double tables = a.position.each_block ? std::max(1.0, number(a.depth)) : 1;
    w.vectors += tables * number(a.position_rows(a.position.grid)) * dim;
  }
  w.vectors +=
      norm_length(a.pre_norm, a.dim) + norm_length(a.final_norm, a.dim) + norm_length(a.fc_norm, a.feature_length());
  w.add(count_weights(a.block), number(a.depth));
  if (a.map_pool) {
    const double hidden = number(a.map_pool->mlp_hidden);
    w.add_matrix(2 * dim, dim);
    w.add_matrix(dim, dim, a.map_pool->query ? 2 : 1);
    w.add_matrix(hidden, dim);
    w.add_matrix(dim, hidden);
    w.vectors += dim + 4 * dim + 2 * dim + hidden + dim;  // latent, biases of q, kv and proj, norm, biases of the MLP
  }
  if (a.projection) {
    w.add_matrix(number(a.projection->length), number(a.feature_length()));
    if (a.projection->bias) w.vectors += number(a.projection->length);
  }
  if (a.classes > 0) {
    const double heads = a.pool == Pool::distilled ? 2 : 1, classes = number(a.classes);
    w.add_matrix(classes, number(a.head_in()), heads);
    if (a.head_bias) w.vectors += heads * classes;
  }
  return w;
}

double count_resampling(const Architecture& a) {
  if (a.position.kind == Position::Kind::none || a.position.grid == a.grid()) return 0;
  const double dim = number(a.dim), across = number(a.position.grid.rows) * number(a.grid().columns);
  return dim * (2 * across + number(a.num_tokens()));  // the half-way table is in float64
}

double block_scratch_bytes(const Block& b, double tokens) {
  const double length = number(b.qkv_dim());
  const double features = b.performer ? number(b.performer->features) : 0;
  return 4 * tokens * (2 * features + 6 * length + 2 * number(b.mlp_hidden) + 2 * number(b.dim_in) + 3 * number(b.dim));
}

RunBytes estimate_run(const Architecture& a, int64_t batch, bool keep_maps, bool keep_tokens) {
  const double n = number(a.num_tokens()), images = number(batch), dim = number(a.dim), depth = number(a.depth);
  RunBytes bytes;
  const double map = 4 * images * number(a.block.heads) * n * n;
  if (keep_maps) bytes.maps = map * (depth + (a.block.branches > 1 ? 1 : 0));
  if (keep_tokens) bytes.tokens = 4 * images * n * dim * (depth + 1);
  bytes.rest = 4 * images * number(a.channels) * number(a.height) * number(a.width);
  bytes.rest += 4 * images * n * (2 * dim + number(a.patch_length()));
  bytes.rest += 4 * images * number(a.classes) * 2;
  // Blocks use the same scratch, one after the other; Q and K of a token transformer are kept with the maps.
  double scratch = depth > 0 ? block_scratch_bytes(a.block, images * n) : 0;
  for (size_t i = 0; i < a.tokenizer.stages.size(); i++) {
    const double tokens = images * number(a.split_grid(i).count());
    scratch = std::max(scratch, block_scratch_bytes(a.tokenizer.stages[i], tokens));
    if (keep_maps) bytes.maps += 8 * tokens * number(a.tokenizer.stages[i].kept_dim());
  }
  bytes.rest += scratch;
  return bytes;
}

namespace {

/** Of one block: what it computes again and the gradients of that, for `rows` tokens of sequences of `tokens`. */
double block_backward_bytes(const Block& b, double rows, double tokens, double threads) {
  const double length = number(b.qkv_dim()), dim = number(b.dim), branches = number(b.branches);
  const double features = b.performer ? number(b.performer->features) : 0;
  double row = 3 * number(b.dim_in) + 9 * dim + 4 * length + 3 * features;
  row += branches * 8 * length + 2 * number(b.mlp_hidden) + 2 * number(b.fc2_in());
  // Maps: kept ones, rows of them on every thread, and the sums of the threads' shares; several branches' are summed.
  double maps = std::min(rows * number(b.heads) * tokens, 4.2e6) * branches;
  maps += threads * (2 * std::max(16 * tokens, 131072.0) + tokens + 2 * tokens * length);
  if (branches > 1) maps += 2 * rows * number(b.heads) * tokens;
  return 4 * (rows * row + maps);
}

}  // namespace

double estimate_backward(const Architecture& a, int64_t images, int64_t threads) {
  const double n = number(a.num_tokens()), all = number(images), team = number(threads), dim = number(a.dim);
  const double rows = all * n;
  double most = a.depth > 0 ? block_backward_bytes(a.block, rows, n, team) : 0;
  double kept = 4 * rows * 7 * dim + 4 * rows * number(a.patch_length());
  for (size_t i = 0; i < a.tokenizer.stages.size(); i++) {
    const Block& stage = a.tokenizer.stages[i];
    const double tokens = number(a.split_grid(i).count());
    most = std::max(most, block_backward_bytes(stage, all * tokens, tokens, team));
    kept += 4 * all * tokens * (2 * number(stage.dim_in) + 2 * number(stage.dim));
  }
  return kept + most;
}

}  // namespace vit
