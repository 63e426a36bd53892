#include "packed/encoder_stack.h"

#include <algorithm>
#include <cmath>

#include "packed/workspace.h"

namespace vit {
namespace packed {

namespace {

constexpr double kLog2E = 1.4426950408889634;

using Clock = std::chrono::steady_clock;

const float* data_or_null(const Floats* f) { return f && !f->empty() ? f->data() : nullptr; }

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
  HeadLayout layout;
  layout.heads = heads_;
  layout.head_dim = head_dim_;
  layout.tokens = tokens;
  layout.panel = blocks_[0].qkv->matrix().kernels().panel;

  // Team 0 is all threads; team 1 + t is thread t alone.
  const int64_t alone = batch / threads * threads;
  teams_.resize(static_cast<size_t>(threads) + 1);
  const auto prepare = [&](int team, int size) {
    if (!teams_[team]) teams_[team] = std::make_unique<Team>();
    Team& t = *teams_[team];
    t.size = size;
    for (int i = 0; i < (size > 1 ? 2 : 1); i++) {
      if (t.keys[i].bytes() != heads_ * layout.key_head() * 4) t.keys[i] = Buffer(heads_ * layout.key_head() * 4);
      if (t.values[i].bytes() != heads_ * layout.value_head() * 4)
        t.values[i] = Buffer(heads_ * layout.value_head() * 4);
      t.stop[i] = false;
    }
  };
  if (alone < batch) prepare(0, threads);

  std::atomic<int64_t> next{0};
  std::atomic<bool> stopped{false};
  pool.run([&](int thread) {
    Worker worker{thread, x, tokens, &kept, cancel, &pool, thread == 0 ? profile : nullptr, Clock::now()};
    if (alone > 0) {
      prepare(1 + thread, 1);
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
  const Kernels& k = blocks_[0].qkv->matrix().kernels();
  const int64_t dim = blocks_[0].qkv->in(), length = heads_ * head_dim_;
  const int64_t row = w.tokens * w.index / team.size, row_end = w.tokens * (w.index + 1) / team.size;
  const Strips strips(row_end - row, k.tile_rows);
  float* const x = w.x + (image * w.tokens + row) * dim;

  HeadLayout layout;
  layout.heads = heads_;
  layout.head_dim = head_dim_;
  layout.tokens = w.tokens;
  layout.panel = k.panel;
  // Hidden activations are made and used up a segment at a time: fc1's output stays in L2 until fc2 has read it.
  const int64_t hidden = blocks_[0].fc1->out();
  const int64_t segment = round_up(std::min(PackedMatrix::kSegment, hidden), k.panel);

  Workspace& space = thread_workspace();
  space.start();
  float* const strips_in = space.take(strips.rows * round_up(std::max(dim, length), kChunk));
  float* const context = space.take(strips.rows * round_up(length, kChunk));
  float* const query = space.take(heads_ * layout.query_head(strips.rows));
  float* const hidden_strips = space.take(strips.rows * segment);
  int64_t most = 0;
  for (const PackedLinear* l : {blocks_[0].qkv, blocks_[0].proj, blocks_[0].fc1})
    most = std::max(most, l->matrix().feed_scratch(strips.rows));
  float* const feed_scratch = space.take(most);
  float* const fc2_scratch = space.take(blocks_[0].fc2->matrix().feed_scratch(strips.rows));
  float* const scratch = space.take(std::max(k.product_scratch(strips.count), k.attention_scratch(layout, strips)));

  const auto normalise = [&](const NormLayer& layer) {
    NormRows n;
    n.kind = layer.norm.kind == Norm::Kind::layer ? NormRows::Kind::layer
             : layer.norm.kind == Norm::Kind::rms ? NormRows::Kind::rms
                                                  : NormRows::Kind::identity;
    n.eps = layer.norm.eps;
    n.weight = data_or_null(&layer.weight);
    n.bias = data_or_null(&layer.bias);
    n.x = x;
    n.stride = dim;
    n.length = dim;
    n.strips = strips;
    n.out = strips_in;
    k.norm(n);
  };
  const auto feed = [&](const PackedLinear& linear, const float* a, Product p) {
    linear.matrix().feed(p, strips, a, round_up(linear.in(), kChunk), linear.in(), feed_scratch);
    p.scratch = scratch;
    p.store.bias = data_or_null(&linear.bias());
    return p;
  };
  const auto add_to_x = [&](Product& p, const Floats* gamma) {
    p.store.to = TileStore::To::rows;
    p.store.out = x;
    p.store.stride = dim;
    p.store.residual = x;
    p.store.residual_stride = dim;
    p.store.gamma = data_or_null(gamma);
  };

  const int64_t depth = static_cast<int64_t>(blocks_.size());
  for (int64_t layer = 0; layer < depth; layer++) {
    const StackBlock& b = blocks_[static_cast<size_t>(layer)];
    const int set = team.size > 1 ? layer % 2 : 0;
    normalise(*b.norm1);
    w.lap("norm");
    Product qkv = feed(*b.qkv, strips_in, b.qkv->matrix().product());
    qkv.store.to = TileStore::To::heads;
    qkv.store.layout = layout;
    // The kernel's softmax is one of powers of two.
    qkv.store.query_scale = static_cast<float>(scale_ * kLog2E);
    qkv.store.query = query;
    qkv.store.query_rows = strips.rows;
    qkv.store.key = team.keys[set].floats();
    qkv.store.value = team.values[set].floats();
    qkv.store.first_token = row;
    k.product(qkv);
    w.lap("attn.qkv");

    if (w.index == 0) team.stop[set] = w.cancel && w.cancel->load(std::memory_order_relaxed);
    if (team.size > 1) w.pool->barrier();
    if (team.stop[set]) return false;
    w.lap("wait");

    AttentionRows a;
    a.layout = layout;
    a.strips = strips;
    a.query = query;
    a.key = team.keys[set].floats();
    a.value = team.values[set].floats();
    a.out = context;
    a.out_length = round_up(length, kChunk);
    a.scratch = scratch;
    if (w.kept->maps)
      a.maps = w.kept->maps + image * w.kept->maps_image_stride + layer * w.kept->maps_block_stride + row * w.tokens;
    k.attention(a);
    w.lap("attn.scores");

    Product proj = feed(*b.proj, context, b.proj->matrix().product());
    add_to_x(proj, b.ls1);
    k.product(proj);
    w.lap("attn.proj");
    normalise(*b.norm2);
    w.lap("norm");

    const Product all_hidden = feed(*b.fc1, strips_in, b.fc1->matrix().product());
    for (int64_t i = 0; i < b.fc2->matrix().segments(); i++) {
      const int64_t first = i * PackedMatrix::kSegment, count = std::min(PackedMatrix::kSegment, hidden - first);
      Product fc1 = all_hidden;
      fc1.panel_begin = first / k.panel;
      fc1.panel_end = (first + count + k.panel - 1) / k.panel;
      fc1.store.to = TileStore::To::strips;
      fc1.store.out = hidden_strips;
      fc1.store.stride = segment;
      fc1.store.first_column = first;
      set_activation(fc1.store, activation_);
      k.product(fc1);

      Product fc2 = b.fc2->matrix().product(i);
      b.fc2->matrix().feed(fc2, strips, hidden_strips, segment, count, fc2_scratch);
      fc2.scratch = scratch;
      if (i == 0) fc2.store.bias = data_or_null(&b.fc2->bias());
      add_to_x(fc2, b.ls2);
      k.product(fc2);
    }
    w.lap("mlp");

    if (w.kept->tokens)
      std::copy_n(
          x, strips.rows * dim,
          w.kept->tokens + image * w.kept->tokens_image_stride + layer * w.kept->tokens_block_stride + row * dim);
  }
  return true;
}

}  // namespace packed
}  // namespace vit
