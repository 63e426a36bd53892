#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace vit {
namespace packed {

/**
 * Bytes on a 64-byte boundary (2 MiB for large ones, in huge pages where the system offers them), zeroed: touched when
 * they are made, so that the first forward pass pays no page faults. `untouched` leaves that to who fills them.
 */
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t bytes) : Buffer(untouched(bytes)) { clear(); }
  static Buffer untouched(int64_t bytes);
  ~Buffer();
  Buffer(Buffer&& o) noexcept : data_(std::exchange(o.data_, nullptr)), bytes_(std::exchange(o.bytes_, 0)) {}
  Buffer& operator=(Buffer&& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(bytes_, o.bytes_);
    return *this;
  }

  int64_t bytes() const { return bytes_; }
  void* data() { return data_; }
  const void* data() const { return data_; }
  float* floats() { return static_cast<float*>(data_); }
  const float* floats() const { return static_cast<const float*>(data_); }

 private:
  void clear();

  void* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace packed
}  // namespace vit
