#pragma once

#include <cstdint>
#include <string>

namespace vit {

/** Bytes of memory this machine has; 0 when it does not say. */
int64_t physical_memory();

/** What a model and its runs may use when nobody said: half of the machine's memory, or 4 GiB where it does not say. */
int64_t default_memory_limit();

/** "24.1 GB" or "310 MB": powers of ten. */
std::string in_words(double bytes);

/**
 * Throws ERR_MEMORY when `bytes` are over `limit`: "<what> needs 24.1 GB of memory<beside>; the limit is 12.0
 * GB.<advice>"
 */
void check_memory(const std::string& what, double bytes, int64_t limit, const std::string& beside = "",
                  const std::string& advice = "");

}  // namespace vit
