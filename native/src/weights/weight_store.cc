#include "weights/weight_store.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <vector>

#include "error.h"
#include "kernels/half.h"
#include "kernels/sums.h"
#include "linalg/cpu.h"
#include "linalg/parallel.h"
#include "products/linear_factory.h"
#include "weights/seeded_init.h"

namespace vit {

namespace {

int64_t bytes_of(Stored dtype) { return dtype == Stored::f32 ? 4 : 2; }

Shape without_leading_ones(const Shape& shape) {
  const auto first = std::find_if(shape.begin(), shape.end(), [](int64_t d) { return d != 1; });
  return Shape(first, shape.end());
}

/** (out, in) also fits (out, c, h, w) with c*h*w == in: a convolution whose stride is its kernel is a linear layer. */
bool fits(const Shape& given, const Shape& wanted) {
  if (without_leading_ones(given) == without_leading_ones(wanted)) return true;
  return wanted.size() == 2 && given.size() > 2 && given[0] == wanted[0] && elements(given) == elements(wanted);
}

/** The shape as the canonical tensor has it. */
Shape transposed(const std::string& name, const TensorSource& source) {
  if (source.axes.empty()) return source.shape;
  Shape shape, sorted(source.axes);
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); i++)
    if (sorted.size() != source.shape.size() || sorted[i] != static_cast<int64_t>(i))
      throw Error::tensor(
          sentence("The tensor {0} has axes that are not those of its shape {1}.", name, to_string(source.shape)));
  for (const int64_t axis : source.axes) shape.push_back(source.shape[static_cast<size_t>(axis)]);
  return shape;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

WeightStore::WeightStore(TensorSources sources, Gemm by, Precision precision)
    : sources_(std::move(sources)), by_(by), precision_(precision) {}

WeightStore::WeightStore(uint64_t seed, Gemm by, Precision precision) : seed_(seed), by_(by), precision_(precision) {}

const TensorSource& WeightStore::source(const std::string& name, const Shape& shape) {
  parameters_ += elements(shape);
  const auto found = sources_.find(name);
  if (found == sources_.end()) throw Error::tensor(sentence("The tensor {0} {1} is missing.", name, to_string(shape)));
  TensorSource& source = found->second;
  for (const int64_t d : source.shape)
    if (d < 0)
      throw Error::tensor(
          sentence("The tensor {0} has a negative size in its shape {1}.", name, to_string(source.shape)));
  const Shape given_shape = transposed(name, source);
  if (!fits(given_shape, shape))
    throw Error::tensor(
        sentence("The tensor {0} has shape {1} where {2} is needed.", name, to_string(given_shape), to_string(shape)));
  const int64_t wanted = product({elements(source.shape), bytes_of(source.dtype)});
  int64_t given = static_cast<int64_t>(source.values.size() * sizeof(float));
  for (const auto& part : source.parts) {
    if (part.begin < 0 || part.end < part.begin)
      throw Error::tensor(sentence("The tensor {0} has a byte range that ends before it begins.", name));
    given = sum(given, part.end - part.begin);
  }
  if (given != wanted)
    throw Error::tensor(sentence("The tensor {0} has {1} bytes where its shape {2} needs {3}.", name, given,
                                 to_string(source.shape), wanted));
  // Every range is asked for now, so that a short file is found before anything is computed from it.
  for (const auto& part : source.parts)
    if (!part.file.empty()) file(part.file).bytes(part.begin, part.end);
  if (!source.axes.empty()) transpose(name, source);
  return source;
}

void WeightStore::transpose(const std::string& name, TensorSource& source) {
  const size_t rank = source.shape.size();
  Floats stored(static_cast<size_t>(elements(source.shape)));
  read(name, source, 0, elements(source.shape), stored.data(), nullptr);
  Shape stride(rank, 1);  // of the stored axes
  for (size_t i = rank - 1; i > 0; i--) stride[i - 1] = stride[i] * source.shape[i];
  const Shape shape = transposed(name, source);
  Floats values(stored.size());
  Shape at(rank, 0);
  for (float& value : values) {
    int64_t from = 0;
    for (size_t i = 0; i < rank; i++) from += at[i] * stride[static_cast<size_t>(source.axes[i])];
    value = stored[static_cast<size_t>(from)];
    for (size_t i = rank; i-- > 0 && ++at[i] == shape[i];) at[i] = 0;
  }
  source = {Stored::f32, shape, {}, std::move(values), {}};
}

const MappedFile& WeightStore::file(const std::string& path) {
  auto& entry = files_[path];
  if (!entry) entry = std::make_unique<MappedFile>(path);
  return *entry;
}

void WeightStore::read(const std::string& name, const TensorSource& source, int64_t begin, int64_t count, float* values,
                       uint16_t* bits) {
  if (seed_) return draw(name, begin, count, values);
  if (source.parts.empty()) {
    std::copy_n(source.values.data() + begin, count, values);
    return;
  }
  const int64_t size = bytes_of(source.dtype);
  int64_t skip = begin * size;
  int64_t left = count * size;
  constexpr int64_t kChunk = int64_t{1} << 22;
  for (const auto& part : source.parts) {
    const int64_t length = part.end - part.begin;
    if (skip >= length) {
      skip -= length;
      continue;
    }
    if (part.file.empty()) {
      const int64_t zeros = std::min(length - skip, left);
      if (bits) {
        bits = std::fill_n(bits, zeros / size, uint16_t{0});
      } else {
        values = std::fill_n(values, zeros / size, 0.0f);
      }
      left -= zeros;
      skip = 0;
      if (left == 0) return;
      continue;
    }
    const MappedFile& mapped = *files_.at(part.file);  // mapped since `source` checked the ranges
    for (int64_t at = part.begin + skip; at < part.end && left > 0;) {
      const int64_t taken = std::min({kChunk, part.end - at, left}) / size * size;
      if (taken == 0) throw Error::tensor(sentence("The tensor {0} has a byte range that cuts a value in two.", name));
      mapped.check_unchanged();
      const unsigned char* from = mapped.bytes(at, at + taken);
      const int64_t n = taken / size;
      if (source.dtype == Stored::f32) {
        std::memcpy(values, from, static_cast<size_t>(taken));
        values += n;
      } else if (bits) {
        std::memcpy(bits, from, static_cast<size_t>(taken));
        bits += n;
      } else {
        uint16_t block[2048];  // the file may hold 16-bit values at odd addresses
        for (int64_t i = 0; i < n; i += 2048) {
          const int64_t m = std::min<int64_t>(2048, n - i);
          std::memcpy(block, from + 2 * i, static_cast<size_t>(2 * m));
          widen(source.dtype, block, m, values + i);
        }
        values += n;
      }
      if (taken >= 65536) mapped.release(at, at + taken);
      at += taken;
      left -= taken;
    }
    skip = 0;
    if (left == 0) return;
  }
}

void WeightStore::draw(const std::string& name, int64_t begin, int64_t count, float* values) const {
  // The articles' _init_weights: Linear weights and the class token truncated normal .02, biases 0, norms 1 and 0.
  if (ends_with(name, "bias")) return void(std::fill_n(values, count, 0.0f));
  const bool norm = name.find("norm") != std::string::npos || name.find("gamma") != std::string::npos;
  if (norm) return void(std::fill_n(values, count, 1.0f));
  const SeededTensor tensor(*seed_, name);
  // Every value depends on its index alone, so threads share a large tensor and the bits stay the same.
  constexpr int64_t kShare = 1 << 16;
  run_in_parallel(std::min<int64_t>(choose_threads(0), count / kShare), count, [&](int64_t from, int64_t to) {
    for (int64_t at = from; at < to; at += kShare) {
      stop_if_cancelled();
      tensor.fill(static_cast<uint64_t>(begin + at), std::min(kShare, to - at), values + at);
    }
  });
}

void WeightStore::stop_if_cancelled() const {
  if (cancelled_ && cancelled_->load(std::memory_order_relaxed)) throw Error::cancelled();
}

Floats WeightStore::values(const std::string& name, const Shape& shape) {
  stop_if_cancelled();
  Floats result(static_cast<size_t>(elements(shape)));
  static const TensorSource kNone;
  if (seed_) parameters_ += elements(shape);
  read(name, seed_ ? kNone : source(name, shape), 0, elements(shape), result.data(), nullptr);
  named_.add(name, shape, result);
  return result;
}

Floats WeightStore::computed(const std::string& name, const Shape& shape, Floats values) {
  named_.add(name, shape, values);
  return values;
}

std::shared_ptr<const Linear> WeightStore::linear(const std::string& weight, const std::string& bias, int64_t out,
                                                  int64_t in) {
  return linear(weight, bias.empty() ? Floats() : values(bias, {out}), out, in);
}

std::shared_ptr<const Linear> WeightStore::gated_linear(const std::string& weight, const std::string& bias, int64_t out,
                                                        int64_t in) {
  return linear(weight, bias.empty() ? Floats() : values(bias, {out}), out, in, true);
}

namespace {

/**
 * Layers drawn from a seed that some model still holds. Whoever edits a model file and runs it again gets most layers
 * as they were: what a layer holds depends on its key alone.
 */
class DrawnLayers {
 public:
  std::shared_ptr<const Linear> find(const std::string& key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto at = layers_.find(key);
    return at == layers_.end() ? nullptr : at->second.lock();
  }
  void keep(const std::string& key, const std::shared_ptr<const Linear>& layer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto at = layers_.begin(); at != layers_.end();) at = at->second.expired() ? layers_.erase(at) : std::next(at);
    layers_[key] = layer;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Linear>> layers_;
};

DrawnLayers& drawn_layers() {
  static DrawnLayers layers;
  return layers;
}

}  // namespace

std::shared_ptr<const Linear> WeightStore::linear(const std::string& weight, Floats bias, int64_t out, int64_t in,
                                                  bool gated) {
  stop_if_cancelled();
  static const TensorSource kNone;
  if (seed_) parameters_ += out * in;
  std::string key;
  if (seed_) {
    // biases are zero, so that there is one or none
    for (const int64_t part : {static_cast<int64_t>(*seed_), out, in, static_cast<int64_t>(bias.size()),
                               static_cast<int64_t>(by_), static_cast<int64_t>(precision_), int64_t{gated}})
      key += std::to_string(part) + " ";
    key += weight;
    if (const auto layer = drawn_layers().find(key)) {
      named_.add(weight, layer);
      return layer;
    }
  }
  const TensorSource& from = seed_ ? kNone : source(weight, {out, in});
  WeightRows rows{out, in, from.dtype, nullptr, nullptr, gated};
  Floats drawn;  // a whole tensor at once, so that threads can share the drawing
  if (seed_) {
    drawn.resize(static_cast<size_t>(out * in));
    draw(weight, 0, out * in, drawn.data());
  }
  rows.read = [&, in](int64_t begin, int64_t count, float* to) {
    if (seed_) return void(std::copy_n(drawn.data() + begin * in, count * in, to));
    read(weight, from, begin * in, count * in, to, nullptr);
    // In 8 bits a NaN would become some number, and infinity would make zeros of its row.
    if (precision_ == Precision::int8 && !all_finite(to, count * in))
      throw Error::tensor(sentence("The tensor {0} holds values that are not finite numbers; 8 bits cannot.", weight));
  };
  if (from.dtype != Stored::f32)
    rows.read_bits = [&, in](int64_t begin, int64_t count, uint16_t* to) {
      read(weight, from, begin * in, count * in, nullptr, to);
    };
  std::shared_ptr<const Linear> made = make_linear(by_, precision_, rows, std::move(bias));
  named_.add(weight, made);
  if (seed_) drawn_layers().keep(key, made);
  return made;
}

NormLayer WeightStore::norm(const Norm& norm, const std::string& name, int64_t length) {
  NormLayer layer;
  layer.norm = norm;
  if (norm.kind == Norm::Kind::identity) return layer;
  layer.weight = values(name + ".weight", {length});
  if (norm.kind == Norm::Kind::layer) layer.bias = values(name + ".bias", {length});
  return layer;
}

void WeightStore::check_unchanged() const {
  for (const auto& [path, mapped] : files_) mapped->check_unchanged();
}

}  // namespace vit
