#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "packed/block_rows.h"
#include "profile.h"

namespace vit {
namespace packed {

/** What to keep of a run; null pointers keep nothing. */
struct StackKept {
  /** (B, depth, h, N, N), images and blocks `maps_image_stride` and `maps_block_stride` floats apart. */
  float* maps = nullptr;
  int64_t maps_image_stride = 0;
  int64_t maps_block_stride = 0;
  /** (B, depth, N, D): what leaves each block, strides likewise. */
  float* tokens = nullptr;
  int64_t tokens_image_stride = 0;
  int64_t tokens_block_stride = 0;
  /** Tokens at the front of the sequence that are read after the last block; 0: all. The others' x may be left as they
   * were. */
  int64_t last_tokens = 0;
};

/**
 * All blocks of a plain ViT in one go: x += ls1 * attn(norm1 x); x += ls2 * mlp(norm2 x). A thread carries its rows of
 * the tokens through a whole block and meets the others once a block, before attention reads everybody's keys and
 * values; images that are as many as the threads, or more, are taken whole by one thread each and need no meeting.
 */
class EncoderStack {
 public:
  EncoderStack(std::vector<StackBlock> blocks, int64_t heads, int64_t head_dim, float scale, Activation activation);
  ~EncoderStack();

  /**
   * x (B, N, D) in place, on the current pool. Returns false when `cancel` was set in between; x is then worthless.
   * `profile` gets the milliseconds of thread 0 by stage.
   */
  bool run(float* x, int64_t batch, int64_t tokens, const StackKept& kept, const std::atomic<bool>* cancel,
           Profile* profile);

  /** Of the workspaces of all threads. */
  int64_t scratch_bytes() const;

 private:
  HeadLayout layout(int64_t tokens) const;

  struct Team;
  struct Worker;
  /** False when cancelled; every member of the team returns the same. */
  bool run_image(Worker& worker, Team& team, int64_t image) const;

  const std::vector<StackBlock> blocks_;
  const int64_t heads_, head_dim_;
  const float scale_;
  const Activation activation_;
  std::vector<std::unique_ptr<Team>> teams_;
};

}  // namespace packed
}  // namespace vit
