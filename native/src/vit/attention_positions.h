#pragma once

#include <memory>
#include <vector>

#include "architecture/architecture.h"
#include "memory/tensor.h"

namespace vit {

class WeightStore;

/** Rotary angles of one block, as cosine and sine (Su et al. 2021, eq. 34); made once for the model's grid. */
struct RotaryTable {
  int64_t first = 0;   // token that the table's first row belongs to; those before it are not turned
  int64_t tokens = 0;  // rows
  int64_t heads = 1;   // 1: the same for all heads
  int64_t pairs = 0;   // headDim / 2
  Rotary::Pairs layout = Rotary::Pairs::neighbours;
  Floats cos, sin;  // (heads, tokens, pairs)

  /** Turns rows (batch * N, h * hd) of Q or K in place; rows are ld floats apart. */
  void turn(float* rows, int64_t ld, int64_t batch, int64_t n, int64_t heads_of_rows) const;
  /** The other way round: of gradients, whose values before and after a turn are turned likewise. */
  void turn_back(float* rows, int64_t ld, int64_t batch, int64_t n, int64_t heads_of_rows) const;

 private:
  void turn(float* rows, int64_t ld, int64_t batch, int64_t n, int64_t heads_of_rows, float direction) const;
};

/** A bias on the scores by the distance of query and key; one of a block's own, the shared one, or their sum. */
struct BiasTable {
  Grid grid{0, 0};
  int64_t prefix = 0, heads = 0;
  bool class_entries = false;
  /** (heads, 2R-1, 2C-1), mirrored: for one query and one row of keys the biases follow each other as the keys do. */
  Floats mirrored;
  /** (heads, 3): class token to a patch, patch to class token, class token to itself; zeros without entries. */
  Floats of_class;

  /** Adds the biases of queries [begin, begin + rows) and every key of head `head` to scores (rows, N), ld apart. */
  void add(int64_t head, int64_t begin, int64_t rows, float* scores, int64_t ld) const;
};

/** What the attention of one block knows of places; null: nothing. Blocks with the same table share it. */
struct AttentionPositions {
  std::shared_ptr<const RotaryTable> rotary;
  std::shared_ptr<const BiasTable> bias;
};

/** Of every block, for the image's grid. */
std::vector<AttentionPositions> load_attention_positions(const Architecture& a, WeightStore& weights);

}  // namespace vit
