#pragma once

#include <map>
#include <string>
#include <vector>

#include "check.h"
#include "model/model.h"

namespace vit {
namespace test {

using Doubles = std::vector<double>;

/**
 * The encoding blocks of a model in float64, from their definitions and from nothing the fast paths share but the
 * weights: what every path is compared with. With `noise` every result of a sum or a norm is moved by as much as
 * float32 may move it (Monte Carlo arithmetic, Parker 1997): the probabilistic bound sqrt(k) u sum |a b| of a product
 * of length k (Higham & Mary 2019, theorem 2.4), times a random number in -1 .. 1. Two such runs say how far results of
 * one model in float32 may lie apart, whoever computes them.
 */
class BlockOracle {
 public:
  BlockOracle(const Architecture& a, const Model& model, Random* noise = nullptr)
      : a_(a), b_(a.block), model_(model), noise_(noise) {}

  struct Outcome {
    Doubles maps, tokens;  // (B, depth, h, N, N); (depth, B, N, D)
  };
  /** x (B, N, D): what enters the first block. */
  Outcome run(const Floats& x, int64_t batch) const { return run(Doubles(x.begin(), x.end()), batch); }
  /** With `moved` (B, h, N, N), of models of one block, that is added to every branch's map before it weighs the
   * values. */
  Outcome run(const Doubles& x, int64_t batch, const Doubles* moved = nullptr) const;

 private:
  struct Rows {
    int64_t length = 0;
    Doubles values;
    int64_t count() const { return static_cast<int64_t>(values.size()) / length; }
  };
  const Floats& tensor(const std::string& name) const;
  double rounded(double value, double magnitude, int64_t terms) const;
  Rows linear(const Rows& x, const std::string& weight, const std::string& bias, bool has_bias) const;
  void norm(const Norm& kind, const std::string& name, double* x, int64_t length) const;
  Rows normed(const Norm& kind, const std::string& name, Rows x) const;
  Rows columns(const Rows& x, int64_t first, int64_t count) const;
  /** x += gamma * part */
  void add(Rows& x, const Rows& part, const std::string& gamma) const;
  void activate_all(Rows& x) const;
  /** Rotary angles on Q or K of one head, and the bias of one score. */
  void turn(double* x, int64_t layer, int64_t head, int64_t token) const;
  double bias(int64_t layer, int64_t head, int64_t query, int64_t key) const;
  Rows attention(Rows qkv, const std::string& name, const std::string& proj, int64_t layer, double* maps) const;
  Rows net(const Rows& x, const std::string& name) const;
  Rows block(const Rows& x, int64_t layer, double* maps) const;

  const Architecture& a_;
  const Block& b_;
  const Model& model_;
  Random* const noise_;
  mutable const Doubles* moved_ = nullptr;
  mutable std::map<std::string, Floats> tensors_;
};

}  // namespace test
}  // namespace vit
