#include "architecture/architecture.h"

#include <cmath>

#include "error.h"
#include "limits.h"
#include "memory/sizes.h"

namespace vit {

Grid Architecture::grid() const {
  if (tokenizer.kind == Tokenizer::Kind::soft_split) return split_grid(tokenizer.splits.size() - 1);
  return {height / tokenizer.patch_height, width / tokenizer.patch_width};
}

Grid Architecture::split_grid(size_t index) const {
  Grid grid{height, width};
  for (size_t i = 0; i <= index; i++) grid = count_tokens(grid, tokenizer.splits[i]);
  return grid;
}

int64_t Architecture::patch_length() const {
  if (tokenizer.kind == Tokenizer::Kind::patch) return channels * tokenizer.patch_height * tokenizer.patch_width;
  const int64_t kernel = tokenizer.splits.back().kernel;
  return (tokenizer.stages.empty() ? channels : tokenizer.stages.back().dim) * kernel * kernel;
}

int64_t Architecture::position_prefix() const {
  switch (position.covers) {
    case Position::Covers::all:
      return prefix.count();
    case Position::Covers::class_token:
      return prefix.class_token ? 1 : 0;
    case Position::Covers::patches:
      return 0;
  }
  return 0;
}

int64_t Architecture::position_rows(Grid of) const { return position_prefix() + of.count(); }

namespace {

void refuse(bool wrong, const Sentence& said) {
  if (wrong) throw Error::architecture(said);
}

/** Every number of a file has a bound (native/limits.json): below it no sum or product of them overflows. */
void at_most(const Sentence& what, int64_t size, int64_t limit) {
  refuse(size > limit, sentence("{0} {1} is larger than {2}.", what, size, limit));
}

void check_norm(const Norm& norm, const Sentence& where) {
  refuse(!(norm.eps >= 0 && norm.eps <= 1), sentence("{0} has an eps that is not between 0 and 1.", where));
}

void check_norm(const std::optional<Norm>& norm, const Sentence& where) {
  if (norm) check_norm(*norm, where);
}

}  // namespace

void SoftSplit::check(const Sentence& where) const {
  refuse(kernel < 1 || stride < 1 || padding < 0,
         sentence("{0} has an empty kernel or stride, or a negative padding.", where));
  for (const int64_t size : {kernel, stride, padding}) at_most(sentence("{0}: the size", where), size, limits::side);
}

void Block::check(const Sentence& where) const {
  refuse(dim_in < 1 || dim < 1, sentence("{0} has a token length below 1.", where));
  at_most(sentence("{0}: the token length", where), dim_in, limits::patchValues);
  at_most(sentence("{0}: the token length", where), dim, limits::dim);
  refuse(heads < 1 || head_dim < 1, sentence("{0} has fewer than one head or an empty head.", where));
  at_most(sentence("{0}: the number of heads", where), heads, limits::heads);
  at_most(sentence("{0}: the width of a head", where), head_dim, limits::headDim);
  refuse(mlp_hidden < 1, sentence("{0} has an empty hidden layer.", where));
  at_most(sentence("{0}: the hidden layer's width", where), mlp_hidden, limits::hidden);
  refuse(mlp != Mlp::mlp && mlp_hidden % 2 != 0,
         sentence("{0} has a gated MLP whose hidden width {1} is odd.", where, mlp_hidden));
  refuse(value_skip && qkv_dim() != dim,
         sentence("{0} adds V (length {1}) to tokens of length {2}.", where, qkv_dim(), dim));
  refuse(attn_residual && dim_in != dim,
         sentence("{0} adds its input (length {1}) to tokens of length {2}.", where, dim_in, dim));
  if (performer) {
    refuse(performer->features < 1, sentence("{0} has no random features.", where));
    at_most(sentence("{0}: the number of random features", where), performer->features, limits::hidden);
    refuse(heads != 1, sentence("{0} has random features and more than one head.", where));
  }
  const bool parallel = order == Order::parallel || order == Order::parallel_scaling;
  refuse(order == Order::parallel ? branches < 1 : branches != 1, sentence("{0} has {1} branches.", where, branches));
  at_most(sentence("{0}: the number of branches", where), branches, limits::branches);
  refuse(parallel && value_skip, sentence("{0} has a value skip in a parallel order.", where));
  refuse(!attn_residual && order != Order::pre,
         sentence("{0} leaves the residual out of an order other than pre.", where));
  refuse(order == Order::parallel_scaling && mlp != Mlp::mlp,
         sentence("{0} has a gated MLP in the parallel-scaling order.", where));
  refuse(order == Order::parallel_scaling && (attn_norm || mlp_norm),
         sentence("{0} has a norm of its heads or its hidden layer in the parallel-scaling order, which no model has.",
                  where));
  check_norm(norm, where);
  for (const auto& inner : {qk_norm, attn_norm, mlp_norm}) check_norm(inner, where);
}

namespace {

void check_patches(const Architecture& a) {
  const int64_t h = a.tokenizer.patch_height, w = a.tokenizer.patch_width;
  refuse(h < 1 || w < 1, sentence("The patch is empty."));
  refuse(a.height < h, sentence("The image height {0} is smaller than the patch height {1}.", a.height, h));
  refuse(a.width < w, sentence("The image width {0} is smaller than the patch width {1}.", a.width, w));
  at_most(sentence("The number of values in a patch"), product({a.channels, h, w}), limits::patchValues);
}

void check_soft_splits(const Architecture& a) {
  const Tokenizer& t = a.tokenizer;
  refuse(t.splits.empty(), sentence("The soft-split tokenizer has no splits."));
  at_most(sentence("The number of soft splits"), static_cast<int64_t>(t.splits.size()), limits::splits);
  refuse(t.stages.size() + 1 != t.splits.size(),
         sentence("The soft-split tokenizer has {0} splits and {1} token transformers; one fewer is needed.",
                  t.splits.size(), t.stages.size()));
  int64_t length = a.channels;
  Grid at{a.height, a.width};
  for (size_t i = 0; i < t.splits.size(); i++) {
    const SoftSplit& split = t.splits[i];
    const Sentence name = sentence("Soft split {0}", i);
    split.check(name);
    at = count_tokens(at, split);
    refuse(at.rows < 1 || at.columns < 1, sentence("{0} has a kernel larger than what it splits.", name));
    at_most(sentence("{0}: the number of tokens", name), at.count(), limits::tokens);
    const int64_t window = product({length, split.kernel, split.kernel});
    at_most(sentence("{0}: the number of values in a window", name), window, limits::patchValues);
    if (i == t.stages.size()) break;
    const Block& stage = t.stages[i];
    const Sentence where = sentence("Token transformer {0}", i);
    stage.check(where);
    refuse(stage.order != Block::Order::pre, sentence("{0} has an order other than pre.", where));
    refuse(stage.dim_in != window,
           sentence("{0} reads tokens of length {1} where the soft split makes {2}.", where, stage.dim_in, window));
    length = stage.dim;
  }
}

void check_rotary(const Architecture& a) {
  const Rotary& r = *a.rotary;
  refuse(a.block.head_dim % (r.frequencies == Rotary::Frequencies::axial ? 4 : 2) != 0,
         sentence("Rotary positions cannot turn heads of width {0} by two coordinates.", a.block.head_dim));
  refuse(!(r.theta > 0) || r.theta > 1e12, sentence("The rotary positions' theta is not a positive number."));
  refuse(!(std::abs(r.offset) <= 1e6), sentence("The rotary positions' offset is out of range."));
  if (r.reference)
    refuse(r.reference->rows < 1 || r.reference->columns < 1 || r.reference->rows > limits::side ||
               r.reference->columns > limits::side,
           sentence("The rotary positions' reference grid is out of range."));
  refuse(r.prefix && a.prefix.count() == 0,
         sentence("The rotary positions have angles for prefix tokens, and there are none."));
}

void check_relative_bias(const Architecture& a) {
  const RelativeBias& b = *a.relative_bias;
  refuse(b.grid.rows < 1 || b.grid.columns < 1, sentence("The relative position bias' grid is empty."));
  at_most(sentence("The number of relative distances"), product({2, b.grid.rows, 2, b.grid.columns}),
          limits::positions);
  const Grid grid = a.grid();
  at_most(sentence("The number of relative distances"), product({2, grid.rows, 2, grid.columns}), limits::positions);
  if (b.network) {
    refuse(b.network->hidden < 1, sentence("The relative position bias' network has an empty hidden layer."));
    at_most(sentence("The relative position bias' hidden layer"), b.network->hidden, limits::hidden);
  }
  refuse(b.class_entries && (!a.prefix.class_token || a.prefix.count() != 1),
         sentence("The relative position bias has entries for a class token, which must be the only prefix token."));
  refuse(b.class_entries && b.network,
         sentence("A relative position bias made by a network has no entries for a class token."));
}

}  // namespace

void Architecture::check() const {
  refuse(channels < 1 || height < 1 || width < 1, sentence("The image is empty."));
  at_most(sentence("The number of channels"), channels, limits::channels);
  at_most(sentence("The image height"), height, limits::side);
  at_most(sentence("The image width"), width, limits::side);
  at_most(sentence("The number of values in an image"), product({channels, height, width}), limits::inputValues);
  refuse(dim < 1, sentence("The token length is below 1."));
  at_most(sentence("The token length"), dim, limits::dim);
  refuse(depth < 0, sentence("The depth is negative."));
  at_most(sentence("The depth"), depth, limits::depth);
  refuse(classes < 0, sentence("The number of classes is negative."));
  at_most(sentence("The number of classes"), classes, limits::classes);
  refuse(prefix.registers < 0, sentence("The number of registers is negative."));
  at_most(sentence("The number of registers"), prefix.registers, limits::registers);
  refuse(prefix.detection < 0, sentence("The number of detection tokens is negative."));
  at_most(sentence("The number of detection tokens"), prefix.detection, limits::registers);
  if (tokenizer.kind == Tokenizer::Kind::patch)
    check_patches(*this);
  else
    check_soft_splits(*this);
  at_most(sentence("The number of tokens"), num_tokens(), limits::tokens);
  block.check(sentence("The encoding block"));
  if (depth > 0) {
    refuse(block.dim_in != dim || block.dim != dim,
           sentence("The encoding block's token length differs from the model's."));
    refuse(block.performer.has_value(), sentence("Only a token transformer may attend by random features."));
    refuse(!block.attn_residual, sentence("Only a token transformer may leave out the attention's residual."));
  }
  if (position.kind != Position::Kind::none) {
    refuse(position.grid.rows < 1 || position.grid.columns < 1, sentence("The position table's grid is empty."));
    at_most(sentence("The number of positions"), product({position.grid.rows, position.grid.columns}),
            limits::positions);
    refuse(position.kind == Position::Kind::sinusoid_2d && dim % 4 != 0,
           sentence("Sines of rows and columns need a token length that is a multiple of 4."));
    refuse(position.each_block && position.kind != Position::Kind::learned,
           sentence("Only learned positions can be added before every block."));
  }
  check_norm(pre_norm, sentence("The norm before the blocks"));
  check_norm(final_norm, sentence("The final norm"));
  check_norm(fc_norm, sentence("The norm of the pooled feature"));
  if (rotary) check_rotary(*this);
  if (relative_bias) check_relative_bias(*this);
  refuse((pool == Pool::token || pool == Pool::class_avg) && !prefix.class_token,
         sentence("The pooling reads the class token, and there is none."));
  refuse(pool == Pool::distilled && !(prefix.class_token && prefix.distillation),
         sentence("Distilled pooling needs a class token and a distillation token."));
  refuse((pool == Pool::map) != map_pool.has_value(), sentence("The pooling is 'map' exactly when mapPool is given."));
  if (map_pool) {
    refuse(
        map_pool->heads < 1 || dim % map_pool->heads != 0 || map_pool->mlp_hidden < 0,
        sentence("mapPool: the token length {0} is not divisible by its heads, or its MLP is smaller than none.", dim));
    at_most(sentence("mapPool: the hidden layer's width"), map_pool->mlp_hidden, limits::hidden);
    check_norm(Norm{Norm::Kind::layer, map_pool->eps}, sentence("mapPool"));
  }
  if (projection) {
    refuse(projection->length < 1, sentence("The projection is empty."));
    at_most(sentence("The length of the projection"), projection->length, limits::dim);
    refuse(pool == Pool::none || pool == Pool::distilled, sentence("A projection needs one pooled feature."));
  }
  refuse(pool == Pool::none && classes > 0, sentence("A model without pooling cannot have a head."));
}

}  // namespace vit
