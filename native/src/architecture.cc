#include "architecture.h"

#include "error.h"
#include "t2t/soft_split.h"

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

void refuse(bool wrong, const std::string& sentence) {
  if (wrong) throw Error::architecture(sentence);
}

std::string number(int64_t n) { return std::to_string(n); }

void check_norm(const Norm& norm, const std::string& where) {
  refuse(!(norm.eps >= 0), where + " has a negative eps.");
}

}  // namespace

void Block::check(const std::string& where) const {
  refuse(dim_in < 1 || dim < 1, where + " has a token length below 1.");
  refuse(heads < 1 || head_dim < 1, where + " has fewer than one head or an empty head.");
  refuse(mlp_hidden < 1, where + " has an empty hidden layer.");
  refuse(mlp != Mlp::mlp && mlp_hidden % 2 != 0,
         where + " has a gated MLP whose hidden width " + number(mlp_hidden) + " is odd.");
  refuse(value_skip && qkv_dim() != dim,
         where + " adds V (length " + number(qkv_dim()) + ") to tokens of length " + number(dim) + ".");
  refuse(attn_residual && dim_in != dim,
         where + " adds its input (length " + number(dim_in) + ") to tokens of length " + number(dim) + ".");
  const bool parallel = order == Order::parallel || order == Order::parallel_scaling;
  refuse(order == Order::parallel ? branches < 1 : branches != 1, where + " has " + number(branches) + " branches.");
  refuse(parallel && value_skip, where + " has a value skip in a parallel order.");
  refuse(!attn_residual && order != Order::pre, where + " leaves the residual out of an order other than pre.");
  refuse(order == Order::parallel_scaling && mlp != Mlp::mlp,
         where + " has a gated MLP in the parallel-scaling order.");
  check_norm(norm, where);
}

void Architecture::check() const {
  refuse(channels < 1 || height < 1 || width < 1, "The image is empty.");
  // Keeps every product of sizes below far inside 64 bits.
  constexpr int64_t kLargest = int64_t{1} << 24;
  for (const int64_t size :
       {channels, height, width, dim, depth, block.dim, block.heads, block.head_dim, block.mlp_hidden, classes})
    refuse(size > kLargest, "The size " + number(size) + " is larger than " + number(kLargest) + ".");
  refuse(dim < 1, "The token length is below 1.");
  refuse(depth < 0, "The depth is negative.");
  refuse(classes < 0, "The number of classes is negative.");
  refuse(prefix.registers < 0 || prefix.registers > kLargest, "The number of registers is out of range.");
  if (tokenizer.kind == Tokenizer::Kind::patch) {
    const int64_t h = tokenizer.patch_height, w = tokenizer.patch_width;
    refuse(h < 1 || w < 1, "The patch is empty.");
    refuse(height < h, "The image height " + number(height) + " is smaller than the patch height " + number(h) + ".");
    refuse(width < w, "The image width " + number(width) + " is smaller than the patch width " + number(w) + ".");
  } else {
    refuse(tokenizer.splits.empty(), "The soft-split tokenizer has no splits.");
    refuse(tokenizer.stages.size() + 1 != tokenizer.splits.size(),
           "The soft-split tokenizer has " + number(static_cast<int64_t>(tokenizer.splits.size())) + " splits and " +
               number(static_cast<int64_t>(tokenizer.stages.size())) + " token transformers; one fewer is needed.");
    int64_t length = channels;
    Grid at{height, width};
    for (size_t i = 0; i < tokenizer.splits.size(); i++) {
      const SoftSplit& split = tokenizer.splits[i];
      refuse(
          split.kernel < 1 || split.stride < 1 || split.padding < 0,
          "Soft split " + number(static_cast<int64_t>(i)) + " has an empty kernel or stride, or a negative padding.");
      at = count_tokens(at, split);
      refuse(at.rows < 1 || at.columns < 1,
             "Soft split " + number(static_cast<int64_t>(i)) + " has a kernel larger than what it splits.");
      if (i == tokenizer.stages.size()) break;
      const Block& stage = tokenizer.stages[i];
      const std::string where = "Token transformer " + number(static_cast<int64_t>(i));
      stage.check(where);
      refuse(stage.order != Block::Order::pre, where + " has an order other than pre.");
      refuse(stage.dim_in != length * split.kernel * split.kernel,
             where + " reads tokens of length " + number(stage.dim_in) + " where the soft split makes " +
                 number(length * split.kernel * split.kernel) + ".");
      length = stage.dim;
    }
  }
  if (depth > 0) {
    block.check("The encoding block");
    refuse(block.dim_in != dim || block.dim != dim, "The encoding block's token length differs from the model's.");
    refuse(!block.attn_residual, "Only a token transformer may leave out the attention's residual.");
  }
  if (position.kind != Position::Kind::none)
    refuse(position.grid.rows < 1 || position.grid.columns < 1 || position.grid.count() > kLargest * 16,
           "The position table's grid is empty.");
  refuse((pool == Pool::token || pool == Pool::class_avg) && !prefix.class_token,
         "The pooling reads the class token, and there is none.");
  refuse(pool == Pool::distilled && !(prefix.class_token && prefix.distillation),
         "Distilled pooling needs a class token and a distillation token.");
  refuse((pool == Pool::map) != map_pool.has_value(), "The pooling is 'map' exactly when mapPool is given.");
  if (map_pool)
    refuse(map_pool->heads < 1 || dim % map_pool->heads != 0 || map_pool->mlp_hidden < 1,
           "mapPool: the token length " + number(dim) + " is not divisible by its heads, or its MLP is empty.");
  refuse(pool == Pool::none && classes > 0, "A model without pooling cannot have a head.");
}

}  // namespace vit
