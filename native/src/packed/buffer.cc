#include "packed/buffer.h"

#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace vit {
namespace packed {

namespace {

constexpr int64_t kHuge = int64_t{2} << 20;

std::align_val_t alignment(int64_t bytes) { return std::align_val_t(bytes >= kHuge ? kHuge : 64); }

}  // namespace

Buffer Buffer::untouched(int64_t bytes) {
  Buffer made;
  if (bytes == 0) return made;
  made.data_ = ::operator new(static_cast<size_t>(bytes), alignment(bytes));
  made.bytes_ = bytes;
#if defined(__linux__)
  // Whole huge pages only: the rest stays in small ones and costs no memory. A refusal changes nothing.
  if (bytes >= kHuge) (void)madvise(made.data_, static_cast<size_t>(bytes / kHuge * kHuge), MADV_HUGEPAGE);
#endif
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
