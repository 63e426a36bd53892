#include "vit/token_processing.h"

#include <algorithm>

#include "vit/position_embedding.h"
#include "weights/weight_store.h"

namespace vit {

namespace {

/** The table of that name for the image's grid: (position_rows(grid), D). */
Floats load_positions(const Architecture& a, const std::string& name, WeightStore& weights) {
  const Grid grid = a.grid();
  const Shape shape{1, a.position_rows(grid), a.dim};
  // A fixed sinusoid table is computed; a checkpoint may still bring its own copy, which then counts.
  if (a.position.kind == Position::Kind::sinusoid && !weights.has(name))
    return weights.computed(name, shape, sinusoid_table(a.position_rows(grid), a.dim));
  if (a.position.kind == Position::Kind::sinusoid_2d && !weights.has(name)) {
    Floats table(static_cast<size_t>(a.position_prefix() * a.dim));
    const Floats patches = sinusoid_table_2d(grid, a.dim);
    table.insert(table.end(), patches.begin(), patches.end());
    return weights.computed(name, shape, table);
  }
  const Floats table = weights.values(name, {1, a.position_rows(a.position.grid), a.dim});
  if (a.position.grid == grid) return table;
  const int64_t kept = a.position_prefix() * a.dim;
  const Floats patches = resample_positions(table.data() + kept, a.dim, a.position.grid, grid, a.position.resample);
  Floats made(table.begin(), table.begin() + kept);
  made.insert(made.end(), patches.begin(), patches.end());
  return made;
}

}  // namespace

TokenProcessing TokenProcessing::load(const Architecture& a, WeightStore& weights) {
  TokenProcessing made;
  const auto append = [&](const std::string& name, int64_t count) {
    if (count == 0) return;
    const Floats values = weights.values(name, {1, count, a.dim});
    made.prefix.insert(made.prefix.end(), values.begin(), values.end());
  };
  append("cls_token", a.prefix.class_token ? 1 : 0);
  append("dist_token", a.prefix.distillation ? 1 : 0);
  append("reg_token", a.prefix.registers);
  append("det_token", a.prefix.detection);
  if (a.pre_norm) made.pre_norm = weights.norm(*a.pre_norm, "norm_pre", a.dim);
  if (a.position.kind == Position::Kind::none) return made;
  made.positions = load_positions(a, "pos_embed", weights);
  for (int64_t i = 1; a.position.each_block && i < a.depth; i++)
    made.block_positions.push_back(load_positions(a, "blocks." + std::to_string(i) + ".pos_embed", weights));
  return made;
}

void TokenProcessing::add_positions(const Architecture& a, const Floats& table, int64_t batch, float* x) {
  const int64_t tokens = a.num_tokens(), front = a.prefix.count();
  const int64_t rows = a.position_rows(a.grid()), with = a.position_prefix();
  for (int64_t b = 0; b < batch; b++)
    for (int64_t row = 0; row < rows; row++) {
      // The table's prefix rows are the first tokens; its patch rows start after every prefix token.
      float* to = x + (b * tokens + (row < with ? row : row - with + front)) * a.dim;
      for (int64_t j = 0; j < a.dim; j++) to[j] += table[row * a.dim + j];
    }
}

void TokenProcessing::show_block(const Architecture& a, int64_t layer, Pass& pass) const {
  if (!a.position.each_block) return;
  [[maybe_unused]] const Floats& table = layer == 0 ? positions : block_positions[static_cast<size_t>(layer - 1)];
  VIT_STEP(pass.trace, "block:pos_embed", (Shape{a.position_rows(a.grid()), a.dim}), table.data(), a.dim);
}

void TokenProcessing::after_block(const Architecture& a, int64_t layer, int64_t batch, float* x) const {
  if (a.position.each_block && layer + 1 < a.depth)
    add_positions(a, block_positions[static_cast<size_t>(layer)], batch, x);
}

void TokenProcessing::place(const Architecture& a, const float* patches, int64_t batch, float* x, Pass& pass) const {
  const int64_t count = a.grid().count(), tokens = a.num_tokens();
  for (int64_t b = 0; b < batch; b++) {
    float* to = std::copy(prefix.begin(), prefix.end(), x + b * tokens * a.dim);
    std::copy_n(patches + b * count * a.dim, count * a.dim, to);
  }
  VIT_STEP(pass.trace, "prefix", (Shape{tokens, a.dim}), x, a.dim);

  if (!positions.empty()) {
    VIT_STEP(pass.trace, "pos_embed", (Shape{a.position_rows(a.grid()), a.dim}), positions.data(), a.dim);
    add_positions(a, positions, batch, x);
  }
  VIT_STEP(pass.trace, "tokens", (Shape{tokens, a.dim}), x, a.dim);
}

void TokenProcessing::forward(const Architecture& a, const float* patches, int64_t batch, float* x, Pass& pass) const {
  const Timed timed(pass, "pos_embed");
  const int64_t tokens = a.num_tokens();
  place(a, patches, batch, x, pass);
  if (a.pre_norm) {
    apply_norm(pre_norm, x, a.dim, batch * tokens, a.dim, x, a.dim);
    VIT_STEP(pass.trace, "norm_pre", (Shape{tokens, a.dim}), x, a.dim);
  }
}

void TokenProcessing::backward(const Architecture& a, const float* patches, const float* dx, int64_t batch,
                               float* dpatches, Backward& back) const {
  Arena::Scope scope(back.arena);
  const int64_t tokens = a.num_tokens(), count = a.grid().count(), front = a.prefix.count();
  if (a.pre_norm) {
    float* const read = scope.take(batch * tokens * a.dim);
    place(a, patches, batch, read, back.pass);
    float* const dread = scope.take(batch * tokens * a.dim);
    back.norm_back(pre_norm, read, dx, batch * tokens, a.dim, dread, false);
    dx = dread;
  }
  for (int64_t b = 0; b < batch; b++)
    std::copy_n(dx + (b * tokens + front) * a.dim, count * a.dim, dpatches + b * count * a.dim);
}

}  // namespace vit
