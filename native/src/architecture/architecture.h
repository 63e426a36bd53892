#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "architecture/activation.h"
#include "architecture/grid.h"
#include "sentence.h"

namespace vit {

// The structs of binding.d.ts, field for field; the comments there are the definition.

struct Norm {
  enum class Kind { layer, rms, identity } kind;
  float eps;
};

/** Attention by random features instead of softmax (T2T-ViT's Performer stages). */
struct PerformerSize {
  int64_t features;
};

struct Block {
  enum class Order { pre, res_post, post, parallel, parallel_scaling };
  enum class Mlp { mlp, glu, swiglu };

  int64_t dim_in;
  int64_t dim;
  int64_t heads;
  int64_t head_dim;
  float scale;
  bool qkv_bias;
  bool proj_bias;
  std::optional<Norm> qk_norm;
  std::optional<Norm> attn_norm;
  bool value_skip;
  bool attn_residual;
  Norm norm;
  Order order;
  int64_t branches;
  bool layer_scale;
  int64_t mlp_hidden;
  Mlp mlp;
  bool mlp_bias;
  std::optional<Norm> mlp_norm;
  Activation activation;
  std::optional<PerformerSize> performer;

  /** Length of Q, of K and of V: all heads side by side. */
  int64_t qkv_dim() const { return heads * head_dim; }
  /** Length of what is kept of each query and key so that rows of the map can be had again. */
  int64_t kept_dim() const { return performer ? performer->features : qkv_dim(); }
  /** Length of what fc2 reads: a gated MLP multiplies its two halves into one. */
  int64_t fc2_in() const { return mlp == Mlp::mlp ? mlp_hidden : mlp_hidden / 2; }

  /** Throws ERR_ARCHITECTURE with the contradiction in one sentence that begins with `where`. */
  void check(const Sentence& where) const;
};

struct Tokenizer {
  enum class Kind { patch, soft_split } kind;
  int64_t patch_height, patch_width;  // patch
  std::vector<SoftSplit> splits;      // soft_split
  std::vector<Block> stages;          // soft_split
  bool bias;
  std::optional<Norm> norm;  // patch
};

struct Prefix {
  bool class_token;
  bool distillation;
  int64_t registers;
  int64_t detection = 0;
  int64_t count() const { return class_token + distillation + registers + detection; }
};

enum class Resample { bicubic_antialias, bicubic, bilinear_antialias };

struct Position {
  enum class Kind { none, learned, sinusoid, sinusoid_2d } kind;
  enum class Covers { all, class_token, patches } covers;
  Grid grid;
  Resample resample;
  bool each_block;
  bool computed() const { return kind == Kind::sinusoid || kind == Kind::sinusoid_2d; }
};

struct Rotary {
  enum class Frequencies { axial, mixed } frequencies;
  double theta;
  bool column_first;
  enum class Coordinates { index, centre } coordinates;
  double offset;
  std::optional<Grid> reference;
  enum class Pairs { neighbours, halves } pairs;
  bool prefix;
};

struct BiasNetwork {
  int64_t hidden;
  enum class Distances { cr, swin } distances;
};

struct RelativeBias {
  bool per_block, shared;
  std::optional<BiasNetwork> network;
  Grid grid;
  bool class_entries;
  enum class Resample { bilinear, geometric } resample;
};

enum class Pool { token, avg, max, avgmax, distilled, class_avg, map, none };

struct MapPool {
  int64_t heads;
  bool query;
  bool kv_bias;
  int64_t mlp_hidden;  // 0: none
  Activation activation;
  float eps;
};

/** A layer between the pooled feature and the head. */
struct Projection {
  int64_t length;
  bool bias;
  std::optional<Activation> activation;
};

struct Architecture {
  int64_t channels, height, width;
  Tokenizer tokenizer;
  int64_t dim;
  int64_t depth;
  Block block;
  Prefix prefix;
  Position position;
  std::optional<Rotary> rotary;
  std::optional<RelativeBias> relative_bias;
  std::optional<Norm> pre_norm;
  std::optional<Norm> final_norm;
  Pool pool;
  bool pool_includes_prefix;
  std::optional<Norm> fc_norm;
  std::optional<MapPool> map_pool;
  std::optional<Projection> projection;
  int64_t classes;
  bool head_bias;

  /** Patches down and across (soft-split: tokens of the last split). */
  Grid grid() const;
  /** Grid after soft split `index`. */
  Grid split_grid(size_t index) const;
  /** Values of one image. */
  int64_t input_length() const { return channels * height * width; }
  /** N: prefix tokens and patches. */
  int64_t num_tokens() const { return prefix.count() + grid().count(); }
  /** Length of one patch's values before the projection. */
  int64_t patch_length() const;
  /** Rows of the position table as stored (for position.grid). */
  int64_t position_rows(Grid grid) const;
  /** Prefix tokens that have a row in the position table. */
  int64_t position_prefix() const;
  /** Length of the pooled feature. */
  int64_t feature_length() const { return pool == Pool::class_avg ? 2 * dim : dim; }

  /** Length of what the head reads. */
  int64_t head_in() const { return projection ? projection->length : feature_length(); }

  /** Throws ERR_ARCHITECTURE with the contradiction in one sentence. */
  void check() const;
};

}  // namespace vit
