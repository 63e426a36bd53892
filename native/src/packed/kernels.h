#pragma once

#include <cstdint>

#include "packed/positions.h"
#include "packed/strips.h"
#include "packed/tile_store.h"

namespace vit {
namespace packed {

/** How the weights of a product rest in memory. */
enum class WeightType { f32, f16, bf16, bf16_pairs, int8 };

/** Tiles of A (rows, k) times B (k, columns): A in strips, B in panels of Kernels::panel columns, each [k][panel]. */
struct Product {
  Strips strips;
  /** Strips of float32, or of groups (int8, see Kernels::group) or pairs: everything called k counts those then. */
  const void* a = nullptr;
  /** k of A's layout, a multiple of 16; the product uses the first `k`. */
  int64_t a_length = 0;
  int64_t k = 0;
  WeightType type = WeightType::f32;
  const void* panels = nullptr;
  /** k of B's panels; the product reads rows [b_begin, b_begin + k) of them. */
  int64_t b_length = 0;
  int64_t b_begin = 0;
  /** int8: A's factor for each row, B's for each column, and what A's zero point adds to each column's sum. */
  const float* row_scale = nullptr;
  const float* column_scale = nullptr;
  const int32_t* column_zero = nullptr;
  /** Columns of B, and the panels to compute: [panel_begin, panel_end). */
  int64_t columns = 0;
  int64_t panel_begin = 0;
  int64_t panel_end = 0;
  TileStore store;
  /** Kernels::product_scratch(strips.count) floats on a 64-byte boundary, one for each thread. */
  float* scratch = nullptr;
};

/** softmax(Q K^T) V for a thread's rows of one image, all heads (Vaswani et al. 2017, eq. 1; Q holds the scale
 * already). */
struct AttentionRows {
  HeadLayout layout;
  Strips strips;  // of the thread's rows
  /** Index in its image of the first row. */
  int64_t first_token = 0;
  ScoreBias bias;
  const float* query = nullptr;
  const float* key = nullptr;
  const float* value = nullptr;
  /** Strip layout with k = out_length >= heads * hd, a multiple of 16: head h in columns [h * hd, (h + 1) * hd). Null:
   * maps only. */
  float* out = nullptr;
  int64_t out_length = 0;
  /** Row 0 of the thread in the maps (heads, tokens, tokens) of the image, or null: maps + h * tokens^2 + row * tokens.
   */
  float* maps = nullptr;
  /** What is written to the maps is multiplied by this, and added to what they hold when `add_maps`. */
  float map_factor = 1;
  bool add_maps = false;
  /** Q, K, V and the softmax's weights are rounded to bfloat16 for the products, where Kernels::pair_attention. */
  bool pairs = false;
  /** Kernels::attention_scratch(layout, strips, pairs) floats on a 64-byte boundary. */
  float* scratch = nullptr;
};

/** A norm and its parameters. */
struct NormSpec {
  enum class Kind { layer, rms, identity } kind = Kind::identity;
  float eps = 0;
  const float* weight = nullptr;  // (length) or null for identity
  const float* bias = nullptr;    // (length) or null
};

/**
 * Each row of x (rows, length) normalised: into strips with k = round_up(length, 16), the padding zero, or, when
 * out_rows is given, into rows, added to what they hold when `add`; out_rows may be x.
 */
struct NormRows {
  NormSpec norm;
  const float* x = nullptr;
  int64_t stride = 0;
  int64_t length = 0;
  Strips strips;
  float* out = nullptr;
  float* out_rows = nullptr;
  int64_t out_stride = 0;
  bool add = false;
};

/** Each row of strips with k = x_length, of which `length` count, normalised in place. */
struct NormStrips {
  NormSpec norm;
  Strips strips;
  float* x = nullptr;
  int64_t x_length = 0;
  int64_t length = 0;
  float* scratch = nullptr;  // round_up(length, 16)
};

/**
 * Rows of Q or of K of some heads on their way between the product that made them and the scores: each head normalised
 * and turned in place, then stored where attention reads it. Whatever else is done to queries and keys has its place
 * here.
 */
struct HeadRows {
  HeadLayout layout;
  Strips strips;  // of the thread's rows
  /** Heads [first_head, first_head + heads). */
  int64_t first_head = 0;
  int64_t heads = 0;
  /** (rows, heads * hd), rows `stride` apart. */
  float* rows = nullptr;
  int64_t stride = 0;
  NormSpec norm;
  HeadTurn turn;
  float query_scale = 1;
  /** Q or K of all heads, the other null. */
  float* query = nullptr;
  float* key = nullptr;
  int64_t first_token = 0;
};

/**
 * Strips of float32 as 8-bit numbers of the same row: round(127 x / max |x|), each row with its own factor max |x| /
 * 127, in groups for the int8 product.
 */
struct QuantiseRows {
  Strips strips;
  const float* x = nullptr;
  /** k of x's layout, and how many of them count. */
  int64_t x_length = 0;
  int64_t length = 0;
  int32_t* out = nullptr;  // k = round_up(ceil(length / group), 16)
  float* scale = nullptr;  // (rows)
};

/**
 * Strips of float32 rounded to bfloat16, the nearest, ties to even: as pairs for the product where the set has
 * Kernels::pairs, otherwise as float32 of the same value.
 */
struct NarrowRows {
  Strips strips;
  const float* x = nullptr;
  /** k of x's layout, and how many of them count: the others become zero. */
  int64_t x_length = 0;
  int64_t length = 0;
  int32_t* out = nullptr;
  /** k of the result, in pairs or numbers: a multiple of 16. */
  int64_t out_length = 0;
};

/** The kernels compiled for one instruction set. */
struct Kernels {
  const char* name;
  int64_t tile_rows;
  int64_t panel;
  /** int8: numbers in 32 bits (4 of 8, or 2 of 16 bits), what is added to those of A, and the largest of B's. */
  int64_t group;
  int32_t zero;
  int32_t largest_weight;
  /** Whether products of bfloat16 take pairs of them (WeightType::bf16_pairs). */
  bool pairs;
  /** Whether those of attention can (AttentionRows::pairs). */
  bool pair_attention;
  int64_t (*product_scratch)(int64_t strips);
  int64_t (*attention_scratch)(const HeadLayout& layout, const Strips& strips, bool pairs);
  void (*product)(const Product& product);
  void (*attention)(const AttentionRows& rows);
  void (*norm)(const NormRows& rows);
  void (*norm_strips)(const NormStrips& strips);
  void (*place_heads)(const HeadRows& rows);
  void (*quantise)(const QuantiseRows& rows);
  void (*narrow)(const NarrowRows& rows);
  // For backward passes, on plain rows.
  /** dy (n) *= the activation's derivative at x (n); false, with nothing done, for those this set has no vectors for.
   */
  bool (*slopes)(Activation activation, const float* x, float* dy, int64_t n);
  /** Each row of x (n, length) becomes its softmax. */
  void (*softmax_rows)(float* x, int64_t n, int64_t length);
  /** Floating point operations of `rounds` tiles that stay in L1. */
  double (*busy_tiles)(int64_t rounds);
};

/**
 * The best set for this processor; VIT_KERNELS=baseline|avx2|avx2-vnni|avx512|avx512-vnni|avx512-bf16|avx512-amx in the
 * environment asks for another it can run.
 */
const Kernels& kernels();

/** A set by name, or null when it was not built or this processor cannot run it. */
const Kernels* kernels_named(const char* name);

}  // namespace packed
}  // namespace vit
