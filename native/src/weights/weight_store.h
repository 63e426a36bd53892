#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kernels/layer_norm.h"
#include "weights/mapped_file.h"
#include "weights/named_tensors.h"
#include "weights/tensor_source.h"

namespace vit {

/**
 * Hands out tensors by canonical name while a model is built, from files, from values, or from a seed, each checked
 * against the shape the architecture needs. Throws ERR_TENSOR (missing, wrong shape, wrong range) or ERR_FILE.
 */
class WeightStore {
 public:
  WeightStore(TensorSources sources, Gemm by, Precision precision);
  WeightStore(uint64_t seed, Gemm by, Precision precision);

  /** Whether a tensor of that name was given; always false with a seed. */
  bool has(const std::string& name) const { return sources_.count(name) != 0; }
  bool seeded() const { return seed_.has_value(); }
  /** From here on ERR_CANCELLED is thrown soon after that flag is set. */
  void stop_when(const std::atomic<bool>* cancelled) { cancelled_ = cancelled; }

  /** A tensor with that many elements in that shape, leading ones ignored. */
  Floats values(const std::string& name, const Shape& shape);
  /** A linear layer from `weight` (out, in, or out and more axes whose product is in) and, unless empty, `bias` (out).
   */
  std::shared_ptr<const Linear> linear(const std::string& weight, const std::string& bias, int64_t out, int64_t in);
  /** One whose outputs are two halves, a gate and what it multiplies. */
  std::shared_ptr<const Linear> gated_linear(const std::string& weight, const std::string& bias, int64_t out,
                                             int64_t in);
  /** The same with a bias made by the caller. */
  std::shared_ptr<const Linear> linear(const std::string& weight, Floats bias, int64_t out, int64_t in,
                                       bool gated = false);
  /** Registers a tensor the model computed instead of reading, and hands it back. */
  Floats computed(const std::string& name, const Shape& shape, Floats values);
  NormLayer norm(const Norm& norm, const std::string& name, int64_t length);

  /** Throws ERR_FILE when a file was changed since it was mapped. Call once everything is read. */
  void check_unchanged() const;

  /** Elements handed out by values() and linear(). */
  int64_t parameters() const { return parameters_; }
  /** Everything handed out, by name. */
  NamedTensors take_named() { return std::move(named_); }

 private:
  const TensorSource& source(const std::string& name, const Shape& shape);
  /** The tensor with its axes in canonical order, its values in memory. */
  void transpose(const std::string& name, TensorSource& source);
  const MappedFile& file(const std::string& path);
  /** Elements [begin, begin + count) as float32, or as 16-bit patterns. */
  void read(const std::string& name, const TensorSource& source, int64_t begin, int64_t count, float* values,
            uint16_t* bits);
  void draw(const std::string& name, int64_t begin, int64_t count, float* values) const;
  void stop_if_cancelled() const;

  TensorSources sources_;
  std::optional<uint64_t> seed_;
  Gemm by_;
  Precision precision_;
  std::map<std::string, std::unique_ptr<MappedFile>> files_;
  NamedTensors named_;
  int64_t parameters_ = 0;
  const std::atomic<bool>* cancelled_ = nullptr;
};

}  // namespace vit
