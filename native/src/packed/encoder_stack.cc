#include "packed/encoder_stack.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "packed/workspace.h"

namespace vit {
namespace packed {

namespace {

using Clock = std::chrono::steady_clock;
using Order = Block::Order;

}  // namespace

/** The threads that share one image, and the keys and values they exchange: two sets, so that one barrier an attention
 * is enough. */
struct EncoderStack::Team {
  int size = 1;
  Buffer keys[2], values[2];
  /** Written by member 0 before the meeting of an attention, read by all after it; two, for the same reason. */
  std::atomic<bool> stop[2] = {};
};

/** One thread's view of one run, and where it is. */
struct EncoderStack::Worker {
  int index;  // in the team
  const float* in;
  float* x;
  int64_t tokens;
  const StackKept* kept;
  const std::atomic<bool>* cancel;
  ThreadPool* pool;
  Profile* profile;
  Clock::time_point last;

  // Of the block at hand.
  const float* source = nullptr;  // the thread's rows of what comes in
  float* tokens_out = nullptr;    // and of what leaves
  float* maps = nullptr;          // of the image
  int64_t meetings = 0;
  /** Rows that are read after this block, when they are fewer than all; otherwise -1. */
  int64_t last_rows = -1;
  const float* value = nullptr;  // V of the last attention

  void lap(const char* stage) {
    if (!profile) return;
    const Clock::time_point now = Clock::now();
    profile->add(stage, std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
  }
};

EncoderStack::EncoderStack(const Block& shape, std::vector<StackBlock> blocks)
    : shape_(shape), blocks_(std::move(blocks)) {}

EncoderStack::~EncoderStack() = default;

HeadLayout EncoderStack::layout(int64_t tokens) const {
  HeadLayout layout;
  layout.heads = shape_.heads;
  layout.head_dim = shape_.head_dim;
  layout.tokens = tokens;
  layout.panel = blocks_[0].attns[0].qkv->matrix().kernels().panel;
  return layout;
}

double EncoderStack::work(int64_t tokens) const {
  double weights = 0;
  const auto add = [&](const PackedLinear* linear) {
    weights += static_cast<double>(linear->out()) * static_cast<double>(linear->in());
  };
  for (const AttentionPart& part : blocks_[0].attns) add(part.qkv), add(part.proj);
  for (const NetPart& part : blocks_[0].nets) add(part.fc1), add(part.fc2);
  const auto n = static_cast<double>(tokens);
  return static_cast<double>(blocks_.size()) * n * (weights + 2 * n * static_cast<double>(shape_.qkv_dim()));
}

int64_t EncoderStack::scratch_bytes() const {
  int64_t total = 0;
  for (const auto& team : teams_)
    for (int i = 0; team && i < 2; i++) total += team->keys[i].bytes() + team->values[i].bytes();
  return total;
}

bool EncoderStack::run(const float* in, float* x, int64_t batch, int64_t tokens, const StackKept& kept,
                       const std::atomic<bool>* cancel, Profile* profile) {
  ThreadPool& pool = current_pool();
  const int threads = threads_for(static_cast<double>(batch) * work(tokens));
  const HeadLayout layout = this->layout(tokens);
  const int64_t key_bytes = layout.heads * layout.key_head() * 4;
  const int64_t value_bytes = layout.heads * layout.value_head() * 4;

  // Team 0 is all threads; team 1 + t is thread t alone.
  const int64_t alone = batch / threads * threads;
  if (teams_.size() <= static_cast<size_t>(threads)) teams_.resize(static_cast<size_t>(threads) + 1);
  const auto prepare = [&](int team, int size) {
    if (!teams_[team]) teams_[team] = std::make_unique<Team>();
    Team& t = *teams_[team];
    t.size = size;
    for (int i = 0; i < (size > 1 ? 2 : 1); i++) {
      if (t.keys[i].bytes() != key_bytes) t.keys[i] = Buffer(key_bytes);
      if (t.values[i].bytes() != value_bytes) t.values[i] = Buffer(value_bytes);
      t.stop[i] = false;
    }
  };
  if (alone < batch) prepare(0, threads);
  const auto reserve = [&](int thread) {
    int64_t rows = 0;
    if (alone < batch) rows = tokens * (thread + 1) / threads - tokens * thread / threads;
    if (alone > 0) {
      prepare(1 + thread, 1);
      rows = tokens;
    }
    BlockRows(shape_, blocks_[0], layout, 0, rows, nullptr);
  };

  std::atomic<int64_t> next{0};
  std::atomic<bool> stopped{false}, short_of_memory{false};
  pool.run(threads, [&](int thread) {
    // Memory is asked for before anybody relies on anybody: a thread that gets none must not leave the others waiting.
    std::exception_ptr failure;
    try {
      reserve(thread);
    } catch (...) {
      failure = std::current_exception();
      short_of_memory = true;
    }
    if (threads > 1) pool.barrier();
    if (failure) std::rethrow_exception(failure);
    // Nobody sets it after the meeting, so all decide alike.
    if (short_of_memory) return;
    Worker worker{thread, in, x, tokens, &kept, cancel, &pool, thread == 0 ? profile : nullptr, Clock::now()};
    if (alone > 0) {
      Team& own = *teams_[static_cast<size_t>(thread) + 1];
      worker.index = 0;
      for (int64_t image = next++; image < alone && !stopped; image = next++)
        if (!run_image(worker, own, image)) stopped = true;
      worker.index = thread;
    }
    if (alone == batch) return;
    Team& all = *teams_[0];
    if (alone > 0) pool.barrier();
    if (stopped) return;
    for (int64_t image = alone; image < batch; image++) {
      if (!run_image(worker, all, image)) {
        stopped = true;
        return;
      }
      // Keys of the next image's first block must not replace those of this one's last while somebody reads them.
      pool.barrier();
    }
  });
  return !stopped;
}

bool EncoderStack::run_image(Worker& w, Team& team, int64_t image) const {
  const StackKept& kept = *w.kept;
  const int64_t row = w.tokens * w.index / team.size, row_end = w.tokens * (w.index + 1) / team.size;
  const int64_t first = image * w.tokens + row, depth = static_cast<int64_t>(blocks_.size());
  w.tokens_out = w.x + first * shape_.dim;
  BlockRows rows(shape_, blocks_[0], layout(w.tokens), row, row_end - row,
                 kept.queries_keys ? kept.queries_keys + first * 2 * shape_.qkv_dim() : nullptr);
  // When only some tokens of the last block are read, the others give it their keys and values and no more.
  const bool few = kept.last_tokens > 0 && kept.last_tokens < w.tokens && !kept.tokens && !kept.queries_keys;
  w.meetings = 0;
  for (int64_t layer = 0; layer < depth; layer++) {
    w.source = layer == 0 ? w.in + first * shape_.dim_in : w.tokens_out;
    w.maps = kept.maps ? kept.maps + image * kept.maps_image_stride + layer * kept.maps_block_stride : nullptr;
    w.last_rows =
        few && layer == depth - 1 ? std::clamp<int64_t>(kept.last_tokens - row, 0, row_end - row) : int64_t{-1};
    if (!run_block(w, team, rows, blocks_[static_cast<size_t>(layer)])) return false;
    if (kept.tokens)
      std::copy_n(w.tokens_out, rows.rows() * shape_.dim,
                  kept.tokens + image * kept.tokens_image_stride + layer * kept.tokens_block_stride + row * shape_.dim);
  }
  return true;
}

bool EncoderStack::run_block(Worker& w, Team& team, BlockRows& rows, const StackBlock& block) const {
  const AttentionPart& attn = block.attns[0];
  const NetPart& net = block.nets[0];
  const float* const in = w.source;
  float* const x = w.tokens_out;
  const int64_t dim = shape_.dim;
  const auto skip = [&] { return shape_.value_skip ? w.value : nullptr; };
  switch (shape_.order) {
    case Order::pre:
      if (!attend(w, team, rows, attn, 0, attn.norm, in)) return false;
      rows.project(attn, skip(), shape_.attn_residual ? in : nullptr, x);
      w.lap("attn.proj");
      rows.read(net.norm, x, dim);
      w.lap("norm");
      rows.run_net(net, x, x);
      break;
    case Order::res_post:
      if (!attend(w, team, rows, attn, 0, nullptr, in)) return false;
      rows.project(attn, skip(), nullptr, rows.part());
      w.lap("attn.proj");
      if (x != in) std::copy_n(in, rows.rows() * dim, x);
      rows.normalise(*attn.norm, rows.part(), x, true);
      rows.read(nullptr, x, dim);
      w.lap("norm");
      rows.run_net(net, nullptr, rows.part());
      rows.normalise(*net.norm, rows.part(), x, true);
      break;
    case Order::post:
      if (!attend(w, team, rows, attn, 0, nullptr, in)) return false;
      rows.project(attn, skip(), in, x);
      w.lap("attn.proj");
      rows.normalise(*attn.norm, x, x, false);
      rows.read(nullptr, x, dim);
      w.lap("norm");
      rows.run_net(net, x, x);
      rows.normalise(*net.norm, x, x, false);
      break;
    case Order::parallel:
      // Every branch reads what came in, so the sum grows beside it.
      for (size_t p = 0; p < block.attns.size(); p++) {
        if (!attend(w, team, rows, block.attns[p], p, block.attns[p].norm, in)) return false;
        rows.project(block.attns[p], nullptr, p == 0 ? in : rows.part(), rows.part());
        w.lap("attn.proj");
      }
      for (size_t p = 0; p < block.nets.size(); p++) {
        rows.read(block.nets[p].norm, rows.part(), dim);
        w.lap("norm");
        rows.run_net(block.nets[p], p == 0 ? rows.part() : x, x);
      }
      break;
    case Order::parallel_scaling:
      if (!attend(w, team, rows, attn, 0, attn.norm, in)) return false;
      rows.project(attn, nullptr, in, x);
      w.lap("attn.proj");
      // Reads what attention read: one norm serves both.
      rows.run_net(net, x, x);
      break;
  }
  w.lap("mlp");
  return true;
}

bool EncoderStack::attend(Worker& w, Team& team, BlockRows& rows, const AttentionPart& part, size_t branch,
                          const NormLayer* norm, const float* x) const {
  const int set = team.size > 1 ? static_cast<int>(w.meetings++ % 2) : 0;
  float* const key = team.keys[set].floats();
  float* const value = team.values[set].floats();
  const bool tail = w.last_rows >= 0;
  rows.keep_all();  // each branch of several gives keys and values of all its rows
  rows.read(norm, x, shape_.dim_in);
  w.lap("norm");
  rows.make_heads(part, tail && !w.maps ? HeadsWanted::keys_and_values : HeadsWanted::all, key, value);
  w.lap("attn.qkv");

  if (w.index == 0) team.stop[set] = w.cancel && w.cancel->load(std::memory_order_relaxed);
  if (team.size > 1) w.pool->barrier();
  if (team.stop[set]) return false;
  w.lap("wait");

  w.value = value;
  // Maps of several branches are their mean.
  const float factor = 1.0f / static_cast<float>(shape_.branches);
  if (tail) {
    if (w.maps) rows.attend(part, key, value, w.maps, factor, branch > 0, true);
    rows.keep_first(w.last_rows);
    rows.read(norm, x, shape_.dim_in);
    rows.make_heads(part, HeadsWanted::queries, key, value);
  }
  rows.attend(part, key, value, tail ? nullptr : w.maps, factor, branch > 0, false);
  w.lap("attn.scores");
  return true;
}

}  // namespace packed
}  // namespace vit
