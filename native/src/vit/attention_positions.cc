#include "vit/attention_positions.h"

#include <optional>
#include <string>

#include "vit/relative_bias.h"
#include "vit/rotary.h"
#include "weights/weight_store.h"

namespace vit {

std::vector<AttentionPositions> load_attention_positions(const Architecture& a, WeightStore& weights) {
  std::vector<AttentionPositions> all(static_cast<size_t>(a.depth));
  if (a.depth == 0) return all;
  if (a.rotary) {
    RotaryLoader rotary(a, weights);
    for (int64_t i = 0; i < a.depth; i++) all[static_cast<size_t>(i)].rotary = rotary.table(i);
  }
  if (!a.relative_bias) return all;
  std::shared_ptr<BiasTable> shared;
  if (a.relative_bias->shared) shared = load_bias_table(a, "rel_pos.", weights);
  for (int64_t i = 0; i < a.depth; i++) {
    std::shared_ptr<BiasTable> own;
    if (a.relative_bias->per_block) {
      own = load_bias_table(a, "blocks." + std::to_string(i) + ".attn.rel_pos.", weights);
      if (shared) add_bias_table(*own, *shared);
    }
    all[static_cast<size_t>(i)].bias = own ? own : shared;
  }
  return all;
}

}  // namespace vit
