#pragma once

#include <memory>
#include <string>

#include "vit/attention_positions.h"

namespace vit {

/** The bias table under `prefix` ("rel_pos." or "blocks.3.attn.rel_pos."), for the image's grid. */
std::shared_ptr<BiasTable> load_bias_table(const Architecture& a, const std::string& prefix, WeightStore& weights);

/** a += b; both for the same grid and heads. */
void add_bias_table(BiasTable& a, const BiasTable& b);

/**
 * values (from.rows, from.columns) to (to.rows, to.columns), `stride` floats apart in both: bilinear as torch's
 * interpolate without antialias, or linear between places at geometrically growing distances from the middle (BEiT's
 * run_class_finetuning.py).
 */
void resample_bias(const float* values, Grid from, float* result, Grid to, int64_t stride, RelativeBias::Resample how);

}  // namespace vit
