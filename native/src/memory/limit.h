#pragma once

#include <cstdint>
#include <string>

#include "error.h"

namespace vit {

/** Bytes of memory this machine has; 0 when it does not say. */
int64_t physical_memory();

/** What a model and its runs may use when nobody said: half of the machine's memory, or 4 GiB where it does not say. */
int64_t default_memory_limit();

/** "24.1 GB" or "310 MB": powers of ten. */
std::string in_words(double bytes);

/** Throws ERR_MEMORY with say(needed, limit), both in words, when `bytes` are over `limit`. */
template <class Say>
void check_memory(double bytes, int64_t limit, Say say) {
  if (bytes > static_cast<double>(limit))
    throw Error::memory(say(in_words(bytes), in_words(static_cast<double>(limit))));
}

}  // namespace vit
