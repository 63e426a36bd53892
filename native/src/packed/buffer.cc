#include "packed/buffer.h"

#include <cstring>
#include <new>

#include "memory/large_pages.h"

namespace vit {
namespace packed {

namespace {

std::align_val_t alignment(int64_t bytes) {
  return std::align_val_t(bytes >= static_cast<int64_t>(kLargePage) ? kLargePage : 64);
}

}  // namespace

Buffer Buffer::untouched(int64_t bytes) {
  Buffer made;
  if (bytes == 0) return made;
  made.data_ = ::operator new(static_cast<size_t>(bytes), alignment(bytes));
  made.bytes_ = bytes;
  ask_for_large_pages(made.data_, static_cast<size_t>(bytes));  // the rest stays in small ones and costs no memory
  return made;
}

void Buffer::clear() {
  if (data_) std::memset(data_, 0, static_cast<size_t>(bytes_));
}

Buffer::~Buffer() {
  if (data_) ::operator delete(data_, alignment(bytes_));
}

}  // namespace packed
}  // namespace vit
