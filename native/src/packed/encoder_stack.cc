#include "packed/encoder_stack.h"

#include <algorithm>

#include "packed/workspace.h"

namespace vit {
namespace packed {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

/** The threads that share one image, and the keys and values they exchange: two sets, so that one meeting a block is
 * enough. */
struct EncoderStack::Team {
  int size = 1;
  Buffer keys[2], values[2];
  /** Written by member 0 before the meeting of a block, read by all after it; two, for the same reason. */
  std::atomic<bool> stop[2] = {};
};

/** One thread's view of one run. */
struct EncoderStack::Worker {
  int index;  // in the team
  float* x;
  int64_t tokens;
  const StackKept* kept;
  const std::atomic<bool>* cancel;
  ThreadPool* pool;
  Profile* profile;
  Clock::time_point last;

  void lap(const char* stage) {
    if (!profile) return;
    const Clock::time_point now = Clock::now();
    profile->add(stage, std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
  }
};

EncoderStack::EncoderStack(std::vector<StackBlock> blocks, int64_t heads, int64_t head_dim, float scale,
                           Activation activation)
    : blocks_(std::move(blocks)), heads_(heads), head_dim_(head_dim), scale_(scale), activation_(activation) {}

EncoderStack::~EncoderStack() = default;

HeadLayout EncoderStack::layout(int64_t tokens) const {
  HeadLayout layout;
  layout.heads = heads_;
  layout.head_dim = head_dim_;
  layout.tokens = tokens;
  layout.panel = blocks_[0].qkv->matrix().kernels().panel;
  return layout;
}

int64_t EncoderStack::scratch_bytes() const {
  int64_t total = 0;
  for (const auto& team : teams_)
    for (int i = 0; team && i < 2; i++) total += team->keys[i].bytes() + team->values[i].bytes();
  return total;
}

bool EncoderStack::run(float* x, int64_t batch, int64_t tokens, const StackKept& kept, const std::atomic<bool>* cancel,
                       Profile* profile) {
  ThreadPool& pool = current_pool();
  const int threads = pool.size();
  const int64_t key_bytes = heads_ * layout(tokens).key_head() * 4;
  const int64_t value_bytes = heads_ * layout(tokens).value_head() * 4;

  // Team 0 is all threads; team 1 + t is thread t alone.
  const int64_t alone = batch / threads * threads;
  teams_.resize(static_cast<size_t>(threads) + 1);
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
  // Memory is asked for before anybody waits for anybody: a thread that gets none must not leave the others waiting.
  pool.run([&](int thread) {
    if (alone > 0) {
      prepare(1 + thread, 1);
      BlockRows(blocks_[0], layout(tokens), x, 0, tokens);
    }
    if (alone < batch)
      BlockRows(blocks_[0], layout(tokens), x, 0, tokens * (thread + 1) / threads - tokens * thread / threads);
  });

  std::atomic<int64_t> next{0};
  std::atomic<bool> stopped{false};
  pool.run([&](int thread) {
    Worker worker{thread, x, tokens, &kept, cancel, &pool, thread == 0 ? profile : nullptr, Clock::now()};
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
  const Kernels& kernels = blocks_[0].qkv->matrix().kernels();
  const int64_t dim = blocks_[0].qkv->in(), length = heads_ * head_dim_;
  const int64_t row = w.tokens * w.index / team.size, row_end = w.tokens * (w.index + 1) / team.size;
  float* const x = w.x + (image * w.tokens + row) * dim;
  BlockRows rows(blocks_[0], layout(w.tokens), x, row, row_end - row);

  const StackKept& kept = *w.kept;
  const int64_t depth = static_cast<int64_t>(blocks_.size()), panels = blocks_[0].qkv->matrix().panels();
  // When only some tokens of the last block are read, the others give it their keys and values and no more.
  const bool few = kept.last_tokens > 0 && kept.last_tokens < w.tokens && !kept.tokens && length % kernels.panel == 0;
  for (int64_t layer = 0; layer < depth; layer++) {
    const StackBlock& b = blocks_[static_cast<size_t>(layer)];
    const int set = team.size > 1 ? layer % 2 : 0;
    float* const key = team.keys[set].floats();
    float* const value = team.values[set].floats();
    float* const maps =
        kept.maps ? kept.maps + image * kept.maps_image_stride + layer * kept.maps_block_stride : nullptr;
    const bool tail = few && layer == depth - 1;
    rows.normalise(*b.norm1);
    w.lap("norm");
    rows.make_heads(*b.qkv, scale_, tail && !maps ? length / kernels.panel : 0, panels, key, value);
    w.lap("attn.qkv");

    if (w.index == 0) team.stop[set] = w.cancel && w.cancel->load(std::memory_order_relaxed);
    if (team.size > 1) w.pool->barrier();
    if (team.stop[set]) return false;
    w.lap("wait");

    if (tail) {
      if (maps) rows.attend(key, value, maps, true);
      rows.keep_first(std::clamp<int64_t>(kept.last_tokens - row, 0, row_end - row));
      if (rows.rows() == 0) return true;
      rows.normalise(*b.norm1);
      rows.make_heads(*b.qkv, scale_, 0, length / kernels.panel, key, value);
    }
    rows.attend(key, value, tail ? nullptr : maps, false);
    w.lap("attn.scores");
    rows.add_projection(*b.proj, b.ls1);
    w.lap("attn.proj");
    rows.normalise(*b.norm2);
    w.lap("norm");
    rows.add_mlp(*b.fc1, *b.fc2, activation_, b.ls2);
    w.lap("mlp");

    if (kept.tokens)
      std::copy_n(x, rows.rows() * dim,
                  kept.tokens + image * kept.tokens_image_stride + layer * kept.tokens_block_stride + row * dim);
  }
  return true;
}

}  // namespace packed
}  // namespace vit
