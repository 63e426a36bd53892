#include "t2t/tokens_to_token.h"

#include <algorithm>

#include "t2t/soft_split.h"
#include "weights/weight_store.h"

namespace vit {

TokensToToken TokensToToken::load(const Architecture& a, WeightStore& weights) {
  TokensToToken made;
  for (size_t i = 0; i < a.tokenizer.stages.size(); i++) {
    const Block& stage = a.tokenizer.stages[i];
    made.stages.emplace_back();
    made.stages[i].push_back(Encoding::load(stage, "tokenizer.stages." + std::to_string(i) + ".", weights));
    made.fused.push_back(FusedEncoder::make(stage, made.stages[i]));
  }
  made.project = weights.linear("patch_embed.proj.weight", a.tokenizer.bias ? "patch_embed.proj.bias" : "", a.dim,
                                a.patch_length());
  return made;
}

void TokensToToken::forward(const Architecture& a, const float* image, int64_t batch, float* tokens,
                            std::vector<StageKept>* kept, Pass& pass) const {
  ImageView view = ImageView::planar(image, batch, a.channels, a.height, a.width);
  Floats made;  // tokens of the last stage, which the next soft split reads as an image
  for (size_t i = 0; i <= stages.size(); i++) {
    pass.stop_if_cancelled();
    const SoftSplit& split = a.tokenizer.splits[i];
    const Grid grid = a.split_grid(i);
    const int64_t count = grid.count(), length = view.channels * split.kernel * split.kernel;
    float* windows = pass.scratch.get(Scratch::patches, batch * count * length);
    std::string outer;
    if (pass.trace) outer = pass.trace->enter("tokenizer.splits." + std::to_string(i) + ".");
    {
      const Timed timed(pass, "soft_split");
      soft_split(view, split, windows);
      VIT_STEP(pass.trace, "windows", (Shape{count, length}), windows, length);
    }
    if (i == stages.size()) {
      if (pass.trace) pass.trace->enter("");
      const Timed timed(pass, "patch_embed");
      project->apply(windows, length, batch * count, tokens, a.dim);
      VIT_STEP(pass.trace, "soft-split:patch_embed", (Shape{count, a.dim}), tokens, a.dim);
    } else {
      const Block& stage = a.tokenizer.stages[i];
      AttentionKept keep;
      if (kept) {
        kept->push_back({stage.heads, stage.kept_dim() / stage.heads, count, stage.scale, stage.performer.has_value(),
                         Floats(static_cast<size_t>(batch * count * 2 * stage.kept_dim()))});
        keep.queries_keys = kept->back().queries_keys.data();
      }
      made.resize(static_cast<size_t>(batch * count * stage.dim));
      if (pass.trace) pass.trace->enter("tokenizer.stages." + std::to_string(i) + ".");
      if (fused[i] && !pass.trace) {
        FusedKept fused_keep;
        fused_keep.queries_keys = keep.queries_keys;
        fused[i]->run(windows, made.data(), batch, count, fused_keep, pass);
      } else {
        stages[i][0]->forward(windows, batch, count, made.data(), keep, pass);
      }
      view = ImageView::tokens(made.data(), batch, stage.dim, grid);
    }
    if (pass.trace) pass.trace->enter(outer);
  }
}

void TokensToToken::backward(const Architecture& a, const float* image, const float* dtokens, int64_t batch,
                             float* dimage, Backward& back) const {
  Arena::Scope scope(back.arena);
  const size_t count = stages.size();
  // What each split reads, and what each stage reads; the last split's windows are linear and need not be made.
  std::vector<ImageView> views{ImageView::planar(image, batch, a.channels, a.height, a.width)};
  std::vector<float*> windows;
  for (size_t i = 0; i < count; i++) {
    back.pass.stop_if_cancelled();
    const Block& stage = a.tokenizer.stages[i];
    const int64_t tokens = a.split_grid(i).count();
    windows.push_back(scope.take(batch * tokens * stage.dim_in));
    soft_split(views[i], a.tokenizer.splits[i], windows[i]);
    float* const made = scope.take(batch * tokens * stage.dim);
    if (fused[i])
      fused[i]->run(windows[i], made, batch, tokens, {}, back.pass);
    else
      stages[i][0]->forward(windows[i], batch, tokens, made, {}, back.pass);
    views.push_back(ImageView::tokens(made, batch, stage.dim, a.split_grid(i)));
  }

  const int64_t last = a.grid().count();
  float* dwindows = scope.take(batch * last * a.patch_length());
  back.layers.apply_back(*project, dtokens, a.dim, batch * last, dwindows, a.patch_length(), false);
  for (size_t i = count; i > 0; i--) {
    back.pass.stop_if_cancelled();
    const Block& stage = a.tokenizer.stages[i - 1];
    const int64_t tokens = a.split_grid(i - 1).count();
    float* const dmade = scope.take_zeros(batch * tokens * stage.dim);
    soft_join(views[i], a.tokenizer.splits[i], dwindows, dmade);
    dwindows = scope.take(batch * tokens * stage.dim_in);
    stages[i - 1][0]->backward(windows[i - 1], dmade, batch, tokens, dwindows, {}, back);
  }
  std::fill_n(dimage, batch * a.input_length(), 0.0f);
  soft_join(views[0], a.tokenizer.splits[0], dwindows, dimage);
}

}  // namespace vit
