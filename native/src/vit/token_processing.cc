#include "vit/token_processing.h"

#include <algorithm>

#include "vit/position_embedding.h"
#include "weights/weight_store.h"

namespace vit {

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
  if (a.pre_norm) made.pre_norm = weights.norm(*a.pre_norm, "norm_pre", a.dim);
  if (a.position.kind == Position::Kind::none) return made;

  const Grid grid = a.grid();
  // A fixed sinusoid table is computed; a checkpoint may still bring its own copy, which then counts.
  if (a.position.kind == Position::Kind::sinusoid && !weights.has("pos_embed")) {
    made.positions =
        weights.computed("pos_embed", {1, a.position_rows(grid), a.dim}, sinusoid_table(a.position_rows(grid), a.dim));
    return made;
  }
  const Floats table = weights.values("pos_embed", {1, a.position_rows(a.position.grid), a.dim});
  if (a.position.grid == grid) {
    made.positions = table;
    return made;
  }
  const int64_t kept = a.position_prefix() * a.dim;
  const Floats patches = resample_positions(table.data() + kept, a.dim, a.position.grid, grid, a.position.resample);
  made.positions.assign(table.begin(), table.begin() + kept);
  made.positions.insert(made.positions.end(), patches.begin(), patches.end());
  return made;
}

void TokenProcessing::place(const Architecture& a, const float* patches, int64_t batch, float* x, Pass& pass) const {
  const int64_t count = a.grid().count(), tokens = a.num_tokens(), front = a.prefix.count();
  for (int64_t b = 0; b < batch; b++) {
    float* to = std::copy(prefix.begin(), prefix.end(), x + b * tokens * a.dim);
    std::copy_n(patches + b * count * a.dim, count * a.dim, to);
  }
  VIT_STEP(pass.trace, "prefix", (Shape{tokens, a.dim}), x, a.dim);

  if (!positions.empty()) {
    const int64_t rows = a.position_rows(a.grid()), with = a.position_prefix();
    VIT_STEP(pass.trace, "pos_embed", (Shape{rows, a.dim}), positions.data(), a.dim);
    for (int64_t b = 0; b < batch; b++)
      for (int64_t row = 0; row < rows; row++) {
        // The table's prefix rows are the first tokens; its patch rows start after every prefix token.
        float* to = x + (b * tokens + (row < with ? row : row - with + front)) * a.dim;
        for (int64_t j = 0; j < a.dim; j++) to[j] += positions[row * a.dim + j];
      }
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
