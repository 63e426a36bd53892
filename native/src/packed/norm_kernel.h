#pragma once

#include "packed/heads_store.h"
#include "packed/kernels.h"
#include "packed/position_kernel.h"
#include "packed/simd.h"

namespace vit {
namespace packed {
namespace {

/** Sum of body(chunk values) over a row; the tail's missing values are not passed. */
template <class Body>
inline __attribute__((always_inline)) float row_sum(const float* x, int64_t length, const Body& body) {
  Vec total[4] = {};
  int64_t k = 0;
  for (; k + 4 * kLanes <= length; k += 4 * kLanes) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) total[v] += body(load(x + k + v * kLanes));
  }
  for (; k + kLanes <= length; k += kLanes) total[0] += body(load(x + k));
  float rest = 0;
  for (; k < length; k++) rest += body(splat(x[k]))[0];
  return sum((total[0] + total[1]) + (total[2] + total[3])) + rest;
}

inline float square_root(float x) { return __builtin_sqrtf(x); }

/** What a norm does to one row: (x - shift) * factor, then weight and bias. */
struct RowNorm {
  float shift = 0, factor = 1;
};

/** What it does to `height` rows, at most kTileRows: a step for all of them at a time, for each step waits for the one
 * before. */
inline void row_norms(const NormSpec& n, const float* x, int64_t stride, int64_t height, int64_t length,
                      RowNorm* norms) {
  float squares[kTileRows];
  const float per = 1.0f / static_cast<float>(length);
  for (int64_t i = 0; i < height && n.kind == NormSpec::Kind::layer; i++)
    norms[i].shift = row_sum(x + i * stride, length, [](Vec v) { return v; }) * per;
  for (int64_t i = 0; i < height; i++) {
    const Vec mean = splat(norms[i].shift);
    squares[i] = row_sum(x + i * stride, length, [mean](Vec v) { return (v - mean) * (v - mean); });
  }
  for (int64_t i = 0; i < height; i++) norms[i].factor = 1.0f / square_root(squares[i] * per + n.eps);
}

inline RowNorm row_norm(const NormSpec& n, const float* x, int64_t length) {
  RowNorm row;
  if (n.kind != NormSpec::Kind::identity) row_norms(n, x, 0, 1, length, &row);
  return row;
}

inline float normalised(const NormSpec& n, const RowNorm& row, const float* x, int64_t k) {
  return (x[k] - row.shift) * row.factor * (n.weight ? n.weight[k] : 1.0f) + (n.bias ? n.bias[k] : 0.0f);
}

inline __attribute__((always_inline)) Vec normalised_lanes(const NormSpec& n, Vec shift, Vec factor, const float* x,
                                                           int64_t k) {
  Vec y = (load(x + k) - shift) * factor;
  if (n.weight) y *= load(n.weight + k);
  if (n.bias) y += load(n.bias + k);
  return y;
}

/** out = norm of a row, in chunks `step` apart, the last one filled up with zeros. */
inline void write_chunks(const NormSpec& n, const RowNorm& row, const float* x, int64_t length, float* out,
                         int64_t step) {
  const Vec shift = splat(row.shift), factor = splat(row.factor);
  int64_t k = 0;
  for (; k + kChunk <= length; k += kChunk, out += step) {
    for (int64_t v = 0; v < kChunk; v += kLanes) store(out + v, normalised_lanes(n, shift, factor, x, k + v));
  }
  if (k == length) return;
  for (int64_t v = 0; v < kChunk; v++) out[v] = k + v >= length ? 0.0f : normalised(n, row, x, k + v);
}

/** out = [out +] norm of a row; out may be x. */
inline void write_contiguous(const NormSpec& n, const RowNorm& row, const float* x, int64_t length, float* out,
                             bool add) {
  const Vec shift = splat(row.shift), factor = splat(row.factor);
  int64_t k = 0;
  for (; k + kLanes <= length; k += kLanes) {
    const Vec y = normalised_lanes(n, shift, factor, x, k);
    store(out + k, add ? load(out + k) + y : y);
  }
  for (; k < length; k++) {
    const float y = normalised(n, row, x, k);
    out[k] = add ? out[k] + y : y;
  }
}

void norm(const NormRows& n) {
  const int64_t padded = round_up(n.length, kChunk);
  for (int64_t s = 0; s < n.strips.count; s++) {
    const int64_t height = n.strips.height(s), begin = n.strips.begin(s);
    for (int64_t i = 0; i < height; i++) {
      const float* x = n.x + (begin + i) * n.stride;
      const RowNorm row = row_norm(n.norm, x, n.length);
      if (n.out_rows)
        write_contiguous(n.norm, row, x, n.length, n.out_rows + (begin + i) * n.out_stride, n.add);
      else
        write_chunks(n.norm, row, x, n.length, n.out + begin * padded + i * kChunk, height * kChunk);
    }
  }
}

void norm_strips(const NormStrips& n) {
  for (int64_t s = 0; s < n.strips.count; s++) {
    const int64_t height = n.strips.height(s), begin = n.strips.begin(s);
    for (int64_t i = 0; i < height; i++) {
      float* x = n.x + begin * n.x_length + i * kChunk;
      for (int64_t k = 0; k < n.length; k += kChunk)
        for (int64_t v = 0; v < kChunk; v += kLanes) store(n.scratch + k + v, load(x + k * height + v));
      write_chunks(n.norm, row_norm(n.norm, n.scratch, n.length), n.scratch, n.length, x, height * kChunk);
    }
  }
}

/** The rows of a strip of one head, each normalised in place. */
inline void normalise_head(const NormSpec& n, float* rows, int64_t stride, int64_t height, int64_t head_dim) {
  if (n.kind == NormSpec::Kind::identity) return;
  RowNorm norms[kTileRows];
  row_norms(n, rows, stride, height, head_dim, norms);
  for (int64_t i = 0; i < height; i++) {
    float* row = rows + i * stride;
    write_contiguous(n, norms[i], row, head_dim, row, false);
  }
}

template <int Count>
inline void place_head(const HeadRows& h, const float* rows, int64_t head, int64_t begin, int64_t height) {
  const HeadLayout& l = h.layout;
  for (int64_t d = 0; d < l.head_dim; d += Count) {
    if (h.key)
      store_keys<Count>(rows + d, h.stride, l, h.first_token + begin, height, h.key + head * l.key_head() + d * kPanel);
    else
      copy_columns<Count>(rows + d, h.stride, height, h.query_scale,
                          query_at(h.query, l, h.strips.rows, head, begin, height, d), kChunk);
  }
}

void place_heads(const HeadRows& h) {
  const int64_t head_dim = h.layout.head_dim;
  for (int64_t s = 0; s < h.strips.count; s++) {
    const int64_t height = h.strips.height(s), begin = h.strips.begin(s);
    for (int64_t i = 0; i < h.heads; i++) {
      const int64_t head = h.first_head + i;
      float* rows = h.rows + begin * h.stride + i * head_dim;
      normalise_head(h.norm, rows, h.stride, height, head_dim);
      turn_head(h.turn, head, h.first_token + begin, rows, h.stride, height);
      if (head_dim % kChunk == 0)
        place_head<kChunk>(h, rows, head, begin, height);
      else
        place_head<1>(h, rows, head, begin, height);
    }
  }
}

}  // namespace
}  // namespace packed
}  // namespace vit
