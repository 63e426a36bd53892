#pragma once

#include "architecture/architecture.h"
#include "memory/tensor.h"

namespace vit {

/**
 * Sinusoid table (tokens, length) of "Attention Is All You Need" (sec. 3.5) as the articles write it: angle(i, j) =
 * i / 10000^(2 (j / 2) / length), sin in even columns and cos in odd ones; computed in float64, stored in float32.
 */
Floats sinusoid_table(int64_t tokens, int64_t length);

/**
 * Sinusoid table (grid.count(), length) of rows and columns, as AIMv2 computes it: four quarters sin(c w), cos(c w),
 * sin(r w), cos(r w) of a place's column c and row r, w_j = 10000^(-j / (length / 4)); in float64, stored in float32.
 */
Floats sinusoid_table_2d(Grid grid, int64_t length);

/**
 * values (from.rows * from.columns, length) to (to.rows * to.columns, length) as torch.nn.functional.interpolate with
 * mode='bicubic', align_corners=False: Keys' cubic with a = -0.75 at four neighbours, or with antialias a = -0.5
 * widened when shrinking; bilinear_antialias is mode='bilinear' with antialias.
 */
Floats resample_positions(const float* values, int64_t length, Grid from, Grid to, Resample how);

}  // namespace vit
