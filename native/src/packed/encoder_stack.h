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
  /** Of a stack of one block: (B, N, 2 * heads * hd), Q and K after their norms. */
  float* queries_keys = nullptr;
};

/**
 * All encoding blocks of a model in one go, whatever their order and norms. A thread carries its rows of the tokens
 * through a whole block and meets the others once an attention, before it reads everybody's keys and values; images
 * that are as many as the threads, or more, are taken whole by one thread each and need no meeting.
 */
class EncoderStack {
 public:
  /** `shape` describes every block. A block that changes the tokens' length (dimIn, dim) stands alone. */
  EncoderStack(const Block& shape, std::vector<StackBlock> blocks);
  ~EncoderStack();

  /**
   * in (B, N, dim_in) to x (B, N, dim), on the current pool; in may be x where the lengths agree. Returns false when
   * `cancel` was set in between; x is then worthless. `profile` gets the milliseconds of thread 0 by stage.
   */
  bool run(const float* in, float* x, int64_t batch, int64_t tokens, const StackKept& kept,
           const std::atomic<bool>* cancel, Profile* profile);

  /** Of the keys and values that threads exchange. */
  int64_t scratch_bytes() const;

 private:
  struct Team;
  struct Worker;
  HeadLayout layout(int64_t tokens) const;
  /** Multiplications of one image. */
  double work(int64_t tokens) const;
  // False when cancelled; every member of the team returns the same.
  bool run_image(Worker& worker, Team& team, int64_t image) const;
  bool run_block(Worker& worker, Team& team, BlockRows& rows, const StackBlock& block) const;
  /** What part.attend needs of all rows, the meeting, and attention. */
  bool attend(Worker& worker, Team& team, BlockRows& rows, const AttentionPart& part, size_t branch,
              const NormLayer* norm, const float* x) const;

  const Block shape_;
  const std::vector<StackBlock> blocks_;
  std::vector<std::unique_ptr<Team>> teams_;
};

}  // namespace packed
}  // namespace vit
