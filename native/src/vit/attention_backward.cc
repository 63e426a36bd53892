#include <algorithm>

#include "kernels/softmax.h"
#include "vit/attention.h"

// Attention computed again and its backward pass. Maps exist by blocks of rows: A, then dA = dcontext V^T, which is
// used up (MapLook) and becomes dS = A * (dA - sum A dA), from which dQ = scale dS K, dK = scale dS^T Q; dV = A^T
// dcontext.

namespace vit {

namespace {

/** Maps of all heads and images up to this many floats are kept from the first half of a block to the second. */
constexpr int64_t kMostKept = int64_t{1} << 22;

/** Rows of one head's map that a thread works on at a time: about half a megabyte of them. */
int64_t rows_at_once(int64_t tokens) { return std::max<int64_t>(16, (int64_t{1} << 17) / tokens); }

double multiplications(int64_t queries, int64_t tokens, const Attention& attn, double products) {
  return products * static_cast<double>(queries) * static_cast<double>(tokens) *
         static_cast<double>(attn.heads * attn.head_dim);
}

}  // namespace

Attention::Recalled Attention::recall(const float* x, int64_t batch, int64_t tokens, int64_t live, float* y,
                                      const Epilogue& into, Arena::Scope& scope, Backward& back) const {
  const int64_t length = heads * head_dim, ld = 3 * length, dim = proj->out();
  float* const q = scope.take(batch * tokens * ld);
  qkv->apply(x, qkv->in(), batch * tokens, q, ld);
  const Recalled made = recall_heads(q, q + length, q + 2 * length, ld, batch, tokens, live, true, scope, back);
  const int64_t rows = batch * live;
  const float* heads_made = made.context;
  if (has_attn_norm) {
    float* const normed = scope.take(rows * length);
    back.norm(norm, made.context, rows, length, normed);
    heads_made = normed;
  }
  if (!value_skip) {
    proj->apply(heads_made, length, rows, y, dim, into);
    return made;
  }
  float* const out = scope.take(rows * dim);
  Epilogue skip;
  skip.residual = made.v;
  skip.ldr = ld;
  proj->apply(heads_made, length, rows, out, dim, skip);
  finish_rows(out, dim, rows, dim, nullptr, into);
  std::copy_n(out, rows * dim, y);
  return made;
}

Attention::Recalled Attention::recall_heads(float* q, float* k, const float* v, int64_t ld, int64_t batch,
                                            int64_t tokens, int64_t live, bool attend, Arena::Scope& scope,
                                            Backward& back) const {
  const int64_t rows = batch * tokens, length = heads * head_dim;
  Recalled made{q, k, v, ld, live};
  if (has_qk_norm) {
    float* const plain = scope.take(rows * 2 * length);
    for (int64_t i = 0; i < rows; i++) {
      std::copy_n(q + i * ld, length, plain + i * 2 * length);
      std::copy_n(k + i * ld, length, plain + i * 2 * length + length);
    }
    made.plain = plain;
    normalise_qk(q, k, ld, rows);
  }
  if (positions.rotary) {
    positions.rotary->turn(q, ld, batch, tokens, heads);
    positions.rotary->turn(k, ld, batch, tokens, heads);
  }
  if (!attend) return made;
  float* const context = scope.take(rows * length);
  made.context = context;
  if (performer) {
    performer->attend(q, k, v, ld, batch, tokens, context, nullptr, back.pass);
    return made;
  }
  const int64_t map = tokens * tokens, block = rows_at_once(tokens);
  const bool keep = batch * heads * map <= kMostKept;
  float* const maps = keep ? scope.take(batch * heads * map) : nullptr;
  made.maps = maps;
  const int parts = back.parts(multiplications(live, tokens, *this, 2));
  float* const scratch = keep ? nullptr : scope.take(parts * block * tokens);
  for (int64_t b = 0; b < batch; b++) {
    back.share(parts, live, [&](int part, int64_t begin, int64_t end) {
      for (int64_t h = 0; h < heads; h++) {
        const int64_t at = b * tokens * ld + h * head_dim;
        for (int64_t row = begin; row < end; row += block) {
          const int64_t count = std::min(block, end - row);
          float* const a = keep ? maps + (b * heads + h) * map + row * tokens : scratch + part * block * tokens;
          score_rows(back.pass.by, q + at, k + at, ld, tokens, h, row, count, a);
          back.softmax(a, count, tokens);
          gemm(back.pass.by, Transpose::no, Transpose::no, count, head_dim, tokens, 1, a, tokens, v + at, ld, 0,
               context + (b * tokens + row) * length + h * head_dim, length);
        }
      }
    });
    back.pass.stop_if_cancelled();
  }
  return made;
}

namespace {

void put(const float* from, int64_t n, float* to, bool add) {
  if (add)
    for (int64_t i = 0; i < n; i++) to[i] += from[i];
  else
    std::copy_n(from, n, to);
}

/** Serves `look` with rows [row, row + count) of one head: A and dA (count, N). `next` (N) is this thread's. */
void use_rows(const MapLook& look, int64_t image, int64_t heads, int64_t head, int64_t tokens, int64_t row,
              int64_t count, const float* a, const float* da, float* next) {
  const int64_t at = ((image * heads + head) * tokens + row) * tokens;
  if (look.gradient) put(da, count * tokens, look.gradient + at, look.add);
  if (look.maps) put(a, count * tokens, look.maps + at, look.add);
  if (look.next) carry_relevance(a, da, tokens, row, count, look.carried + image * tokens, heads, next);
}

/** What queries from `live` on have of one image: nothing. */
void put_rest_to_zero(const MapLook& look, int64_t heads, int64_t tokens, int64_t live, float* dq, int64_t length,
                      int64_t ldd) {
  for (int64_t h = 0; look.gradient && !look.add && h < heads; h++)
    std::fill_n(look.gradient + (h * tokens + live) * tokens, (tokens - live) * tokens, 0.0f);
  for (int64_t i = live; dq && i < tokens; i++) std::fill_n(dq + i * ldd, length, 0.0f);
}

}  // namespace

void carry_relevance(const float* a, const float* da, int64_t tokens, int64_t row, int64_t count, const float* carried,
                     int64_t heads, float* next) {
  for (int64_t i = 0; i < count; i++, a += tokens, da += tokens) {
    const float share = carried[row + i] / static_cast<float>(heads);
    if (share == 0) continue;
    for (int64_t j = 0; j < tokens; j++) next[j] += share * std::max(0.0f, a[j] * da[j]);
  }
}

void Attention::backward_heads(const Recalled& made, const float* dcontext, int64_t batch, int64_t tokens, float* dq,
                               float* dk, float* dv, int64_t ldd, const MapLook& look, Backward& back) const {
  const int64_t length = heads * head_dim, ld = made.ld, rows = batch * tokens, live = made.live;
  if (performer) {
    if (!dq) return;
    return performer->backward(made.q, made.k, made.v, ld, batch, tokens, made.context, dcontext, dq, dk, dv, ldd,
                               back);
  }
  Arena::Scope scope(back.arena);
  const Gemm by = back.pass.by;
  const int64_t map = tokens * tokens, block = std::min(rows_at_once(tokens), tokens);
  const int parts = back.parts(multiplications(live, tokens, *this, 4));
  // Thread 0 adds to dK and dV themselves, the others to sums of their own.
  float* const scratch = scope.take(parts * (2 * block * tokens + tokens));
  if (live < tokens) put_rest_to_zero(look, heads, tokens, live, dq, length, ldd);
  float* const sums = scope.take(dq ? (parts - 1) * tokens * 2 * length : 0);
  for (int64_t b = 0; b < batch; b++) {
    const int64_t at = b * tokens * ld, to = b * tokens * ldd;
    back.share(parts, live, [&](int part, int64_t begin, int64_t end) {
      float* const own = scratch + part * (2 * block * tokens + tokens);
      float* const da = own + block * tokens;
      float* const next = da + block * tokens;
      std::fill_n(next, tokens, 0.0f);
      float* const own_dk = part == 0 ? dk + to : sums + (part - 1) * tokens * 2 * length;
      float* const own_dv = part == 0 ? dv + to : own_dk + length;
      const int64_t own_ld = part == 0 ? ldd : 2 * length;
      for (int64_t h = 0; h < heads; h++) {
        const int64_t head = h * head_dim;
        const float *const q = made.q + at + head, *const k = made.k + at + head, *const v = made.v + at + head;
        for (int64_t row = begin; row < end; row += block) {
          const int64_t count = std::min(block, end - row);
          const float* const g = dcontext + (b * tokens + row) * length + head;
          const float* a = own;
          if (made.maps) {
            a = made.maps + (b * heads + h) * map + row * tokens;
          } else {
            score_rows(by, q, k, ld, tokens, h, row, count, own);
            back.softmax(own, count, tokens);
          }
          gemm(by, Transpose::no, Transpose::yes, count, tokens, head_dim, 1, g, length, v, ld, 0, da, tokens);
          use_rows(look, b, heads, h, tokens, row, count, a, da, next);
          if (!dq) continue;
          const float more = row == begin ? 0.0f : 1.0f;
          gemm(by, Transpose::yes, Transpose::no, tokens, head_dim, count, 1, a, tokens, g, length, more, own_dv + head,
               own_ld);
          softmax_backward(a, da, count, tokens, tokens);
          gemm(by, Transpose::no, Transpose::no, count, head_dim, tokens, scale, da, tokens, k, ld, 0,
               dq + to + row * ldd + head, ldd);
          gemm(by, Transpose::yes, Transpose::no, tokens, head_dim, count, scale, da, tokens, q + row * ld, ld, more,
               own_dk + head, own_ld);
        }
        if (begin == end && dq)
          for (int64_t i = 0; i < tokens; i++) {
            std::fill_n(own_dk + i * own_ld + head, head_dim, 0.0f);
            std::fill_n(own_dv + i * own_ld + head, head_dim, 0.0f);
          }
      }
    });
    for (int part = 0; part < parts && look.next; part++) {
      const float* const next = scratch + part * (2 * block * tokens + tokens) + 2 * block * tokens;
      for (int64_t j = 0; j < tokens; j++) look.next[b * tokens + j] += next[j];
    }
    for (int part = 1; part < parts && dq; part++) {
      const float* sum = sums + (part - 1) * tokens * 2 * length;
      for (int64_t i = 0; i < tokens; i++, sum += 2 * length)
        for (int64_t j = 0; j < length; j++) {
          dk[to + i * ldd + j] += sum[j];
          dv[to + i * ldd + j] += sum[length + j];
        }
    }
    back.pass.stop_if_cancelled();
  }
  if (!dq) return;
  if (positions.rotary) {
    positions.rotary->turn_back(dq, ldd, batch, tokens, heads);
    positions.rotary->turn_back(dk, ldd, batch, tokens, heads);
  }
  for (int64_t h = 0; has_qk_norm && h < heads; h++) {
    const int64_t head = h * head_dim;
    norm_backward(q_norm, made.plain + head, 2 * length, dq + head, ldd, rows, head_dim, dq + head, ldd, false);
    norm_backward(k_norm, made.plain + length + head, 2 * length, dk + head, ldd, rows, head_dim, dk + head, ldd,
                  false);
  }
}

void Attention::backward(const Recalled& made, const float* dy, int64_t batch, int64_t tokens, float* dx, bool input,
                         const MapLook& look, Backward& back) const {
  if (!input && !look.any()) return;
  Arena::Scope scope(back.arena);
  const int64_t rows = batch * tokens, length = heads * head_dim, ldd = 3 * length, dim = proj->out();
  const int64_t live = batch * made.live;
  float* const dcontext = scope.take(live * length);
  back.layers.apply_back(*proj, dy, dim, live, dcontext, length, false);
  if (has_attn_norm) back.norm_back(norm, made.context, dcontext, live, length, dcontext, false);
  float* const dq = input ? scope.take(rows * ldd) : nullptr;
  float* const dv = input ? dq + 2 * length : nullptr;
  backward_heads(made, dcontext, batch, tokens, dq, input ? dq + length : nullptr, dv, ldd, look, back);
  if (!input) return;
  if (value_skip)
    for (int64_t i = 0; i < live; i++)
      for (int64_t j = 0; j < length; j++) dv[i * ldd + j] += dy[i * dim + j];
  back.layers.apply_back(*qkv, dq, ldd, rows, dx, qkv->in(), false);
}

}  // namespace vit
